// SPDX-License-Identifier: Apache-2.0
#include "src/admin/enum_conversion.h"

namespace fusebox {
namespace {

// One number higher, since 0 is UNSPECIFIED there.
template <typename Proto, typename Enum>
constexpr Proto Mirror(Enum value) {
  return static_cast<Proto>(static_cast<int>(value) + 1);
}

// The last one of each is the proto's last one too: neither has more than the other.
static_assert(Mirror<v1::State>(State::kClosed) == v1::STATE_CLOSED);
static_assert(Mirror<v1::State>(State::kOpen) == v1::STATE_OPEN);
static_assert(Mirror<v1::State>(State::kHalfOpen) == v1::State_MAX);
static_assert(v1::State_MAX == v1::STATE_HALF_OPEN);
static_assert(Mirror<v1::Mode>(Mode::kAutomatic) == v1::MODE_AUTOMATIC);
static_assert(Mirror<v1::Mode>(Mode::kForcedOpen) == v1::MODE_FORCED_OPEN);
static_assert(Mirror<v1::Mode>(Mode::kDisabled) == v1::MODE_DISABLED);
static_assert(Mirror<v1::Mode>(Mode::kShadow) == v1::Mode_MAX);
static_assert(v1::Mode_MAX == v1::MODE_SHADOW);
static_assert(Mirror<v1::EventKind>(EventKind::kTransition) == v1::EVENT_KIND_TRANSITION);
static_assert(Mirror<v1::EventKind>(EventKind::kRuleExceeded) == v1::EVENT_KIND_RULE_EXCEEDED);
static_assert(Mirror<v1::EventKind>(EventKind::kRampStarted) == v1::EVENT_KIND_RAMP_STARTED);
static_assert(Mirror<v1::EventKind>(EventKind::kFirstRejection) == v1::EVENT_KIND_FIRST_REJECTION);
static_assert(Mirror<v1::EventKind>(EventKind::kReset) == v1::EVENT_KIND_RESET);
static_assert(Mirror<v1::EventKind>(EventKind::kModeChanged) == v1::EVENT_KIND_MODE_CHANGED);
static_assert(Mirror<v1::EventKind>(EventKind::kPolicyChanged) == v1::EVENT_KIND_POLICY_CHANGED);
static_assert(Mirror<v1::EventKind>(EventKind::kCircuitAdded) == v1::EVENT_KIND_CIRCUIT_ADDED);
static_assert(Mirror<v1::EventKind>(EventKind::kCircuitRemoved) == v1::EVENT_KIND_CIRCUIT_REMOVED);
static_assert(Mirror<v1::EventKind>(EventKind::kUserCodeFailed) == v1::EVENT_KIND_USER_CODE_FAILED);
static_assert(Mirror<v1::EventKind>(EventKind::kEventsDropped) == v1::EVENT_KIND_EVENTS_DROPPED);
static_assert(Mirror<v1::EventKind>(EventKind::kCallsUnprotected) == v1::EventKind_MAX);
static_assert(v1::EventKind_MAX == v1::EVENT_KIND_CALLS_UNPROTECTED);

// Cause::kNone is UNSPECIFIED: both begin at 0.
constexpr v1::Cause MirrorCause(Cause cause) { return static_cast<v1::Cause>(cause); }
static_assert(MirrorCause(Cause::kNone) == v1::CAUSE_UNSPECIFIED);
static_assert(MirrorCause(Cause::kConsecutiveFailures) == v1::CAUSE_CONSECUTIVE_FAILURES);
static_assert(MirrorCause(Cause::kFailuresInWindow) == v1::CAUSE_FAILURES_IN_WINDOW);
static_assert(MirrorCause(Cause::kFailureRate) == v1::CAUSE_FAILURE_RATE);
static_assert(MirrorCause(Cause::kSlowCallRate) == v1::CAUSE_SLOW_CALL_RATE);
static_assert(MirrorCause(Cause::kHungCalls) == v1::CAUSE_HUNG_CALLS);
static_assert(MirrorCause(Cause::kOpenDurationElapsed) == v1::CAUSE_OPEN_DURATION_ELAPSED);
static_assert(MirrorCause(Cause::kProbeFailed) == v1::CAUSE_PROBE_FAILED);
static_assert(MirrorCause(Cause::kProbeFailureRate) == v1::CAUSE_PROBE_FAILURE_RATE);
static_assert(MirrorCause(Cause::kProbeSlowCallRate) == v1::CAUSE_PROBE_SLOW_CALL_RATE);
static_assert(MirrorCause(Cause::kProbeTimeout) == v1::CAUSE_PROBE_TIMEOUT);
static_assert(MirrorCause(Cause::kProbesSucceeded) == v1::CAUSE_PROBES_SUCCEEDED);
static_assert(MirrorCause(Cause::kRampEnded) == v1::CAUSE_RAMP_ENDED);
static_assert(MirrorCause(Cause::kReset) == v1::CAUSE_RESET);
static_assert(MirrorCause(Cause::kForcedOpen) == v1::CAUSE_FORCED_OPEN);
static_assert(MirrorCause(Cause::kReleased) == v1::CAUSE_RELEASED);
static_assert(MirrorCause(Cause::kAutomated) == v1::CAUSE_AUTOMATED);
static_assert(MirrorCause(Cause::kDisabled) == v1::CAUSE_DISABLED);
static_assert(MirrorCause(Cause::kShadowed) == v1::CAUSE_SHADOWED);
static_assert(MirrorCause(Cause::kForcedOpenEnded) == v1::CAUSE_FORCED_OPEN_ENDED);
static_assert(MirrorCause(Cause::kPolicyChanged) == v1::Cause_MAX);
static_assert(v1::Cause_MAX == v1::CAUSE_POLICY_CHANGED);

}  // namespace

v1::State ToProto(State state) { return Mirror<v1::State>(state); }
v1::Mode ToProto(Mode mode) { return Mirror<v1::Mode>(mode); }
v1::Cause ToProto(Cause cause) { return MirrorCause(cause); }
v1::EventKind ToProto(EventKind kind) { return Mirror<v1::EventKind>(kind); }

}  // namespace fusebox
