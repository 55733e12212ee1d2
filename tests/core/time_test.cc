// SPDX-License-Identifier: Apache-2.0
//
// Time: transitions are made when they are due, whoever looks and whenever (rule R1), on the
// injected clock, whatever it does (R13).
#include "absl/time/time.h"

#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::NoRulePolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

// A fake clock whose coarse time is as far behind as a clock's may be.
class LaggingClock final : public Clock {
 public:
  SteadyTime Now() const override { return clock.Now(); }
  SteadyTime CoarseNow() const override {
    return clock.Now() + -absl::Nanoseconds(kCoarseLagNanos);
  }
  absl::Time WallNow() const override { return clock.WallNow(); }

  FakeClock clock;
};

constexpr absl::Duration kYear = absl::Hours(365 * 24);

TEST(CircuitBreaker, R1_EveryOperationMakesTheMoveThatIsDue) {
  TestCircuit by_state;
  by_state.Open();
  by_state.Advance(absl::Seconds(10));
  EXPECT_EQ(by_state->state(), State::kHalfOpen);

  TestCircuit by_snapshot;
  by_snapshot.Open();
  by_snapshot.Advance(absl::Seconds(10));
  const CircuitSnapshot snapshot = by_snapshot->Snapshot();
  EXPECT_EQ(snapshot.state, State::kHalfOpen);
  EXPECT_EQ(snapshot.totals.Transitions(State::kOpen, State::kHalfOpen), 1);

  TestCircuit by_acquire;
  by_acquire.Open();
  by_acquire.Advance(absl::Seconds(10));
  EXPECT_TRUE(by_acquire->TryAcquire().admitted());

  TestCircuit by_record;
  Permit permit = by_record.Acquire();
  by_record.Open();
  by_record.Advance(absl::Seconds(10));
  permit.RecordSuccess();
  EXPECT_EQ(by_record.moves().size(), 2U);

  TestCircuit by_reset;
  by_reset.Open();
  by_reset.Advance(absl::Seconds(10));
  by_reset->Reset(Operator("oncall").Because("why"));
  EXPECT_EQ(by_reset.moves().size(), 3U);
  EXPECT_EQ(by_reset.moves().back().from, State::kHalfOpen);
}

TEST(CircuitBreaker, R1_TheDueMoveComesBeforeTheOperationItself) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1;
  policy.ramp = Ramp{absl::Seconds(10), 1};
  TestCircuit circuit(policy);
  circuit.Fail();
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  Permit last = circuit.Acquire();
  circuit.Advance(absl::Seconds(11));
  last.RecordFailure();  // would have opened it; but the ramp had ended before
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 2);
}

TEST(CircuitBreaker, R1_AMoveBearsTheTimeAtWhichItWasDue) {
  TestCircuit circuit;
  const absl::Time opened = circuit.clock().WallNow();
  circuit.Open();
  circuit.Advance(absl::Hours(5));
  ASSERT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.moves().back().time, opened + absl::Seconds(10));
  EXPECT_EQ(circuit->Snapshot().last_transition, opened + absl::Seconds(10));
}

// A run of operations drawn from `seed`; what came of them, with or without reads in between.
std::vector<int64_t> Drive(uint32_t seed, bool with_reads) {
  std::mt19937 random(seed);
  const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  Policy policy = SmallPolicy();
  policy.jitter = 0.5;
  policy.backoff_multiplier = 2;
  policy.failures_in_window = 4;
  policy.window = TimeWindow{absl::Seconds(8), 4};
  TestCircuit circuit(policy);
  std::vector<Permit> out;
  std::vector<int64_t> seen;
  for (int i = 0; i < 400; ++i) {
    const uint32_t action = below(10);
    const uint32_t pick = below(1000);
    const uint32_t millis = below(below(4) == 0 ? 90'000 : 3'000);
    if (action < 4) {
      Admission admission = circuit->TryAcquire();
      seen.push_back(admission.admitted() ? 1 : 0);
      seen.push_back(absl::ToInt64Nanoseconds(admission.retry_after()));
      if (admission) out.push_back(std::move(admission).permit());
    } else if (action < 8 && !out.empty()) {
      const std::size_t place = pick % out.size();
      pick % 3 == 0 ? out[place].RecordSuccess() : out[place].RecordFailure();
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(place));
    } else {
      circuit.Advance(absl::Milliseconds(millis));
    }
    if (with_reads) (pick % 2 == 0) ? (void)circuit->state() : (void)circuit->Snapshot();
  }
  (void)circuit->state();
  for (const Event& event : circuit.events()) {
    seen.push_back(static_cast<int64_t>(event.cause));
    seen.push_back(absl::ToUnixNanos(event.time));
  }
  return seen;
}

TEST(CircuitBreaker, R1_ReadingNeverChangesTheOutcome) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    EXPECT_EQ(Drive(seed, false), Drive(seed, true)) << "seed " << seed;
  }
}

TEST(CircuitBreaker, R13_AJumpByYearsLeavesACorrectState) {
  Policy policy = SmallPolicy();
  policy.failures_in_window = 3;
  policy.window = TimeWindow{absl::Seconds(10), 10};
  TestCircuit circuit(policy);
  circuit.Fail(2);
  circuit.Advance(100 * kYear);
  EXPECT_EQ(circuit->Snapshot().window.failures, 0);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Advance(100 * kYear);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R13_TheEndOfTheClocksRangeIsSurvived) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const Permit hung = circuit.Acquire();
  circuit.clock().Set(SteadyTime::FromNanos(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  const Permit probe = circuit.Acquire();
  (void)circuit->Snapshot();
  circuit->Reset(Operator("oncall").Because("why"));
  circuit.Fail(3);
  EXPECT_NE(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R13_ATimeBeforeTheClocksZeroIsATimeLikeAnyOther) {
  FakeClock clock(absl::Seconds(-15));
  CircuitBreaker::Options options;
  options.clock = &clock;
  Policy policy = SmallPolicy();
  policy.window = TimeWindow{absl::Seconds(10), 10};
  const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
  for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();
  clock.Advance(absl::Seconds(9));
  EXPECT_EQ(breaker->state(), State::kOpen);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(breaker->state(), State::kHalfOpen);
}

TEST(CircuitBreaker, R13_AClockThatGoesBackIsTakenForStandingStill) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(4));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(6));
  circuit.Advance(absl::Seconds(-100));
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(6));
  circuit.Advance(absl::Seconds(105));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(1));
  circuit.Advance(absl::Seconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Advance(absl::Seconds(-50));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(CircuitBreaker, R13_AClockThatGoesBackUndoesNoWindowAndMakesNoCallSlow) {
  Policy policy = NoRulePolicy();
  policy.slow_call_rate = 1;
  policy.slow_call_duration = absl::Seconds(1);
  policy.minimum_calls = 100;
  policy.window = TimeWindow{absl::Seconds(10), 10};
  TestCircuit circuit(policy);
  circuit.Succeed();
  circuit.Advance(absl::Seconds(5));
  circuit.Succeed();
  Permit permit = circuit.Acquire();
  circuit.Advance(absl::Seconds(-20));
  permit.RecordSuccess();
  EXPECT_EQ(circuit->Snapshot().window.recorded, 3);
  EXPECT_EQ(circuit->Snapshot().window.slow, 0);
  circuit.Advance(absl::Seconds(20) + absl::Seconds(5));
  EXPECT_EQ(circuit->Snapshot().window.recorded, 2);
}

TEST(CircuitBreaker, R13_SuccessesAfterAClockHasGoneBackAreInTheLatestSlice) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = 1;
  policy.minimum_calls = 100;
  policy.window = TimeWindow{absl::Seconds(10), 10};
  TestCircuit circuit(policy);
  circuit.Advance(absl::Seconds(100));
  EXPECT_EQ(circuit->state(), State::kClosed);  // a look
  circuit.Advance(absl::Seconds(-50));
  circuit.Succeed(5);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 5);
}

TEST(CircuitBreaker, R13_AProbeTimeoutCountsFromTheLatestTimeSeen) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Advance(absl::Seconds(-30));
  const Permit probe = circuit.Acquire();
  circuit.AdvanceLooking(absl::Seconds(89));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.AdvanceLooking(absl::Seconds(1));
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R3_SlicesThatLieAsManyAsAThirtyTwoBitNumberApartAreTwo) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = 0.5;
  policy.minimum_calls = 4;
  policy.window = TimeWindow{absl::Seconds(1), 1000};
  TestCircuit circuit(policy);
  circuit.Succeed();
  circuit.Advance(absl::Milliseconds(int64_t{1} << 32));
  circuit.Succeed(10);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 10);
}

TEST(CircuitBreaker, R3_ACoarseClockPutsNoSuccessIntoTheSliceBefore) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = 1;
  policy.window = TimeWindow{absl::Seconds(1), 10};
  CircuitBreaker::Options options;
  LaggingClock lagging;
  options.clock = &lagging;
  const auto breaker = CircuitBreaker::Create("lagging", policy, options).value();
  TestCircuit exact(policy);

  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const auto step = absl::Milliseconds(std::uniform_int_distribution<int>(0, 30)(random));
    lagging.clock.Advance(step);
    exact.Advance(step);
    EXPECT_TRUE(breaker->TryAcquire().permit().RecordSuccess());
    EXPECT_TRUE(exact->TryAcquire().permit().RecordSuccess());
    ASSERT_EQ(breaker->Snapshot().window.recorded, exact->Snapshot().window.recorded)
        << "at call " << i;
  }
}

// What calls do without the lock goes by the coarse clock where that is sure: so the circuit
// decides as one whose coarse clock is exact.
TEST(CircuitBreaker, R5_R14_ACoarseClockDecidesAsAnExactOne) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto draw = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  int64_t opened = 0;
  for (int run = 0; run < 200; ++run) {
    Policy policy = SmallPolicy();
    policy.open_duration = policy.max_open_duration = absl::Milliseconds(200);
    policy.half_open.probe_timeout = absl::Milliseconds(300);
    if (run % 2 == 0) policy.hung_calls = HungCalls{3, absl::Milliseconds(400)};
    if (run % 3 == 0) policy.max_in_flight = 5;
    CircuitBreaker::Options options;
    LaggingClock lagging;
    options.clock = &lagging;
    options.seed = 1;
    const auto breaker = CircuitBreaker::Create("lagging", policy, options).value();
    TestCircuit exact(policy);
    std::vector<std::pair<Permit, Permit>> out;
    for (int i = 0; i < 1000; ++i) {
      const auto step = absl::Milliseconds(draw(30));
      lagging.clock.Advance(step);
      exact.Advance(step);
      Admission theirs = breaker->TryAcquire();
      Admission ours = exact->TryAcquire();
      ASSERT_EQ(theirs.admitted(), ours.admitted()) << "at call " << i;
      if (theirs) {
        out.emplace_back(std::move(theirs).permit(), std::move(ours).permit());
      } else {
        ASSERT_EQ(theirs.reason(), ours.reason()) << "at call " << i;
        ASSERT_EQ(theirs.state(), ours.state()) << "at call " << i;
      }
      while (!out.empty() && draw(9) < 6) {
        std::swap(out[static_cast<std::size_t>(draw(static_cast<int>(out.size()) - 1))],
                  out.back());
        const Outcome outcome = draw(2) > 0   ? Outcome::Success()
                                : draw(1) > 0 ? Outcome::Failure()
                                              : Outcome::Ignored();
        out.back().first.Record(outcome);
        out.back().second.Record(outcome);
        out.pop_back();
      }
      ASSERT_EQ(breaker->state(), exact->state()) << "at call " << i;
    }
    opened += exact->Snapshot().totals.opened;
  }
  EXPECT_GT(opened, 100);
}

TEST(SteadyTime, ArithmeticSaturates) {
  const SteadyTime last = SteadyTime::FromNanos(std::numeric_limits<int64_t>::max());
  const SteadyTime first = SteadyTime::FromNanos(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(last + absl::Seconds(1), last);
  EXPECT_EQ(last + absl::InfiniteDuration(), last);
  EXPECT_EQ(first + absl::Seconds(-1), first);
  EXPECT_EQ(SteadyTime() + absl::Seconds(2), SteadyTime::FromNanos(2'000'000'000));
  EXPECT_EQ(SteadyTime::FromNanos(5) - SteadyTime::FromNanos(8), absl::Nanoseconds(-3));
  EXPECT_GT(last - first, 500 * kYear);
}

TEST(SteadyTime, Compares) {
  const SteadyTime a = SteadyTime::FromNanos(1);
  const SteadyTime b = SteadyTime::FromNanos(2);
  EXPECT_TRUE(a < b && a <= b && b > a && b >= a && a != b && a == SteadyTime::FromNanos(1));
  EXPECT_FALSE(b < a || b <= a || a > b || a >= b || a == b || a != SteadyTime::FromNanos(1));
}

TEST(Clock, TheRealOneGoesForward) {
  const Clock& clock = Clock::Real();
  EXPECT_EQ(&clock, &Clock::Real());
  const SteadyTime before = clock.Now();
  EXPECT_LE(before, clock.Now());
  EXPECT_GT(clock.WallNow(), absl::UnixEpoch());
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock(absl::Seconds(7));
  EXPECT_EQ(clock.Now(), SteadyTime::FromNanos(7'000'000'000));
  EXPECT_EQ(absl::FormatTime(clock.WallNow(), absl::UTCTimeZone()), "2030-01-01T00:00:00+00:00");
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Now().SinceZero(), absl::Seconds(10));
  EXPECT_EQ(absl::FormatTime(clock.WallNow(), absl::UTCTimeZone()), "2030-01-01T00:00:03+00:00");
  clock.Set(SteadyTime::FromSinceZero(absl::Seconds(67)));
  EXPECT_EQ(absl::FormatTime(clock.WallNow(), absl::UTCTimeZone()), "2030-01-01T00:01:00+00:00");
}

}  // namespace
}  // namespace fusebox
