// SPDX-License-Identifier: Apache-2.0
//
// What is counted and shown (rule R9).
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

std::string KeptOf(const std::string& message) {
  TestCircuit circuit;
  circuit.Call(Outcome::Failure(14, message));
  return circuit->Snapshot().last_failure->message;
}

TEST(Snapshot, R9_OfAFreshCircuit) {
  TestCircuit circuit(SmallPolicy(), "shop/shop.Inventory/Reserve");
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.name, "shop/shop.Inventory/Reserve");
  EXPECT_EQ(snapshot.state, State::kClosed);
  EXPECT_EQ(snapshot.policy->consecutive_failures, 3);
  EXPECT_EQ(snapshot.policy->open_duration, absl::Seconds(10));
  EXPECT_EQ(snapshot.totals.success + snapshot.totals.failure + snapshot.totals.ignored, 0);
  EXPECT_EQ(snapshot.totals.slow + snapshot.totals.rejected + snapshot.totals.opened, 0);
  EXPECT_EQ(snapshot.totals.transitions, Totals().transitions);
  EXPECT_EQ(snapshot.in_flight, 0);
  EXPECT_EQ(snapshot.probes_in_flight, 0);
  EXPECT_EQ(snapshot.window.recorded, 0);
  EXPECT_FALSE(snapshot.last_failure.has_value());
  EXPECT_FALSE(snapshot.last_transition.has_value());
  EXPECT_FALSE(snapshot.next_probe.has_value());
}

TEST(Snapshot, R9_TotalsByOutcome) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  TestCircuit circuit(policy);
  circuit.Succeed(4);
  circuit.CallThatTook(absl::Seconds(1), Outcome::Success());
  circuit.Ignore(3);
  circuit.Fail(1);
  circuit.CallThatTook(absl::Seconds(1), Outcome::Failure());
  const Totals totals = circuit->Snapshot().totals;
  EXPECT_EQ(totals.success, 5);
  EXPECT_EQ(totals.failure, 2);
  EXPECT_EQ(totals.ignored, 3);
  EXPECT_EQ(totals.slow, 2);
  EXPECT_EQ(totals.rejected, 0);
}

TEST(Snapshot, R9_RejectedCountsBothKinds) {
  TestCircuit circuit;
  circuit.Open();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit.Advance(absl::Seconds(10));
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(circuit->TryAcquire().admitted());
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 9);
}

TEST(Snapshot, R9_InFlightIsPermitsThatAreOutOfWhateverEpoch) {
  TestCircuit circuit;
  std::vector<Permit> calls = circuit.AcquireMany(5);
  circuit.OpenAndWaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(1);
  EXPECT_EQ(circuit->Snapshot().in_flight, 6);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 1);
  calls.clear();
  EXPECT_EQ(circuit->Snapshot().in_flight, 1);
}

TEST(Snapshot, R9_TransitionsByFromAndTo) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Fail();
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  circuit.Open();
  const Totals totals = circuit->Snapshot().totals;
  EXPECT_EQ(totals.Transitions(State::kClosed, State::kOpen), 2);
  EXPECT_EQ(totals.Transitions(State::kOpen, State::kHalfOpen), 2);
  EXPECT_EQ(totals.Transitions(State::kHalfOpen, State::kOpen), 1);
  EXPECT_EQ(totals.Transitions(State::kHalfOpen, State::kClosed), 1);
  EXPECT_EQ(totals.Transitions(State::kOpen, State::kClosed), 0);
  EXPECT_EQ(totals.opened, 3);
}

TEST(Snapshot, R9_AResetOfAClosedCircuitIsNoTransition) {
  TestCircuit circuit;
  circuit->Reset(Operator("oncall").Because("why"));
  EXPECT_EQ(circuit->Snapshot().totals.transitions, Totals().transitions);
  EXPECT_FALSE(circuit->Snapshot().last_transition.has_value());
}

TEST(Snapshot, R9_LastFailureIsTheLatestOne) {
  TestCircuit circuit;
  circuit.Call(Outcome::Failure(14, "refused"));
  circuit.Advance(absl::Seconds(5));
  const absl::Time at = circuit.clock().WallNow();
  circuit.Call(Outcome::Failure(4, "timed out"));
  circuit.Advance(absl::Seconds(5));
  circuit.Succeed();
  circuit.Ignore();
  const LastFailure last = *circuit->Snapshot().last_failure;
  EXPECT_EQ(last.time, at);
  EXPECT_EQ(last.code, 4);
  EXPECT_EQ(last.message, "timed out");
}

TEST(Snapshot, R9_LastFailureSurvivesTransitionsAndResets) {
  TestCircuit circuit;
  circuit.Call(Outcome::Failure(14, "refused"), 3);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  circuit->Reset(Operator("oncall").Because("why"));
  EXPECT_EQ(circuit->Snapshot().last_failure->message, "refused");
}

TEST(Snapshot, R9_LastFailuresMessageIsOwnedByTheCircuit) {
  TestCircuit circuit;
  {
    const std::string passing = "a message that lives no longer than the record of it";
    circuit.Call(Outcome::Failure(14, passing));
  }
  EXPECT_EQ(circuit->Snapshot().last_failure->message,
            "a message that lives no longer than the record of it");
}

TEST(Snapshot, R9_LastFailuresMessageIsCutTo256Bytes) {
  EXPECT_EQ(kMaxFailureMessageBytes, 256U);
  EXPECT_EQ(KeptOf(std::string(256, 'x')), std::string(256, 'x'));
  EXPECT_EQ(KeptOf(std::string(257, 'x')), std::string(256, 'x'));
  EXPECT_EQ(KeptOf(std::string(100'000, 'x')), std::string(256, 'x'));
}

TEST(Snapshot, R9_TheCutFallsBetweenCharacters) {
  const std::string euro = "\xE2\x82\xAC";
  EXPECT_EQ(KeptOf(std::string(253, 'x') + euro + "x"), std::string(253, 'x') + euro);
  EXPECT_EQ(KeptOf(std::string(254, 'x') + euro), std::string(254, 'x'));
  EXPECT_EQ(KeptOf(std::string(255, 'x') + euro), std::string(255, 'x'));
  EXPECT_EQ(KeptOf(std::string(256, 'x') + euro), std::string(256, 'x'));
}

TEST(Snapshot, R9_LastFailuresMessageCanBeShown) {
  EXPECT_EQ(KeptOf("a\x1b[2J\u202e\xff"), "a\\x1b[2J\\u202e\\xff");
  EXPECT_EQ(KeptOf(std::string(100'000, '\n')).size(), 256U);
}

TEST(Snapshot, R9_WhoAndWhyCanBeShown) {
  TestCircuit circuit;
  const Operator by = Operator("on\ncall\u202e" + std::string(1'000, 'o'))
                          .Because("w\xffhy" + std::string(1'000, 'y'));
  const auto expect_kept = [&] {
    const std::optional<Move> action = circuit->Snapshot().last_action;
    ASSERT_TRUE(action);
    EXPECT_EQ(action->actor, "on\\x0acall\\u202e" + std::string(240, 'o'));
    EXPECT_EQ(action->detail, "w\\xffhy" + std::string(493, 'y'));
    circuit->Reset({});
    EXPECT_EQ(circuit->Snapshot().last_action->detail, "");
  };
  circuit->Reset(by);
  expect_kept();
  EXPECT_TRUE(circuit->ForceOpen(by).ok());
  expect_kept();
  circuit->Disable(by);
  expect_kept();
  circuit->Shadow(by);
  expect_kept();
  circuit->Disable({});
  circuit->Automate(by);
  expect_kept();
  Policy policy;
  EXPECT_TRUE(circuit->SetPolicy(policy, by).ok());
  expect_kept();
  EXPECT_TRUE(circuit->ReplacePolicy(policy, Policy::Database(), by).ok());
  expect_kept();
}

TEST(Snapshot, R9_LastTransitionIsItsTime) {
  TestCircuit circuit;
  circuit.Advance(absl::Seconds(3));
  circuit.Open();
  const absl::Time opened = circuit.clock().WallNow();
  circuit.Advance(absl::Seconds(4));
  EXPECT_EQ(circuit->Snapshot().last_transition, opened);
  circuit.Advance(absl::Seconds(6));
  circuit.Succeed(2);
  EXPECT_EQ(circuit->Snapshot().last_transition, circuit.clock().WallNow());
}

TEST(Snapshot, R9_LastOpeningSaysWhyAndStaysWhenItIsOver) {
  TestCircuit circuit;
  EXPECT_FALSE(circuit->Snapshot().last_opening.has_value());
  const absl::Time start = circuit.clock().WallNow();
  circuit.Advance(absl::Seconds(1));
  circuit.OpenAndWaitUntilHalfOpen();
  const std::optional<Move> move = circuit->Snapshot().last_opening;
  ASSERT_TRUE(move.has_value());
  EXPECT_EQ(move->cause, Cause::kConsecutiveFailures);
  EXPECT_EQ(move->time, start + absl::Seconds(1));
  EXPECT_EQ(move->detail, "3 failures in a row >= 3");
  EXPECT_EQ(move->actor, "");
  EXPECT_FALSE(circuit->Snapshot().last_action.has_value());
}

TEST(Snapshot, R9_LastActionSaysWhoAndWhy) {
  TestCircuit circuit;
  ASSERT_TRUE(circuit->ForceOpen(Operator("deploy").Because("migrating"), absl::Seconds(5)).ok());
  CircuitSnapshot snapshot = circuit->Snapshot();
  ASSERT_TRUE(snapshot.last_action.has_value());
  EXPECT_EQ(snapshot.last_action->cause, Cause::kForcedOpen);
  EXPECT_EQ(snapshot.last_action->actor, "deploy");
  EXPECT_EQ(snapshot.last_action->detail, "migrating");
  ASSERT_TRUE(snapshot.last_opening.has_value());
  EXPECT_EQ(snapshot.last_opening->actor, "deploy");

  // A time to live that ends is nobody's action; a policy change is one, and no opening.
  circuit.Advance(absl::Seconds(5));
  EXPECT_EQ(circuit->Snapshot().last_action->cause, Cause::kForcedOpen);
  ASSERT_TRUE(
      circuit->SetPolicy(Policy(), Operator("oncall").Because("back to the defaults")).ok());
  snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.last_action->cause, Cause::kPolicyChanged);
  EXPECT_EQ(snapshot.last_opening->cause, Cause::kForcedOpen);
}

TEST(Snapshot, R9_AnOpeningOnTheWayToAnActionIsNotTheOperators) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit probe = circuit.Acquire();
  circuit.AdvanceLooking(absl::Seconds(60));  // it has hung
  circuit->Disable(Operator("oncall").Because("no time for probes"));
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.last_opening->cause, Cause::kProbeTimeout);
  EXPECT_EQ(snapshot.last_opening->actor, "");
  EXPECT_EQ(snapshot.last_action->actor, "oncall");
}

TEST(Snapshot, R9_NextProbeIsShownWhileOpenAlone) {
  TestCircuit circuit;
  EXPECT_FALSE(circuit->Snapshot().next_probe.has_value());
  circuit.Open();
  const absl::Time opened = circuit.clock().WallNow();
  circuit.Advance(absl::Seconds(4));
  EXPECT_EQ(circuit->Snapshot().next_probe, opened + absl::Seconds(10));
  circuit.Advance(absl::Seconds(6));
  EXPECT_FALSE(circuit->Snapshot().next_probe.has_value());
  circuit.Succeed(2);
  EXPECT_FALSE(circuit->Snapshot().next_probe.has_value());
}

TEST(Snapshot, R9_WindowAndRunAreShownWhileClosedAlone) {
  TestCircuit circuit;
  circuit.Succeed();
  circuit.Fail(2);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 3);
  EXPECT_EQ(circuit->Snapshot().window.failures, 2);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  circuit.Fail();
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed();
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
}

TEST(Snapshot, R9_IsAValueThatOutlivesTheCircuit) {
  CircuitSnapshot snapshot;
  {
    TestCircuit circuit;
    circuit.Call(Outcome::Failure(14, "refused"), 3);
    snapshot = circuit->Snapshot();
  }
  EXPECT_EQ(snapshot.name, "circuit");
  EXPECT_EQ(snapshot.last_failure->message, "refused");
  EXPECT_EQ(snapshot.state, State::kOpen);
}

TEST(CircuitBreaker, CreateRefusesAnEmptyName) {
  const auto made = CircuitBreaker::Create("");
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(made.status().message(), "invalid circuit: name = \"\", must not be empty");
}

TEST(CircuitBreaker, TheRealClockByDefault) {
  EXPECT_EQ(&CircuitBreaker::Create("circuit").value()->clock(), &Clock::Real());
  CircuitBreaker::Options options;
  options.clock = nullptr;
  EXPECT_EQ(&CircuitBreaker::Create("circuit", Policy(), options).value()->clock(), &Clock::Real());
}

TEST(CircuitBreaker, R11_CreateRefusesAnInvalidPolicy) {
  Policy policy;
  policy.jitter = 1;
  const auto made = CircuitBreaker::Create("circuit", policy);
  EXPECT_EQ(made.status(), Validate(policy));
  EXPECT_FALSE(made.ok());
}

TEST(CircuitBreaker, CreateOnTheRealClockByDefault) {
  const auto breaker = CircuitBreaker::Create("circuit").value();
  EXPECT_EQ(breaker->name(), "circuit");
  EXPECT_EQ(&breaker->clock(), &Clock::Real());
  EXPECT_EQ(breaker->state(), State::kClosed);
}

TEST(StateName, NamesEachState) {
  EXPECT_EQ(StateName(State::kClosed), "CLOSED");
  EXPECT_EQ(StateName(State::kOpen), "OPEN");
  EXPECT_EQ(StateName(State::kHalfOpen), "HALF_OPEN");
}

}  // namespace
}  // namespace fusebox
