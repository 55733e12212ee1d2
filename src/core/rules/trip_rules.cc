// SPDX-License-Identifier: Apache-2.0
#include "src/core/rules/trip_rules.h"

#include "src/core/rules/consecutive_failures_rule.h"
#include "src/core/rules/failures_in_window_rule.h"
#include "src/core/rules/rate_rule.h"

namespace fusebox::internal {

std::optional<Trip> CheckTripRules(const Policy& policy, int64_t consecutive_failures,
                                   const WindowCounts& counts) {
  std::optional<Trip> trip;
  if (policy.consecutive_failures) {
    trip = ConsecutiveFailuresRule{*policy.consecutive_failures}.Check(consecutive_failures);
  }
  if (!trip && policy.failures_in_window) {
    trip = FailuresInWindowRule{*policy.failures_in_window}.Check(counts);
  }
  if (!trip && policy.failure_rate) {
    trip = RateRule::Failures(Cause::kFailureRate, *policy.failure_rate, policy.minimum_calls)
               .Check(counts);
  }
  if (!trip && policy.slow_call_rate) {
    trip = RateRule::SlowCalls(Cause::kSlowCallRate, *policy.slow_call_rate, policy.minimum_calls)
               .Check(counts);
  }
  return trip;
}

bool SuccessMatters(const Policy& policy, int64_t consecutive_failures,
                    const WindowCounts& counts) {
  if (consecutive_failures > 0) return true;
  if (counts.recorded >= policy.minimum_calls) return false;
  return (policy.failure_rate && counts.failures > 0) || (policy.slow_call_rate && counts.slow > 0);
}

}  // namespace fusebox::internal
