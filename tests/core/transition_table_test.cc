// SPDX-License-Identifier: Apache-2.0
#include "src/core/transition_table.h"

#include <optional>

#include "gtest/gtest.h"

namespace fusebox {
namespace {

constexpr State kStates[] = {State::kClosed, State::kOpen, State::kHalfOpen};

void ExpectOnlyMove(Cause cause, State from, State to) {
  for (const State state : kStates) {
    EXPECT_EQ(TargetOf(cause, state), state == from ? std::optional<State>(to) : std::nullopt)
        << CauseName(cause) << " in " << StateName(state);
  }
}

TEST(TransitionTable, R2_TripRulesOpenAClosedCircuitAndNoOther) {
  for (const Cause cause : {Cause::kConsecutiveFailures, Cause::kFailuresInWindow,
                            Cause::kFailureRate, Cause::kSlowCallRate}) {
    ExpectOnlyMove(cause, State::kClosed, State::kOpen);
  }
}

TEST(TransitionTable, R4_TimeTurnsOpenToHalfOpen) {
  ExpectOnlyMove(Cause::kOpenDurationElapsed, State::kOpen, State::kHalfOpen);
}

TEST(TransitionTable, R5_ProbesDecideHalfOpen) {
  for (const Cause cause : {Cause::kProbeFailed, Cause::kProbeFailureRate,
                            Cause::kProbeSlowCallRate, Cause::kProbeTimeout}) {
    ExpectOnlyMove(cause, State::kHalfOpen, State::kOpen);
  }
  ExpectOnlyMove(Cause::kProbesSucceeded, State::kHalfOpen, State::kClosed);
}

TEST(TransitionTable, R8_AnOperatorClosesFromAnywhere) {
  for (const State state : kStates) EXPECT_EQ(TargetOf(Cause::kOperator, state), State::kClosed);
}

}  // namespace
}  // namespace fusebox
