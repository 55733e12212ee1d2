// SPDX-License-Identifier: Apache-2.0
//
// CLOSED: the trip rules (rule R2), what is slow (C4), and what the window holds (R3), through
// the breaker.
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/rules/trip_rule_fields.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::NoRulePolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

// The only transition so far was an opening, by this rule.
void ExpectOpenedBy(const TestCircuit& circuit, Cause cause, const std::string& detail) {
  ASSERT_EQ(circuit.events().size(), 2U);
  EXPECT_EQ(circuit.events()[0].kind, EventKind::kRuleExceeded);
  EXPECT_EQ(circuit.events()[1].kind, EventKind::kTransition);
  for (const Event& event : circuit.events()) {
    EXPECT_EQ(event.from, State::kClosed);
    EXPECT_EQ(event.to, State::kOpen);
    EXPECT_EQ(event.cause, cause) << CauseName(event.cause);
    EXPECT_EQ(event.detail, detail);
  }
}

Policy FailureRatePolicy(double rate, int64_t minimum_calls, Window window = CountWindow{100}) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = rate;
  policy.minimum_calls = minimum_calls;
  policy.window = window;
  return policy;
}

Policy SlowCallRatePolicy(double rate, int64_t minimum_calls) {
  Policy policy = NoRulePolicy();
  policy.slow_call_rate = rate;
  policy.slow_call_duration = absl::Seconds(1);
  policy.minimum_calls = minimum_calls;
  return policy;
}

// The least that a field of the table can be.
template <typename Field, typename Member>
void SetLeast(const Field& /*field*/, Member& /*value*/) {}
template <typename Owner, typename Member>
void SetLeast(const internal::ValueField<Owner, Member>& field, Member& value) {
  value = field.range.Has(field.range.min) ? field.range.min : field.range.max;
}
template <typename Owner, typename Member>
void SetLeast(const internal::PartField<Owner, Member>& /*field*/, Member& value) {
  internal::ValueOf<Member> part;
  internal::VisitFields(part, [](const auto& field, auto& member) { SetLeast(field, member); });
  value = part;
}

// With these trip rules alone, which hold as soon as they can.
Policy PolicyOfRules(const std::vector<absl::string_view>& rules) {
  Policy policy = NoRulePolicy();
  policy.slow_call_duration = absl::Seconds(1);
  policy.minimum_calls = 1;
  policy.window = CountWindow{1};
  internal::VisitFields(policy, [&rules](const auto& field, auto& value) {
    for (const absl::string_view rule : rules) {
      if (rule == field.name) SetLeast(field, value);
    }
  });
  return policy;
}

// Which of them one call that fails slowly has opened a circuit by; "none" if it is CLOSED.
std::string OpenedByOneCall(const std::vector<absl::string_view>& rules) {
  TestCircuit circuit(PolicyOfRules(rules));
  circuit.CallThatTook(absl::Hours(1), Outcome::Failure());
  const std::optional<Move> opening = circuit->Snapshot().last_opening;
  return std::string(CauseName(opening ? opening->cause : Cause::kNone));
}

TEST(CircuitBreaker, R2_EachRuleOfTheTableOpensTheCircuitByItself) {
  internal::VisitTripRules(Policy(), [](absl::string_view rule, bool /*is_set*/) {
    SCOPED_TRACE(rule);
    TestCircuit circuit(PolicyOfRules({rule}));
    const Permit hung = circuit.Acquire();
    circuit.AdvanceLooking(absl::Hours(1));
    if (circuit->state() == State::kClosed) {
      circuit.CallThatTook(absl::Hours(1), Outcome::Failure());
    }
    const std::optional<Move> opening = circuit->Snapshot().last_opening;
    ASSERT_TRUE(opening.has_value()) << "nothing looks at it, in src/core/rules/trip_rules.cc";
    EXPECT_EQ(CauseName(opening->cause), rule);
  });
}

TEST(CircuitBreaker, R2_OfTwoRulesThatHoldTogetherTheFirstOfTheTableOpens) {
  std::vector<absl::string_view> rules;
  internal::VisitTripRules(Policy(), [&rules](absl::string_view rule, bool /*is_set*/) {
    if (OpenedByOneCall({rule}) == rule) rules.push_back(rule);
  });
  ASSERT_GE(rules.size(), 4U);
  for (std::size_t first = 0; first < rules.size(); ++first) {
    for (std::size_t second = first + 1; second < rules.size(); ++second) {
      EXPECT_EQ(OpenedByOneCall({rules[first], rules[second]}), rules[first])
          << "before " << rules[second];
    }
  }
}

TEST(CircuitBreaker, R2_StartsClosed) {
  TestCircuit circuit;
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_TRUE(circuit.events().empty());
}

TEST(CircuitBreaker, R2_ClosedAdmitsEveryCall) {
  TestCircuit circuit;
  const std::vector<Permit> permits = circuit.AcquireMany(2000);
  EXPECT_EQ(circuit->Snapshot().in_flight, 2000);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 0);
}

TEST(CircuitBreaker, R2_ConsecutiveFailuresOpenAtTheNthAndNotBefore) {
  TestCircuit circuit;
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  ExpectOpenedBy(circuit, Cause::kConsecutiveFailures, "3 failures in a row >= 3");
}

TEST(CircuitBreaker, R2_OneFailureIsEnoughIfThePolicySaysSo) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1;
  TestCircuit circuit(policy);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R2_ASuccessSetsTheRunBackToZero) {
  TestCircuit circuit;
  circuit.Fail(2);
  circuit.Succeed();
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

// A clock that tells how often it was read, which is at least once for each look under the lock.
class ReadsClock final : public Clock {
 public:
  SteadyTime Now() const override {
    ++reads_;
    return clock_.Now();
  }
  absl::Time WallNow() const override { return clock_.WallNow(); }
  int reads() const { return reads_; }

 private:
  fusebox_testing::FakeClock clock_;
  mutable int reads_ = 0;
};

TEST(CircuitBreaker, R2_ASuccessEndsARunWithoutALook) {
  for (const Policy& policy : {Policy(), FailureRatePolicy(0.9, 10)}) {
    ReadsClock clock;
    CircuitBreaker::Options options;
    options.clock = &clock;
    const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
    const auto succeed = [&] { breaker->TryAcquire().permit().RecordSuccess(); };
    for (int i = 0; i < 20; ++i) succeed();
    for (int failures = 1; failures <= 2; ++failures) {
      breaker->TryAcquire().permit().RecordFailure();
      EXPECT_EQ(breaker->Snapshot().consecutive_failures, failures);
    }
    const int reads = clock.reads();
    for (int i = 0; i < 20; ++i) succeed();
    EXPECT_EQ(clock.reads(), reads);
    EXPECT_EQ(breaker->Snapshot().consecutive_failures, 0);
  }
}

TEST(CircuitBreaker, R2_AnIgnoredCallLeavesTheRunAlone) {
  TestCircuit circuit;
  circuit.Fail(2);
  circuit.Ignore(5);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R2_IgnoredCallsAloneNeverOpen) {
  Policy policy = SmallPolicy();
  policy.failures_in_window = 1;
  policy.failure_rate = 0.1;
  policy.minimum_calls = 1;
  TestCircuit circuit(policy);
  circuit.Ignore(100);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R2_FailuresInWindowNeedNotBeInARow) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 3;
  policy.window = CountWindow{10};
  TestCircuit circuit(policy);
  circuit.Fail();
  circuit.Succeed(3);
  circuit.Fail();
  circuit.Succeed(3);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  ExpectOpenedBy(circuit, Cause::kFailuresInWindow, "3 failures >= 3 in a window of 9 calls");
}

TEST(CircuitBreaker, R2_FailuresThatHaveLeftTheWindowDoNotCount) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 3;
  policy.window = CountWindow{10};
  TestCircuit circuit(policy);
  circuit.Fail(2);
  circuit.Succeed(9);  // the first failure is out, the second is the oldest
  circuit.Fail();      // and out goes the second
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().window.failures, 2);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R2_FailuresInATimeWindowAgeOut) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 3;
  policy.window = TimeWindow{absl::Seconds(10), 10};
  TestCircuit circuit(policy);
  circuit.Fail(2);
  circuit.Advance(absl::Seconds(10));
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Advance(absl::Seconds(9));
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R2_FailureRateIsNotLookedAtBeforeMinimumCalls) {
  TestCircuit circuit(FailureRatePolicy(0.5, 4));
  circuit.Fail(3);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  ExpectOpenedBy(circuit, Cause::kFailureRate, "failure rate 1 >= 0.5 over 4 calls");
}

TEST(CircuitBreaker, R2_FailureRateHoldsWhenReachedAndNotJustBelow) {
  TestCircuit below(FailureRatePolicy(0.07, 100));
  below.Fail(6);
  below.Succeed(94);
  EXPECT_EQ(below->state(), State::kClosed);

  TestCircuit reached(FailureRatePolicy(0.07, 100));
  reached.Fail(7);
  reached.Succeed(92);
  EXPECT_EQ(reached->state(), State::kClosed);
  reached.Succeed();
  EXPECT_EQ(reached->state(), State::kOpen);
  ExpectOpenedBy(reached, Cause::kFailureRate, "failure rate 0.07 >= 0.07 over 100 calls");
}

TEST(CircuitBreaker, R2_ASuccessThatFillsTheMinimumCanOpen) {
  TestCircuit circuit(FailureRatePolicy(0.5, 4));
  circuit.Fail(2);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R2_FailureRateOfOneNeedsEveryCallToFail) {
  TestCircuit circuit(FailureRatePolicy(1.0, 3, CountWindow{3}));
  circuit.Succeed();
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R2_SlowCallRateCountsSlowSuccessesAndSlowFailures) {
  TestCircuit circuit(SlowCallRatePolicy(0.5, 4));
  circuit.CallThatTook(absl::Seconds(2), Outcome::Success());
  circuit.CallThatTook(absl::Seconds(0.5), Outcome::Success());
  circuit.CallThatTook(absl::Seconds(0.5), Outcome::Failure());
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.CallThatTook(absl::Seconds(2), Outcome::Failure());
  EXPECT_EQ(circuit->state(), State::kOpen);
  ExpectOpenedBy(circuit, Cause::kSlowCallRate, "slow call rate 0.5 >= 0.5 over 4 calls");
}

TEST(CircuitBreaker, R2_ACallIsSlowFromTheVeryDurationOn) {
  TestCircuit circuit(SlowCallRatePolicy(1.0, 10));
  circuit.CallThatTook(absl::Seconds(1) - absl::Nanoseconds(1), Outcome::Success());
  EXPECT_EQ(circuit->Snapshot().window.slow, 0);
  circuit.CallThatTook(absl::Seconds(1), Outcome::Success());
  EXPECT_EQ(circuit->Snapshot().window.slow, 1);
}

TEST(CircuitBreaker, R2_AnIgnoredCallIsNeverSlow) {
  TestCircuit circuit(SlowCallRatePolicy(0.5, 1));
  circuit.CallThatTook(absl::Hours(1), Outcome::Ignored());
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().totals.slow, 0);
}

TEST(CircuitBreaker, R2_FastCallsKeepASlowCallRateClosed) {
  TestCircuit circuit(SlowCallRatePolicy(0.5, 1));
  for (int i = 0; i < 200; ++i) circuit.CallThatTook(absl::Milliseconds(1), Outcome::Failure());
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R2_TheFirstRuleThatHoldsIsNamed) {
  // All four hold at the same failure; then each is taken out in turn.
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 2;
  policy.failures_in_window = 2;
  policy.failure_rate = 1;
  policy.slow_call_rate = 1;
  policy.slow_call_duration = absl::Seconds(1);
  policy.minimum_calls = 2;
  const auto cause_of = [](const Policy& with) {
    TestCircuit circuit(with);
    circuit.CallThatTook(absl::Seconds(1), Outcome::Failure());
    EXPECT_TRUE(circuit.events().empty());
    circuit.CallThatTook(absl::Seconds(1), Outcome::Failure());
    EXPECT_EQ(circuit.moves().size(), 1U);
    return circuit.moves().at(0).cause;
  };
  EXPECT_EQ(cause_of(policy), Cause::kConsecutiveFailures);
  policy.consecutive_failures = std::nullopt;
  EXPECT_EQ(cause_of(policy), Cause::kFailuresInWindow);
  policy.failures_in_window = std::nullopt;
  EXPECT_EQ(cause_of(policy), Cause::kFailureRate);
  policy.failure_rate = std::nullopt;
  EXPECT_EQ(cause_of(policy), Cause::kSlowCallRate);
}

TEST(CircuitBreaker, R2_AnyRuleOfASetCanOpen) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 100;
  policy.failures_in_window = 50;
  policy.failure_rate = 0.2;
  policy.minimum_calls = 10;
  TestCircuit circuit(policy);
  circuit.Succeed(8);
  circuit.Fail(2);
  ExpectOpenedBy(circuit, Cause::kFailureRate, "failure rate 0.2 >= 0.2 over 10 calls");
}

TEST(CircuitBreaker, R3_IgnoredCallsAreNotInTheWindow) {
  TestCircuit circuit(FailureRatePolicy(0.5, 4, CountWindow{4}));
  circuit.Fail();
  circuit.Ignore(50);  // neither fills the minimum nor pushes the failure out
  circuit.Succeed(2);
  const WindowCounts window = circuit->Snapshot().window;
  EXPECT_EQ(window.recorded, 3);
  EXPECT_EQ(window.failures, 1);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R3_ATransitionEmptiesTheWindow) {
  Policy policy = SmallPolicy();
  policy.failures_in_window = 4;
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
  ASSERT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  circuit.Fail(2);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();  // three since it closed; with those of before it would be six
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R3_ATimeWindowShowsAgeingWithoutAnyCall) {
  TestCircuit circuit(FailureRatePolicy(1, 100, TimeWindow{absl::Seconds(10), 10}));
  circuit.Fail(7);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 7);
  circuit.Advance(absl::Seconds(9));
  EXPECT_EQ(circuit->Snapshot().window.recorded, 7);
  circuit.Advance(absl::Seconds(1));
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
}

TEST(CircuitBreaker, C4_ASlowSuccessIsAFailureIfThePolicySaysSo) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_is_failure = true;
  TestCircuit circuit(policy);
  circuit.CallThatTook(absl::Seconds(1), Outcome::Success());
  circuit.CallThatTook(absl::Seconds(1), Outcome::Success());
  const Totals totals = circuit->Snapshot().totals;
  EXPECT_EQ(totals.failure, 2);
  EXPECT_EQ(totals.success, 0);
  EXPECT_EQ(totals.slow, 2);
  circuit.CallThatTook(absl::Seconds(1), Outcome::Success());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, C4_AFastSuccessAndAnIgnoredCallStayWhatTheyAre) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_is_failure = true;
  TestCircuit circuit(policy);
  circuit.CallThatTook(absl::Seconds(1) - absl::Nanoseconds(1), Outcome::Success());
  circuit.CallThatTook(absl::Hours(1), Outcome::Ignored());
  const Totals totals = circuit->Snapshot().totals;
  EXPECT_EQ(totals.success, 1);
  EXPECT_EQ(totals.ignored, 1);
  EXPECT_EQ(totals.failure, 0);
}

TEST(CircuitBreaker, C4_WithoutSlowIsFailureASlowSuccessIsASuccess) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  TestCircuit circuit(policy);
  circuit.CallThatTook(absl::Hours(1), Outcome::Success());
  EXPECT_EQ(circuit->Snapshot().totals.success, 1);
  EXPECT_EQ(circuit->Snapshot().totals.slow, 1);
}

TEST(CircuitBreaker, C6_AnUntimedCallIsNeverSlow) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_is_failure = true;
  TestCircuit circuit(policy);
  Outcome outcome = Outcome::Success();
  outcome.timed = false;
  Permit measured = circuit.Acquire();
  circuit.Advance(absl::Hours(1));
  measured.Record(outcome);
  circuit.CallThatTook(absl::Hours(1), outcome);
  EXPECT_EQ(circuit->Snapshot().totals.success, 2);
  EXPECT_EQ(circuit->Snapshot().totals.slow, 0);
}

TEST(CircuitBreaker, R13_LatencyComesFromTheInjectedClockUnlessGiven) {
  TestCircuit circuit(SlowCallRatePolicy(1.0, 10));
  Permit slow = circuit.Acquire();
  Permit fast = circuit.Acquire();
  Permit told = circuit.Acquire();
  circuit.Advance(absl::Seconds(1) - absl::Nanoseconds(1));
  fast.RecordSuccess();
  circuit.Advance(absl::Nanoseconds(1));
  slow.RecordSuccess();
  Outcome outcome = Outcome::Success();
  outcome.latency = absl::ZeroDuration();
  told.Record(outcome);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 3);
  EXPECT_EQ(circuit->Snapshot().window.slow, 1);
}

}  // namespace
}  // namespace fusebox
