// SPDX-License-Identifier: Apache-2.0
//
// The recovery ramp (rule R6): by itself, and in a circuit.
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "src/core/ramp_progress.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

SteadyTime At(absl::Duration since_zero) { return SteadyTime::FromSinceZero(since_zero); }

// From a quarter to all in 10 s.
Policy RampPolicy(double initial_fraction = 0.25) {
  Policy policy = SmallPolicy();
  policy.ramp = Ramp{absl::Seconds(10), initial_fraction};
  return policy;
}

void StartRamp(TestCircuit& circuit) {
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
}

// Which of the next `count` calls are admitted; each succeeds at once.
std::vector<bool> Pattern(TestCircuit& circuit, int count) {
  std::vector<bool> pattern;
  for (int i = 0; i < count; ++i) {
    Admission admission = circuit->TryAcquire();
    pattern.push_back(admission.admitted());
    if (admission) {
      admission.permit().RecordSuccess();
    } else {
      EXPECT_EQ(admission.reason(), RejectionReason::kRamping);
      EXPECT_EQ(admission.state(), State::kHalfOpen);
      EXPECT_EQ(admission.retry_after(), absl::ZeroDuration());
    }
  }
  return pattern;
}

TEST(RampProgress, R6_TheFractionGrowsLinearlyToOne) {
  RampProgress ramp(Ramp{absl::Seconds(10), 0.25}, At(absl::Seconds(5)));
  EXPECT_EQ(ramp.Fraction(At(absl::Seconds(5))), 0.25);
  EXPECT_EQ(ramp.Fraction(At(absl::Seconds(10))), 0.625);
  EXPECT_EQ(ramp.Fraction(At(absl::Seconds(15))), 1);
  EXPECT_EQ(ramp.Fraction(At(absl::Hours(1))), 1);
  EXPECT_EQ(ramp.Fraction(At(absl::ZeroDuration())), 0.25);
  EXPECT_EQ(ramp.end(), At(absl::Seconds(15)));
}

TEST(RampProgress, R6_TheFractionIsCutToWholeBillionths) {
  RampProgress ramp(Ramp{absl::Seconds(3), 0.5}, At(absl::ZeroDuration()));
  EXPECT_EQ(ramp.Fraction(At(absl::Seconds(1))), 666'666'666 / 1e9);
  EXPECT_EQ(ramp.Fraction(At(absl::Seconds(2))), 833'333'333 / 1e9);
}

TEST(RampProgress, R6_TheLongestRampNeitherOverflowsNorJumps) {
  RampProgress ramp(Ramp{absl::Hours(24), 1e-9}, At(absl::ZeroDuration()));
  double before = ramp.Fraction(At(absl::ZeroDuration()));
  EXPECT_EQ(before, 1e-9);
  for (int hour = 1; hour <= 24; ++hour) {
    const double now = ramp.Fraction(At(absl::Hours(hour)));
    EXPECT_GT(now, before);
    EXPECT_NEAR(now, hour / 24.0, 1e-8);
    before = now;
  }
  EXPECT_EQ(before, 1);
}

TEST(RampProgress, R6_TheFractionIsWhatWholeNumbersGive) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto below = [&](int64_t bound) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
    };
    const int64_t duration = 1'000'000 + below(int64_t{1} << (20 + below(27)));
    const int64_t initial = 1 + below(999'999'999);
    const int64_t elapsed = i % 4 == 0 ? duration - below(3) : below(duration + 1);
    const RampProgress ramp(
        Ramp{absl::Nanoseconds(duration), static_cast<double>(initial) / 1'000'000'000},
        At(absl::Seconds(1)));
    const absl::int128 grown = absl::int128(1'000'000'000 - initial) * elapsed / duration;
    EXPECT_EQ(ramp.Fraction(At(absl::Seconds(1) + absl::Nanoseconds(elapsed))),
              static_cast<double>(initial + static_cast<int64_t>(grown)) / 1e9)
        << initial << " " << elapsed << " of " << duration;
  }
}

// Where a division of doubles says one more: the quotient is a whole number less a part of 8.64e13.
TEST(RampProgress, R6_TheFractionIsExactWhereDoublesRoundUp) {
  const RampProgress ramp(Ramp{absl::Hours(24), 3e-9}, At(absl::ZeroDuration()));
  EXPECT_EQ(ramp.Fraction(At(absl::Nanoseconds(57'955'666'666'667))), 670'783'179 / 1e9);
  EXPECT_EQ(ramp.Fraction(At(absl::Nanoseconds(57'955'666'666'668))), 670'783'180 / 1e9);
}

TEST(RampProgress, R6_ARejectionWithoutTheLockIsTheSameOrNone) {
  const SteadyTime start = At(absl::ZeroDuration());
  RampProgress ramp(Ramp{absl::Seconds(10), 0.25}, start);
  RampProgress locked(Ramp{absl::Seconds(10), 0.25}, start);
  for (int call = 1; call <= 1'000; ++call) {
    const SteadyTime now = start + call * absl::Milliseconds(9);
    const bool rejected = ramp.Reject(/*epoch=*/1, now);
    EXPECT_EQ(rejected, !locked.Admit(now)) << call;
    EXPECT_TRUE(rejected || ramp.Admit(now)) << call << ": nothing had changed";
  }
}

TEST(RampProgress, R6_ACallOfAnEarlierRampChangesNothing) {
  const Ramp half{absl::Seconds(10), 0.5};
  const SteadyTime start = At(absl::ZeroDuration());
  RampProgress ramp(half, start);
  EXPECT_TRUE(ramp.Reject(1, start));
  ramp.Start(half, /*epoch=*/2, start);
  EXPECT_FALSE(ramp.Reject(1, start));
  EXPECT_FALSE(ramp.Admit(start));
  EXPECT_TRUE(ramp.Admit(start));
}

TEST(RampProgress, R6_ErrorDiffusionIsEvenAndExact) {
  const SteadyTime start = At(absl::ZeroDuration());
  for (const int every : {1, 2, 4, 5, 8, 10}) {
    RampProgress ramp(Ramp{absl::Seconds(10), 1.0 / every}, start);
    for (int call = 1; call <= 1'000; ++call) {
      EXPECT_EQ(ramp.Admit(start), call % every == 0) << call << " of every " << every;
    }
  }
}

TEST(RampProgress, R6_ACreditIsCarriedWhileTheFractionGrows) {
  RampProgress ramp(Ramp{absl::Seconds(10), 0.4}, At(absl::ZeroDuration()));
  EXPECT_FALSE(ramp.Admit(At(absl::ZeroDuration())));  // 0.4
  EXPECT_FALSE(ramp.Admit(At(absl::ZeroDuration())));  // 0.8
  EXPECT_TRUE(ramp.Admit(At(absl::Seconds(5))));       // 0.8 + 0.7 = 1.5, and 0.5 stays
  EXPECT_TRUE(ramp.Admit(At(absl::Seconds(5))));       // 0.5 + 0.7 = 1.2
  EXPECT_FALSE(ramp.Admit(At(absl::Seconds(5))));      // 0.2 + 0.7
}

TEST(CircuitBreaker, R6_APositiveVerdictStartsTheRamp) {
  TestCircuit circuit(RampPolicy());
  StartRamp(circuit);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.state, State::kHalfOpen);
  EXPECT_TRUE(snapshot.ramping);
  EXPECT_EQ(snapshot.ramp_fraction, 0.25);
  EXPECT_EQ(snapshot.totals.Transitions(State::kHalfOpen, State::kClosed), 0);
  const Event& event = circuit.events().back();
  EXPECT_EQ(event.kind, EventKind::kRampStarted);
  EXPECT_EQ(event.cause, Cause::kProbesSucceeded);
  EXPECT_EQ(event.from, State::kHalfOpen);
  EXPECT_EQ(event.to, State::kHalfOpen);
  EXPECT_EQ(event.epoch, snapshot.epoch);
}

TEST(CircuitBreaker, R6_TheShareOfAdmittedCallsGrows) {
  TestCircuit circuit(RampPolicy());
  StartRamp(circuit);
  const std::vector<bool> quarter = {false, false, false, true, false, false, false, true};
  EXPECT_EQ(Pattern(circuit, 8), quarter);
  circuit.Advance(absl::Seconds(5));
  EXPECT_EQ(circuit->Snapshot().ramp_fraction, 0.625);
  // 5 of 8, as even as can be.
  const std::vector<bool> five_eighths = {false, true, false, true, true, false, true, true};
  EXPECT_EQ(Pattern(circuit, 8), five_eighths);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 1 + 6 + 3);  // the first while OPEN
}

TEST(CircuitBreaker, R6_AClockThatGoesBackShrinksNoShare) {
  TestCircuit circuit(RampPolicy());
  StartRamp(circuit);
  circuit.Advance(absl::Seconds(5));
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit.Advance(absl::Seconds(-5));
  EXPECT_EQ(Pattern(circuit, 2), (std::vector<bool>{true, false}));  // 1.25, then 0.25 and 0.625
  EXPECT_EQ(circuit->Snapshot().ramp_fraction, 0.625);
}

TEST(CircuitBreaker, R6_TheEndOfTheRampCloses) {
  TestCircuit circuit(RampPolicy());
  StartRamp(circuit);
  const absl::Time start = circuit.clock().WallNow();
  circuit.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Advance(absl::Hours(3));
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_FALSE(circuit->Snapshot().ramping);
  EXPECT_EQ(circuit->Snapshot().ramp_fraction, 0);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kRampEnded);
  EXPECT_EQ(circuit.moves().back().time, start + absl::Seconds(10));
  circuit.Succeed(100);
}

TEST(CircuitBreaker, R6_ATripRuleOpensItAgainAndTheBackoffGoesOn) {
  Policy policy = RampPolicy(1);
  policy.backoff_multiplier = 2;
  TestCircuit circuit(policy);
  StartRamp(circuit);
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kConsecutiveFailures);
  EXPECT_EQ(circuit.moves().back().from, State::kHalfOpen);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
}

TEST(CircuitBreaker, R6_TheWindowOfTheRampIsItsOwn) {
  Policy policy = RampPolicy(1);
  policy.failures_in_window = 3;
  policy.consecutive_failures = std::nullopt;
  TestCircuit circuit(policy);
  StartRamp(circuit);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  circuit.Fail(2);
  EXPECT_EQ(circuit->Snapshot().window.failures, 2);
  circuit.Advance(absl::Seconds(10));
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R6_R7_ResultsOfProbesAndOfTheRampAreLateAfterwards) {
  TestCircuit circuit(RampPolicy(1));
  circuit.OpenAndWaitUntilHalfOpen();
  Permit probe = circuit.Acquire();
  circuit.Succeed(2);
  EXPECT_TRUE(probe.RecordFailure());  // of the probing, which is over
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  Permit ramped = circuit.Acquire();
  circuit.Advance(absl::Seconds(10));
  EXPECT_TRUE(ramped.RecordFailure());  // of the ramp, which is over
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  EXPECT_EQ(circuit->Snapshot().in_flight, 0);
}

TEST(CircuitBreaker, R6_NoProbeTimeoutOnTheRamp) {
  Policy policy = RampPolicy(1);
  policy.ramp->duration = absl::Hours(1);
  TestCircuit circuit(policy);
  StartRamp(circuit);
  const Permit slow = circuit.Acquire();
  circuit.Advance(absl::Minutes(30));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(circuit->Snapshot().ramping);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 0);
}

TEST(CircuitBreaker, R6_ProbeCallsLeadToTheRampToo) {
  Policy policy = fusebox_testing::ProbeCallsPolicy(2, 1);
  policy.ramp = Ramp{absl::Seconds(10), 0.5};
  TestCircuit circuit(policy);
  StartRamp(circuit);
  EXPECT_TRUE(circuit->Snapshot().ramping);
}

}  // namespace
}  // namespace fusebox::internal
