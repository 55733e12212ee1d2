// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy_patch.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/field_path.h"
#include "src/base/lower_case.h"
#include "src/base/printable.h"
#include "src/core/policy_in_force.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"

namespace fusebox {

using internal::ChoiceField;
using internal::IfSet;
using internal::PartField;
using internal::PolicyField;
using internal::Printable;
using internal::ValueField;
using internal::ValueOf;
using internal::Within;

namespace {

constexpr std::size_t kMaxShownBytes = 100;  // of a path in an error

// Where the path leads to, the value of `from` goes into `to`; its default, if `from` is null.
// False if it leads nowhere.
template <typename T>
bool Take(absl::string_view path, const T* from, T& to);

template <typename Owner, typename Member>
bool TakeField(const ValueField<Owner, Member>& field, absl::string_view path, const Owner* from,
               Owner& to) {
  if (path != field.name) return false;
  to.*(field.member) = from != nullptr ? from->*(field.member) : Owner().*(field.member);
  return true;
}

template <typename Owner, typename Member>
bool TakeField(const PartField<Owner, Member>& field, absl::string_view path, const Owner* from,
               Owner& to) {
  Member& mine = to.*(field.member);
  if (path == field.name) {
    mine = from != nullptr ? from->*(field.member) : Owner().*(field.member);
    return true;
  }
  const std::optional<absl::string_view> within = Within(path, field.name);
  if (!within) return false;
  const ValueOf<Member>* const theirs = from == nullptr ? nullptr : IfSet(from->*(field.member));
  ValueOf<Member> value;
  if (const auto* const set = IfSet(std::as_const(mine))) value = *set;
  const bool stays_off = theirs == nullptr && IfSet(std::as_const(mine)) == nullptr;
  if (!Take(*within, theirs, value)) return false;
  if (!stays_off) mine = std::move(value);
  return true;
}

template <typename Owner, typename Member>
bool TakeField(const PolicyField<Owner, Member>& field, absl::string_view path, const Owner* from,
               Owner& to) {
  Member& mine = to.*(field.member);
  if (path == field.name) {
    mine = from != nullptr ? from->*(field.member) : Member();
    return true;
  }
  const std::optional<absl::string_view> within = Within(path, field.name);
  // A policy within the one that is within has no meaning.
  if (!within || *within == field.name || Within(*within, field.name)) return false;
  const Policy* const theirs =
      from == nullptr || !(from->*(field.member)) ? nullptr : &*(from->*(field.member));
  Policy value = mine ? *mine : Policy();
  const bool stays_off = theirs == nullptr && !mine;
  if (!Take(*within, theirs, value)) return false;
  if (!stays_off) mine = Member(std::move(value));
  return true;
}

// For the i-th alternative.
template <std::size_t i, typename Owner, typename Member>
bool TakeAlternative(const ChoiceField<Owner, Member>& field, absl::string_view path,
                     const Owner* from, Owner& to) {
  using Variant = ValueOf<Member>;
  using Chosen = std::variant_alternative_t<i, Variant>;
  const absl::string_view name = field.alternatives[i].name;
  const bool is_one_value = name.empty();
  std::optional<absl::string_view> within;
  if (is_one_value) {
    within = path;  // its one field stands for it
  } else if (path != name) {
    within = Within(path, name);
    if (!within) return false;
  }
  Member& mine = to.*(field.member);
  const Variant* const their_variant = from == nullptr ? nullptr : IfSet(from->*(field.member));
  const Chosen* const theirs = their_variant == nullptr ? nullptr : std::get_if<i>(their_variant);
  const Variant* const my_variant = IfSet(std::as_const(mine));
  const Chosen* const my_chosen = my_variant == nullptr ? nullptr : std::get_if<i>(my_variant);
  Chosen value = my_chosen != nullptr ? *my_chosen : Chosen();
  if (within && !Take(*within, theirs, value)) return false;
  if (theirs != nullptr) {
    if (!within || is_one_value) value = *theirs;
    mine = Variant(std::in_place_index<i>, std::move(value));
  } else if (my_chosen != nullptr) {
    if (within && !is_one_value) {
      mine = Variant(std::in_place_index<i>, std::move(value));
    } else {
      mine = Owner().*(field.member);
    }
  }
  return true;
}

template <typename Owner, typename Member, std::size_t... i>
bool TakeAnAlternative(const ChoiceField<Owner, Member>& field, absl::string_view path,
                       const Owner* from, Owner& to, std::index_sequence<i...> /*each*/) {
  return (TakeAlternative<i>(field, path, from, to) || ...);
}

template <typename Owner, typename Member>
bool TakeField(const ChoiceField<Owner, Member>& field, absl::string_view path, const Owner* from,
               Owner& to) {
  constexpr std::size_t kCount = std::variant_size_v<ValueOf<Member>>;
  return TakeAnAlternative(field, path, from, to, std::make_index_sequence<kCount>());
}

template <typename T>
bool Take(absl::string_view path, const T* from, T& to) {
  bool taken = false;
  internal::VisitFields(to, [&](const auto& field, const auto& /*value*/) {
    taken = taken || TakeField(field, path, from, to);
  });
  return taken;
}

// The alternatives of the choice that a path names one of, or goes into; else none.
std::vector<absl::string_view> AlternativesOf(absl::string_view path) {
  std::vector<absl::string_view> found;
  const Policy policy;
  internal::VisitFields(policy, [&](const auto& field, const auto& /*value*/) {
    if constexpr (internal::IsChoice<std::decay_t<decltype(field)>>::value) {
      std::vector<absl::string_view> names;
      for (const auto& each : field.alternatives) names.emplace_back(each.name);
      const bool is_one = std::any_of(names.begin(), names.end(), [&](absl::string_view name) {
        return internal::IsWithinField(path, name);
      });
      if (is_one) found = std::move(names);
    }
  });
  return found;
}

// Without what has no word any more once `field` is there, too. A field of an alternative that
// takes the place of another one stands for the whole of it, which begins with its defaults then.
void AddField(PatchedField field, std::vector<PatchedField>& fields) {
  const auto remove_within = [&fields](absl::string_view part) {
    const auto removed = std::remove_if(fields.begin(), fields.end(), [part](const auto& each) {
      return internal::IsWithinField(each.path, part);
    });
    const bool any = removed != fields.end();
    fields.erase(removed, fields.end());
    return any;
  };
  bool is_another = false;
  absl::string_view chosen;
  const std::vector<absl::string_view> alternatives = AlternativesOf(field.path);
  for (const absl::string_view each : alternatives) {
    if (internal::IsWithinField(field.path, each)) {
      chosen = each;
    } else {
      is_another = remove_within(each) || is_another;
    }
  }
  if (is_another) field.path = std::string(chosen);
  remove_within(field.path);
  fields.push_back(std::move(field));
}

void AddFields(const PolicyPatch& patch, std::vector<PatchedField>& fields) {
  for (const PolicyPatch& each : patch.below) AddFields(each, fields);
  for (const PatchedField& field : patch.fields) AddField(field, fields);
}

void CheckPaths(const PolicyPatch& patch, std::vector<std::string>& errors) {
  for (const PolicyPatch& each : patch.below) CheckPaths(each, errors);
  std::set<absl::string_view> seen;
  for (const PatchedField& field : patch.fields) {
    if (!seen.insert(field.path).second) {
      errors.push_back(
          absl::StrCat("\"", Printable(field.path, kMaxShownBytes), "\", must be named once"));
      continue;
    }
    if (IsPolicyField(field.path)) continue;
    errors.push_back(absl::StrCat("\"", Printable(field.path, kMaxShownBytes),
                                  "\", must be a field of a policy, as in \"open_duration\" or "
                                  "\"half_open.max_concurrent\""));
  }
}

}  // namespace

bool operator==(const PatchedField& a, const PatchedField& b) {
  return a.path == b.path && a.source == b.source;
}

bool operator==(const PolicyPatch& a, const PolicyPatch& b) {
  return a.values == b.values && a.fields == b.fields && a.below == b.below;
}

bool IsPolicyField(absl::string_view path) {
  Policy scratch;
  return Take<Policy>(path, nullptr, scratch);
}

absl::Status Validate(const PolicyPatch& patch) {
  std::vector<std::string> errors;
  CheckPaths(patch, errors);
  for (const FieldError& error : internal::WrongValues(Patched(Policy(), patch))) {
    errors.push_back(absl::StrCat(error.field, " = ", error.value, ", must be ", error.range));
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("invalid policy: ", absl::StrJoin(errors, "; ")));
}

Policy Patched(const Policy& base, const PolicyPatch& patch) {
  Policy policy = base;
  for (const PolicyPatch& each : patch.below) policy = Patched(policy, each);
  for (const PatchedField& field : patch.fields) Take(field.path, &patch.values, policy);
  return policy;
}

PolicyPatch Combined(PolicyPatch patch, PolicyPatch over) {
  over.below.insert(over.below.begin(), std::move(patch));
  return over;
}

PolicyPatch Flattened(const PolicyPatch& patch) {
  PolicyPatch flat;
  flat.values = Patched(Policy(), patch);
  AddFields(patch, flat.fields);
  return flat;
}

const PatchedField* FindField(const PolicyPatch& patch, absl::string_view path) {
  for (auto each = patch.fields.rbegin(); each != patch.fields.rend(); ++each) {
    if (internal::IsWithinField(path, each->path)) return &*each;
  }
  for (auto each = patch.below.rbegin(); each != patch.below.rend(); ++each) {
    if (const PatchedField* const found = FindField(*each, path)) return found;
  }
  return nullptr;
}

bool IsEmpty(const PolicyPatch& patch) {
  return patch.fields.empty() && std::all_of(patch.below.begin(), patch.below.end(), IsEmpty);
}

absl::string_view PolicyLayerName(PolicyLayer layer) {
  switch (layer) {
#define FUSEBOX_CASE(enumerator, number, name)         \
  case PolicyLayer::enumerator: {                      \
    static constexpr internal::LowerCase kName(#name); \
    return kName.text();                               \
  }
    FUSEBOX_POLICY_LAYERS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, PolicyLayer layer) {
  return out << PolicyLayerName(layer);
}

}  // namespace fusebox
