// SPDX-License-Identifier: Apache-2.0
//
// An operator's word that lasts: it holds for the circuits that it fits, for those too that are
// made later or come back after an eviction, until it is revoked or its time is over.
//
//   fusebox::StandingOrder order;
//   order.pattern = "inventory/*";
//   order.action = fusebox::OrderAction::kForceOpen;
//   order.by = fusebox::Operator("oncall").Because("the migration");
//   order.ttl = absl::Minutes(30);
//   absl::StatusOr<fusebox::GivenOrder> given = registry->GiveOrder(order);
#ifndef FUSEBOX_STANDING_ORDER_H_
#define FUSEBOX_STANDING_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/enum_table.h"
#include "fusebox/export.h"
#include "fusebox/policy_patch.h"

namespace fusebox {

// What an order does, as X(enumerator, number, name).
#define FUSEBOX_ORDER_ACTIONS(X)                                                     \
  X(kForceOpen, 1, FORCE_OPEN) /* as CircuitBreaker::ForceOpen; so the next three */ \
  X(kDisable, 2, DISABLE)                                                            \
  X(kShadow, 3, SHADOW)                                                              \
  X(kAutomate, 4, AUTOMATE)                                                          \
  X(kSetPolicy, 5, SET_POLICY) /* some fields of the policy, on top of all else */

enum class OrderAction { FUSEBOX_ORDER_ACTIONS(FUSEBOX_ENUMERATOR) };

// "force_open", "set_policy" and so on.
FUSEBOX_EXPORT absl::string_view OrderActionName(OrderAction action);

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, OrderAction action);

// A plain value.
struct StandingOrder {
  uint64_t id = 0;  // which the registry gives it; later orders have higher ones

  // Of which circuits: a name, or a glob of names, in which `*` stands for any characters and `?`
  // for one. 1 to 1,024 bytes of printable text.
  std::string pattern;

  OrderAction action = OrderAction::kForceOpen;
  PolicyPatch change;  // of kSetPolicy; on top of the policy that would be in force without it

  Operator by;

  absl::Time from;                    // when it was given; the registry sets it
  std::optional<absl::Duration> ttl;  // 1 ms to 365 days; unset: until it is revoked

  // When it ends. InfiniteFuture() without a `ttl`.
  absl::Time until() const { return ttl ? from + *ttl : absl::InfiniteFuture(); }
};

// What must be so for an order to be given: checked in the same step.
struct OrderConditions {
  // There is a circuit of just the name that the pattern is: else NOT_FOUND.
  bool circuit_exists = false;
  // Its policy in force is this one: else ABORTED. Not owned; null: it may be any.
  const Policy* policy = nullptr;
};

// What came of an order.
struct GivenOrder {
  // 0: nothing stands. So it is for a kAutomate that left no other order to be overruled.
  uint64_t id = 0;

  std::vector<std::string> circuits;  // that there are, and that it fits, by name
  std::vector<uint64_t> replaced;     // orders that it has taken the place of, which are gone
};

}  // namespace fusebox

#endif  // FUSEBOX_STANDING_ORDER_H_
