// SPDX-License-Identifier: Apache-2.0
//
// Which fields of a policy are its trip rules (rule R2): each cause that opens a CLOSED circuit is
// one, and the field has its name.
#ifndef FUSEBOX_SRC_CORE_RULES_TRIP_RULE_FIELDS_H_
#define FUSEBOX_SRC_CORE_RULES_TRIP_RULE_FIELDS_H_

#include <tuple>
#include <type_traits>

#include "fusebox/event.h"
#include "fusebox/policy.h"
#include "src/base/lower_case.h"
#include "src/core/phase.h"
#include "src/core/transition_table.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"

namespace fusebox::internal {

constexpr bool IsTripRule(Cause cause) {
  return IsRule(cause) && RowOf(cause).from.Has(Phase::kClosed);
}

constexpr bool IsTripRule(const char* field) {
#define FUSEBOX_COMPARE(enumerator, number, name, ...) \
  if (IsTripRule(Cause::enumerator) && LowerCase(#name).Equals(field)) return true;
  FUSEBOX_CAUSES(FUSEBOX_COMPARE)
#undef FUSEBOX_COMPARE
  return false;
}

// Calls visit(name, is_set) for each of them, in their order.
template <typename Visitor>
constexpr void VisitTripRules(const Policy& policy, Visitor visit) {
  VisitFields(policy, [&visit](const auto& field, const auto& value) {
    if (IsTripRule(field.name)) visit(field.name, IfSet(value) != nullptr);
  });
}

template <typename Field>
constexpr bool IsTripRuleField(const Field& field) {
  if constexpr (IsChoice<Field>::value) {
    return false;
  } else {
    return field.off() == Off::kUnset && IsTripRule(field.name);
  }
}

constexpr int CountTripRuleFields() {
  return std::apply(
      [](const auto&... field) { return (0 + ... + (IsTripRuleField(field) ? 1 : 0)); },
      kFields<Policy>);
}

constexpr int CountTripRuleCauses() {
  int count = 0;
  for (const CauseRow& row : kCauses) count += IsTripRule(row.cause) ? 1 : 0;
  return count;
}

static_assert(CountTripRuleFields() == CountTripRuleCauses(),
              "a cause in fusebox/event.h is a rule that opens a CLOSED circuit, and there is no "
              "optional field of its name in fusebox::Policy");

constexpr bool TripRulesDecide() {
  return std::apply(
      [](const auto&... field) { return ((!IsTripRuleField(field) || field.decides) && ...); },
      kFields<Policy>);
}

static_assert(TripRulesDecide(),
              "a trip rule of its own makes a policy another one than the default (R19): say "
              ".Decides() in its row of src/policy/field_table.h");

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_TRIP_RULE_FIELDS_H_
