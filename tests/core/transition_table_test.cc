// SPDX-License-Identifier: Apache-2.0
#include "src/core/transition_table.h"

#include <iterator>
#include <optional>
#include <vector>

#include "fusebox/event.h"
#include "fusebox/state.h"
#include "gtest/gtest.h"
#include "src/core/phase.h"

namespace fusebox::internal {
namespace {

constexpr Phase kPhases[] = {Phase::kClosed, Phase::kOpen, Phase::kProbing, Phase::kRamping};

std::optional<Phase> TargetOf(Cause cause, Phase from) {
  const std::optional<Transition> transition = TransitionFor(cause, from);
  return transition ? std::optional<Phase>(transition->to) : std::nullopt;
}

// From each of `from`, and from nowhere else; into that mode, or leaving it alone.
void ExpectOnlyTransition(Cause cause, const std::vector<Phase>& from, Phase to,
                          std::optional<Mode> mode = std::nullopt) {
  for (const Phase phase : kPhases) {
    std::optional<Phase> want;
    for (const Phase legal : from) {
      if (legal == phase) want = to;
    }
    EXPECT_EQ(TargetOf(cause, phase), want)
        << CauseName(cause) << " in " << StateName(StateOf(phase));
    if (!want) continue;
    EXPECT_EQ(TransitionFor(cause, phase)->mode, mode) << CauseName(cause);
  }
}

TEST(TransitionTable, R2_R6_R14_TripRulesOpenAClosedOrRampingCircuitAndNoOther) {
  for (const Cause cause : {Cause::kConsecutiveFailures, Cause::kFailuresInWindow,
                            Cause::kFailureRate, Cause::kSlowCallRate, Cause::kHungCalls}) {
    ExpectOnlyTransition(cause, {Phase::kClosed, Phase::kRamping}, Phase::kOpen);
  }
}

TEST(TransitionTable, R4_TimeTurnsOpenToHalfOpen) {
  ExpectOnlyTransition(Cause::kOpenDurationElapsed, {Phase::kOpen}, Phase::kProbing);
}

TEST(TransitionTable, R5_ProbesDecideHalfOpen) {
  for (const Cause cause : {Cause::kProbeFailed, Cause::kProbeFailureRate,
                            Cause::kProbeSlowCallRate, Cause::kProbeTimeout}) {
    ExpectOnlyTransition(cause, {Phase::kProbing}, Phase::kOpen);
  }
  ExpectOnlyTransition(Cause::kProbesSucceeded, {Phase::kProbing}, Phase::kClosed);
}

TEST(TransitionTable, R20_ACallWithoutAConnectionOpensAndOneWithItProbes) {
  ExpectOnlyTransition(Cause::kNotConnected, {Phase::kProbing}, Phase::kOpen);
  ExpectOnlyTransition(Cause::kConnected, {Phase::kOpen}, Phase::kProbing);
}

TEST(TransitionTable, R6_TheEndOfTheRampCloses) {
  ExpectOnlyTransition(Cause::kRampEnded, {Phase::kRamping}, Phase::kClosed);
}

TEST(TransitionTable, R8_AnOperatorMovesFromAnywhere) {
  const std::vector<Phase> any(std::begin(kPhases), std::end(kPhases));
  ExpectOnlyTransition(Cause::kReset, any, Phase::kClosed, Mode::kAutomatic);
  ExpectOnlyTransition(Cause::kForcedOpen, any, Phase::kOpen, Mode::kForcedOpen);
  ExpectOnlyTransition(Cause::kDisabled, any, Phase::kClosed, Mode::kDisabled);
  ExpectOnlyTransition(Cause::kShadowed, any, Phase::kClosed, Mode::kShadow);
  ExpectOnlyTransition(Cause::kAutomated, any, Phase::kClosed, Mode::kAutomatic);
}

TEST(TransitionTable, R8_AForcedOpeningEndsInHalfOpen) {
  ExpectOnlyTransition(Cause::kReleased, {Phase::kOpen}, Phase::kProbing, Mode::kAutomatic);
  ExpectOnlyTransition(Cause::kForcedOpenEnded, {Phase::kOpen}, Phase::kProbing, Mode::kAutomatic);
}

}  // namespace
}  // namespace fusebox::internal
