// SPDX-License-Identifier: Apache-2.0
//
// All fields that a policy can have, whatever a given one has.
#ifndef FUSEBOX_SRC_POLICY_EVERY_FIELD_H_
#define FUSEBOX_SRC_POLICY_EVERY_FIELD_H_

#include <cstddef>
#include <string>
#include <tuple>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"

namespace fusebox::internal {

// Goes through a T with the defaults, through the parts that are unset there, and through each
// alternative. Paths are as in circuit.proto: "half_open.probe_calls", "time_window.buckets".
template <typename Visitor>
class EveryField {
 public:
  // Calls, before those of what a part or an alternative is made of:
  //   visit(path, ValueField, its default)
  //   visit(path, PartField, its default)
  //   visit(path, PolicyField, its default), without going on into that
  //   visit(path, ChoiceField, index) for each of its alternatives
  explicit EveryField(Visitor& visit) : visit_(visit) {}

  template <typename T>
  void Visit(const T& defaults, const std::string& prefix) {
    VisitFields(defaults,
                [&](const auto& field, const auto& value) { VisitField(field, value, prefix); });
  }

 private:
  template <typename Owner, typename Member>
  void VisitField(const ValueField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    visit_(absl::StrCat(prefix, field.name), field, value);
  }

  template <typename Owner, typename Member>
  void VisitField(const PartField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    const std::string path = absl::StrCat(prefix, field.name);
    visit_(path, field, value);
    const auto* const set = IfSet(value);
    Visit(set != nullptr ? *set : ValueOf<Member>(), absl::StrCat(path, "."));
  }

  template <typename Owner, typename Member>
  void VisitField(const PolicyField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    visit_(absl::StrCat(prefix, field.name), field, value);
  }

  template <typename Owner, typename Member>
  void VisitField(const ChoiceField<Owner, Member>& field, const Member& /*value*/,
                  const std::string& prefix) {
    VisitAlternatives(field, prefix, static_cast<const ValueOf<Member>*>(nullptr));
  }

  // The last argument only says of which types.
  template <typename Choice, typename... Types>
  void VisitAlternatives(const Choice& field, const std::string& prefix,
                         const std::variant<Types...>* /*type*/) {
    std::size_t i = 0;
    (VisitAlternativeOf<Types>(field, i++, prefix), ...);
  }

  template <typename T, typename Choice>
  void VisitAlternativeOf(const Choice& field, std::size_t i, const std::string& prefix) {
    const absl::string_view name = field.alternatives[i].name;
    const bool is_one_value = name.empty();
    visit_(absl::StrCat(prefix, is_one_value ? std::get<0>(kFields<T>).name : name), field, i);
    Visit(T(), is_one_value ? prefix : absl::StrCat(prefix, name, "."));
  }

  Visitor& visit_;
};

template <typename Visitor>
void VisitEveryField(Visitor visit) {
  EveryField<Visitor>(visit).Visit(Policy(), "");
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_POLICY_EVERY_FIELD_H_
