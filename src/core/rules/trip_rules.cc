// SPDX-License-Identifier: Apache-2.0
#include "src/core/rules/trip_rules.h"

#include "src/core/rules/consecutive_failures_rule.h"
#include "src/core/rules/failures_in_window_rule.h"
#include "src/core/rules/improbable_run_rule.h"
#include "src/core/rules/rate_rule.h"

namespace fusebox::internal {

std::optional<Verdict> CheckTripRules(const Policy& policy, FailuresInARow failures,
                                      const CallAverages* averages, const WindowCounts& counts) {
  std::optional<Verdict> verdict;
  if (policy.consecutive_failures) {
    verdict = ConsecutiveFailuresRule{*policy.consecutive_failures}.Check(failures.all);
  }
  if (!verdict && policy.improbable_run && averages != nullptr) {
    verdict = ImprobableRunRule{*policy.improbable_run}.Check(failures.recent, *averages);
  }
  if (!verdict && policy.failures_in_window) {
    verdict = FailuresInWindowRule{*policy.failures_in_window}.Check(counts);
  }
  if (!verdict && policy.failure_rate) {
    verdict = RateRule::Failures(Cause::kFailureRate, *policy.failure_rate, policy.minimum_calls)
                  .Check(counts);
  }
  if (!verdict && policy.slow_call_rate) {
    verdict =
        RateRule::SlowCalls(Cause::kSlowCallRate, *policy.slow_call_rate, policy.minimum_calls)
            .Check(counts);
  }
  return verdict;
}

bool SuccessMatters(const Policy& policy, const WindowCounts& counts) {
  if (counts.recorded >= policy.minimum_calls) return false;
  return (policy.failure_rate && counts.failures > 0) || (policy.slow_call_rate && counts.slow > 0);
}

}  // namespace fusebox::internal
