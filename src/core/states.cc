// SPDX-License-Identifier: Apache-2.0
#include "src/core/states.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "src/base/counted.h"
#include "src/base/text.h"
#include "src/core/probe_gaps.h"
#include "src/core/rules/rate_rule.h"

namespace fusebox::internal {
namespace {

Verdict ProbeTimeout(absl::Duration timeout) {
  return {Cause::kProbeTimeout, absl::StrCat("a probe has been out for ", DurationText(timeout)), 1,
          timeout};
}

}  // namespace

Verdict NoCallCame(absl::Duration patience) {
  return {Cause::kOpenDurationElapsed, absl::StrCat("no call for ", DurationText(patience))};
}

Verdict RampingState::AtEnd() { return {Cause::kRampEnded, "every call is admitted again"}; }

// Without an end if the probe that is out may take as long as it likes.
absl::Duration RetryingState::Patience() const {
  if (probes_out() == 0) return kMostProbeGap;
  return timeout_ == absl::ZeroDuration() ? absl::InfiniteDuration() : timeout_ + kMostProbeGap;
}

std::optional<SteadyTime> RetryingState::due() const {
  const absl::Duration patience = Patience();
  if (patience == absl::InfiniteDuration()) return std::nullopt;
  return (probes_out() > 0 ? probes_.Since(0) : due_since_) + patience;
}

Verdict RetryingState::AtEnd() const { return NoCallCame(Patience()); }

std::optional<Verdict> RetryingState::Record(int32_t place, std::optional<WindowEntry> entry,
                                             SteadyTime now) {
  probes_.Return(place, /*counts=*/entry.has_value());
  due_since_ = now;
  if (!entry) return std::nullopt;
  if (entry->failure) return Verdict{Cause::kProbeFailed, "the probe failed", 1};
  return Verdict{Cause::kProbesSucceeded, "the probe succeeded"};
}

std::optional<Verdict> RetryingState::CheckTimeout(SteadyTime now) {
  if (!probes_.CheckTimeout(now)) return std::nullopt;
  return ProbeTimeout(timeout_);
}

std::optional<Verdict> ProbingState::Record(int32_t place, std::optional<WindowEntry> entry) {
  probes_.Return(place, /*counts=*/entry.has_value());
  if (!entry) return std::nullopt;
  ++results_.recorded;
  results_.failures += entry->failure ? 1 : 0;
  results_.slow += entry->slow ? 1 : 0;
  return Decide();
}

std::optional<Verdict> ProbingState::TakeBack() {
  ++results_.failures;
  return Decide();
}

std::optional<Verdict> ProbingState::Decide() const {
  return std::visit([&](const auto& verdict) { return DecideBy(verdict); },
                    *policy_.half_open.verdict);
}

std::optional<Verdict> ProbingState::CheckTimeout(SteadyTime now) {
  if (!probes_.CheckTimeout(now)) return std::nullopt;
  return ProbeTimeout(policy_.half_open.probe_timeout);
}

std::optional<Verdict> ProbingState::DecideBy(const SuccessThreshold& threshold) const {
  if (results_.failures > 0) {
    return Verdict{Cause::kProbeFailed,
                   absl::StrCat("a probe failed after ", results_.recorded - 1, " of ",
                                Counted(threshold.successes, "success", "successes")),
                   results_.failures};
  }
  if (results_.recorded < threshold.successes) return std::nullopt;
  return Verdict{Cause::kProbesSucceeded, absl::StrCat(Counted(results_.recorded, "probe"),
                                                       " succeeded >= ", threshold.successes)};
}

std::optional<Verdict> ProbingState::DecideBy(const ProbeCalls& probe_calls) const {
  if (results_.recorded < probe_calls.calls) return std::nullopt;
  std::optional<Verdict> verdict;
  if (policy_.failure_rate) {
    verdict = RateRule::Failures(Cause::kProbeFailureRate, *policy_.failure_rate, probe_calls.calls)
                  .Check(results_);
  }
  if (!verdict && policy_.slow_call_rate) {
    verdict =
        RateRule::SlowCalls(Cause::kProbeSlowCallRate, *policy_.slow_call_rate, probe_calls.calls)
            .Check(results_);
  }
  if (verdict) return verdict;
  return Verdict{Cause::kProbesSucceeded,
                 absl::StrCat(results_.failures, " failed and ", results_.slow, " slow of ",
                              Counted(results_.recorded, "probe"))};
}

}  // namespace fusebox::internal
