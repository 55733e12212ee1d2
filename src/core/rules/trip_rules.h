// SPDX-License-Identifier: Apache-2.0
//
// The trip rules that a policy has on, in their order (DESIGN R2).
#ifndef FUSEBOX_SRC_CORE_RULES_TRIP_RULES_H_
#define FUSEBOX_SRC_CORE_RULES_TRIP_RULES_H_

#include <cstdint>
#include <optional>

#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/rules/consecutive_failures_rule.h"
#include "src/core/rules/failures_in_window_rule.h"
#include "src/core/rules/rate_rule.h"
#include "src/core/rules/trip.h"

namespace fusebox {

// Immutable.
class TripRules {
 public:
  explicit TripRules(const Policy& policy);

  // The first rule that holds, if one does.
  std::optional<Trip> Check(int64_t consecutive_failures, const WindowCounts& counts) const;

 private:
  std::optional<ConsecutiveFailuresRule> consecutive_failures_;
  std::optional<FailuresInWindowRule> failures_in_window_;
  std::optional<RateRule> failure_rate_;
  std::optional<RateRule> slow_call_rate_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_RULES_TRIP_RULES_H_
