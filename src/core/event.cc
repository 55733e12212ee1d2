// SPDX-License-Identifier: Apache-2.0
#include "fusebox/event.h"

#include "absl/strings/string_view.h"

namespace fusebox {

absl::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kConsecutiveFailures:
      return "consecutive_failures";
    case Cause::kFailuresInWindow:
      return "failures_in_window";
    case Cause::kFailureRate:
      return "failure_rate";
    case Cause::kSlowCallRate:
      return "slow_call_rate";
    case Cause::kOpenDurationElapsed:
      return "open_duration_elapsed";
    case Cause::kProbeFailed:
      return "probe_failed";
    case Cause::kProbeFailureRate:
      return "probe_failure_rate";
    case Cause::kProbeSlowCallRate:
      return "probe_slow_call_rate";
    case Cause::kProbeTimeout:
      return "probe_timeout";
    case Cause::kProbesSucceeded:
      return "probes_succeeded";
    case Cause::kOperator:
      return "operator";
  }
  return "unknown";
}

}  // namespace fusebox
