// SPDX-License-Identifier: Apache-2.0
//
// Policies out of the table of fields: each field at its default, at the ends of its range, inside
// it, and beside it.
#ifndef FUSEBOX_TESTS_SUPPORT_POLICY_MAKER_H_
#define FUSEBOX_TESTS_SUPPORT_POLICY_MAKER_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"

namespace fusebox_testing {

inline std::vector<int64_t> WorthTrying(const fusebox::internal::Range<int64_t>& range) {
  return {range.min, range.max, range.min + (range.max - range.min) / 3, range.min - 1,
          range.max + 1};
}

inline std::vector<double> WorthTrying(const fusebox::internal::Range<double>& range) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {range.min, range.max, range.min + (range.max - range.min) / 3,
          std::nextafter(range.min, -kInfinity), std::nextafter(range.max, kInfinity)};
}

inline std::vector<absl::Duration> WorthTrying(
    const fusebox::internal::Range<absl::Duration>& range) {
  // Whole nanoseconds: the protos know no parts of one.
  return {range.min, range.max,
          absl::Trunc(range.min + (range.max - range.min) / 3, absl::Nanoseconds(1)),
          range.min - absl::Nanoseconds(1), range.max + absl::Nanoseconds(1)};
}

inline std::vector<bool> WorthTrying(const fusebox::internal::Range<bool>& range) {
  return {range.min, range.max};
}

class PolicyMaker {
 public:
  // Answers with a number below the given one; 0 leaves a field as it is.
  using Choose = std::function<std::size_t(std::size_t)>;

  explicit PolicyMaker(Choose choose) : choose_(std::move(choose)) {}

  // Beginning with a policy.
  fusebox::Policy Make(fusebox::Policy policy = fusebox::Policy()) {
    Set(policy);
    return policy;
  }

 private:
  template <typename T>
  void Set(T& of) {
    fusebox::internal::VisitFields(of,
                                   [&](const auto& field, auto& value) { SetField(field, value); });
  }

  template <typename Owner, typename Member>
  void SetField(const fusebox::internal::ValueField<Owner, Member>& field, Member& value) {
    const auto values = WorthTrying(field.range);
    const std::size_t choice = choose_(values.size() + 2);
    if (choice == 1) {
      value = Member();  // unset, or 0
    } else if (choice > 1) {
      value = values[choice - 2];
    }
  }

  template <typename Owner, typename Part>
  void SetField(const fusebox::internal::PartField<Owner, std::optional<Part>>& /*field*/,
                std::optional<Part>& value) {
    if (choose_(2) == 1) Set(value.emplace());
  }

  template <typename Owner, typename Part>
  void SetField(const fusebox::internal::PartField<Owner, Part>& /*field*/, Part& value) {
    Set(value);
  }

  // A candidate of a candidate is never valid, and has no end.
  template <typename Owner, typename Member>
  void SetField(const fusebox::internal::PolicyField<Owner, Member>& /*field*/, Member& value) {
    if (inside_candidate_ || choose_(2) == 0) return;
    inside_candidate_ = true;
    value = Make();
    inside_candidate_ = false;
  }

  template <typename Owner, typename... Types>
  void SetField(const fusebox::internal::ChoiceField<Owner, std::variant<Types...>>& /*field*/,
                std::variant<Types...>& value) {
    const std::size_t chosen = choose_(sizeof...(Types));
    std::size_t i = 0;
    ((i++ == chosen ? Set(value.template emplace<Types>()) : void()), ...);
  }

  // 0 leaves the choice itself as it is, and may change what it is made of.
  template <typename Owner, typename... Types>
  void SetField(
      const fusebox::internal::ChoiceField<Owner, std::optional<std::variant<Types...>>>& /*field*/,
      std::optional<std::variant<Types...>>& value) {
    const std::size_t chosen = choose_(sizeof...(Types) + 1);
    std::size_t i = 1;
    ((i++ == chosen ? static_cast<void>(value = Types()) : void()), ...);
    if (value) std::visit([this](auto& alternative) { this->Set(alternative); }, *value);
  }

  const Choose choose_;
  bool inside_candidate_ = false;
};

// An empty policy and a fixed one with one field changed, for each field and each value worth
// trying; of each alternative, and of each part, beside its presence. Some are not valid.
inline std::vector<fusebox::Policy> PoliciesWithOneFieldChanged() {
  fusebox::Policy by_probe_calls = fusebox::Policy::Fixed();
  by_probe_calls.half_open.verdict = fusebox::ProbeCalls();
  const std::pair<std::size_t, fusebox::Policy> bases[] = {
      {0, fusebox::Policy()}, {0, fusebox::Policy::Fixed()}, {1, by_probe_calls}};
  std::vector<fusebox::Policy> policies;
  for (const auto& [everything_there, base] : bases) {
    std::size_t choices = 1;
    for (std::size_t changed = 0; changed < choices; ++changed) {
      std::size_t options = 1;
      for (std::size_t option = 0; option < options; ++option) {
        std::size_t at = 0;
        const std::size_t there = everything_there;
        PolicyMaker maker([&](std::size_t count) {
          const bool is_value = count > 2;  // and not whether a part is there, or which alternative
          if (at++ != changed) return is_value ? 0 : there;
          options = count;
          return option;
        });
        policies.push_back(maker.Make(base));
        choices = at;
      }
    }
  }
  return policies;
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_POLICY_MAKER_H_
