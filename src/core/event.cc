// SPDX-License-Identifier: Apache-2.0
#include "fusebox/event.h"

namespace fusebox {

absl::string_view EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kTransition:
      return "transition";
    case EventKind::kRuleExceeded:
      return "rule_exceeded";
    case EventKind::kRampStarted:
      return "ramp_started";
    case EventKind::kFirstRejection:
      return "first_rejection";
    case EventKind::kReset:
      return "reset";
    case EventKind::kModeChanged:
      return "mode_changed";
    case EventKind::kPolicyChanged:
      return "policy_changed";
    case EventKind::kCircuitAdded:
      return "circuit_added";
    case EventKind::kCircuitRemoved:
      return "circuit_removed";
    case EventKind::kUserCodeFailed:
      return "user_code_failed";
    case EventKind::kEventsDropped:
      return "events_dropped";
    case EventKind::kCallsUnprotected:
      return "calls_unprotected";
  }
  return "unknown";
}

absl::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return "none";
    case Cause::kConsecutiveFailures:
      return "consecutive_failures";
    case Cause::kFailuresInWindow:
      return "failures_in_window";
    case Cause::kFailureRate:
      return "failure_rate";
    case Cause::kSlowCallRate:
      return "slow_call_rate";
    case Cause::kHungCalls:
      return "hung_calls";
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
    case Cause::kRampEnded:
      return "ramp_ended";
    case Cause::kReset:
      return "reset";
    case Cause::kForcedOpen:
      return "forced_open";
    case Cause::kReleased:
      return "released";
    case Cause::kAutomated:
      return "automated";
    case Cause::kDisabled:
      return "disabled";
    case Cause::kShadowed:
      return "shadowed";
    case Cause::kForcedOpenEnded:
      return "forced_open_ended";
    case Cause::kPolicyChanged:
      return "policy_changed";
  }
  return "unknown";
}

}  // namespace fusebox
