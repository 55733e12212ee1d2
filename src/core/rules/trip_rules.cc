// SPDX-License-Identifier: Apache-2.0
#include "src/core/rules/trip_rules.h"

namespace fusebox {

TripRules::TripRules(const Policy& policy) {
  if (policy.consecutive_failures) {
    consecutive_failures_ = ConsecutiveFailuresRule{*policy.consecutive_failures};
  }
  if (policy.failures_in_window) {
    failures_in_window_ = FailuresInWindowRule{*policy.failures_in_window};
  }
  if (policy.failure_rate) {
    failure_rate_ =
        RateRule::Failures(Cause::kFailureRate, *policy.failure_rate, policy.minimum_calls);
  }
  if (policy.slow_call_rate) {
    slow_call_rate_ =
        RateRule::SlowCalls(Cause::kSlowCallRate, *policy.slow_call_rate, policy.minimum_calls);
  }
}

std::optional<Trip> TripRules::Check(int64_t consecutive_failures,
                                     const WindowCounts& counts) const {
  std::optional<Trip> trip;
  if (consecutive_failures_) trip = consecutive_failures_->Check(consecutive_failures);
  if (!trip && failures_in_window_) trip = failures_in_window_->Check(counts);
  if (!trip && failure_rate_) trip = failure_rate_->Check(counts);
  if (!trip && slow_call_rate_) trip = slow_call_rate_->Check(counts);
  return trip;
}

}  // namespace fusebox
