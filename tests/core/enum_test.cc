// SPDX-License-Identifier: Apache-2.0
//
// The enums of the public headers: their numbers, and how they show themselves.
#include <initializer_list>
#include <vector>

#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/policy_patch.h"
#include "fusebox/rejection.h"
#include "fusebox/standing_order.h"
#include "fusebox/state.h"
#include "fusebox/user_code.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

TEST(Enums, ShowTheirNamesInTests) {
  EXPECT_EQ(::testing::PrintToString(State::kHalfOpen), "HALF_OPEN");
  EXPECT_EQ(::testing::PrintToString(State::kUnknown), "UNKNOWN");
  EXPECT_EQ(::testing::PrintToString(Mode::kForcedOpen), "FORCED_OPEN");
  EXPECT_EQ(::testing::PrintToString(OutcomeKind::kIgnored), "ignored");
  EXPECT_EQ(::testing::PrintToString(EventKind::kRampStarted), "ramp_started");
  EXPECT_EQ(::testing::PrintToString(Cause::kProbeTimeout), "probe_timeout");
  EXPECT_EQ(::testing::PrintToString(Cause::kNone), "none");
  EXPECT_EQ(::testing::PrintToString(UserCode::kCircuitKey), "circuit_key");
  EXPECT_EQ(::testing::PrintToString(RejectionReason::kRamping), "CIRCUIT_RAMPING");
  EXPECT_EQ(::testing::PrintToString(RejectionReason::kUnknown), "UNKNOWN");
}

// Of a table.
struct Row {
  int number;
  const char* enumerator;
};
#define FUSEBOX_ROW(enumerator, number, ...) {number, #enumerator},

// Programs that are compiled against an older header go by these numbers. A new value comes at the
// end of its list; none changes.
template <typename Enum>
void ExpectFrozen(const std::vector<Row>& rows, std::initializer_list<Enum> from_zero) {
  int count = 0;
  for (const Enum value : from_zero) EXPECT_EQ(static_cast<int>(value), count++) << value;
  for (const Row& row : rows) {
    EXPECT_LT(row.number, count) << row.enumerator << " is not in the list of this test";
  }
}

TEST(Enums, NumbersAreFrozen) {
  ExpectFrozen({FUSEBOX_STATES(FUSEBOX_ROW)}, {State::kClosed, State::kOpen, State::kHalfOpen});
  EXPECT_EQ(static_cast<int>(State::kUnknown), -1);
  ExpectFrozen({FUSEBOX_MODES(FUSEBOX_ROW)},
               {Mode::kAutomatic, Mode::kForcedOpen, Mode::kDisabled, Mode::kShadow});
  ExpectFrozen({FUSEBOX_OUTCOME_KINDS(FUSEBOX_ROW)},
               {OutcomeKind::kSuccess, OutcomeKind::kFailure, OutcomeKind::kIgnored,
                OutcomeKind::kOverload});
  ExpectFrozen(
      {FUSEBOX_REJECTION_REASONS(FUSEBOX_ROW)},
      {RejectionReason::kOpen, RejectionReason::kHalfOpenFull, RejectionReason::kForcedOpen,
       RejectionReason::kRamping, RejectionReason::kTooManyCalls, RejectionReason::kNotConnected,
       RejectionReason::kLimited});
  EXPECT_EQ(static_cast<int>(RejectionReason::kUnknown), -1);
  ExpectFrozen(
      {FUSEBOX_EVENT_KINDS(FUSEBOX_ROW)},
      {EventKind::kTransition,         EventKind::kRuleExceeded,   EventKind::kRampStarted,
       EventKind::kFirstRejection,     EventKind::kReset,          EventKind::kModeChanged,
       EventKind::kPolicyChanged,      EventKind::kCircuitAdded,   EventKind::kCircuitRemoved,
       EventKind::kUserCodeFailed,     EventKind::kEventsDropped,  EventKind::kCallsUnprotected,
       EventKind::kProbeFailed,        EventKind::kSlowStartBegan, EventKind::kLimitBegan,
       EventKind::kLimitEnded,         EventKind::kShadowOpened,   EventKind::kShadowClosed,
       EventKind::kHealthProbeStopped, EventKind::kConfigReloaded, EventKind::kConfigRefused});
  ExpectFrozen({FUSEBOX_CAUSES(FUSEBOX_ROW)}, {Cause::kNone,
                                               Cause::kConsecutiveFailures,
                                               Cause::kFailuresInWindow,
                                               Cause::kFailureRate,
                                               Cause::kSlowCallRate,
                                               Cause::kHungCalls,
                                               Cause::kOpenDurationElapsed,
                                               Cause::kProbeFailed,
                                               Cause::kProbeFailureRate,
                                               Cause::kProbeSlowCallRate,
                                               Cause::kProbeTimeout,
                                               Cause::kProbesSucceeded,
                                               Cause::kRampEnded,
                                               Cause::kReset,
                                               Cause::kForcedOpen,
                                               Cause::kReleased,
                                               Cause::kAutomated,
                                               Cause::kDisabled,
                                               Cause::kShadowed,
                                               Cause::kForcedOpenEnded,
                                               Cause::kPolicyChanged,
                                               Cause::kNotConnected,
                                               Cause::kConnected,
                                               Cause::kImprobableRun,
                                               Cause::kSlowStartEnded});
  ExpectFrozen({FUSEBOX_USER_CODES(FUSEBOX_ROW)},
               {UserCode::kListener, UserCode::kClock, UserCode::kCircuitKey, UserCode::kPredicate,
                UserCode::kFallback, UserCode::kAuthorizer, UserCode::kHealthService,
                UserCode::kOrderKeeper});
  ExpectFrozen({FUSEBOX_POLICY_LAYERS(FUSEBOX_ROW)}, {PolicyLayer::kDefault, PolicyLayer::kCode,
                                                      PolicyLayer::kFile, PolicyLayer::kOrder});
}

#undef FUSEBOX_ROW

}  // namespace
}  // namespace fusebox
