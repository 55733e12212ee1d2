// SPDX-License-Identifier: Apache-2.0
//
// Another policy for a circuit that is in use (rule R10).
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

const Operator kOncall = Operator("oncall").Because("a stricter one");

void SetPolicy(TestCircuit& circuit, const Policy& policy) {
  EXPECT_TRUE(circuit->SetPolicy(policy, kOncall).ok());
}

Policy StrictPolicy() {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1;
  return policy;
}

TEST(CircuitBreaker, R10_TheNewPolicyIsInForceWholeAndTheWindowIsEmpty) {
  TestCircuit circuit;
  circuit.Succeed(4);
  circuit.Fail(2);
  SetPolicy(circuit, StrictPolicy());
  CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.policy, StrictPolicy());
  EXPECT_EQ(snapshot.state, State::kClosed);
  EXPECT_EQ(snapshot.window.recorded, 0);
  EXPECT_EQ(snapshot.consecutive_failures, 0);
  EXPECT_EQ(snapshot.totals.success, 4);
  EXPECT_EQ(snapshot.totals.failure, 2);
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R10_AnEventSaysWhoAndWhy) {
  TestCircuit circuit;
  SetPolicy(circuit, StrictPolicy());
  ASSERT_EQ(circuit.events().size(), 1U);
  const Event& event = circuit.events().front();
  EXPECT_EQ(event.kind, EventKind::kPolicyChanged);
  EXPECT_EQ(event.cause, Cause::kPolicyChanged);
  EXPECT_EQ(event.from, State::kClosed);
  EXPECT_EQ(event.to, State::kClosed);
  EXPECT_EQ(event.actor, "oncall");
  EXPECT_EQ(event.detail, "a stricter one");
  EXPECT_EQ(event.epoch, 2U);
}

TEST(CircuitBreaker, R10_IsReplacedOnlyIfItIsTheExpectedOne) {
  TestCircuit circuit;
  EXPECT_TRUE(circuit->ReplacePolicy(SmallPolicy(), StrictPolicy(), kOncall).ok());
  EXPECT_EQ(circuit->Snapshot().policy, StrictPolicy());
  const uint64_t epoch = circuit->Snapshot().epoch;

  Policy third = SmallPolicy();
  third.consecutive_failures = 7;
  EXPECT_EQ(circuit->ReplacePolicy(SmallPolicy(), third, kOncall).code(),
            absl::StatusCode::kAborted);
  EXPECT_EQ(circuit->Snapshot().policy, StrictPolicy());
  EXPECT_EQ(circuit->Snapshot().epoch, epoch);

  Policy bad = SmallPolicy();
  bad.jitter = 1;
  EXPECT_EQ(circuit->ReplacePolicy(StrictPolicy(), bad, kOncall), Validate(bad));
  EXPECT_EQ(circuit->Snapshot().policy, StrictPolicy());
}

TEST(CircuitBreaker, R10_R11_AnInvalidPolicyLeavesAllAsItWas) {
  TestCircuit circuit;
  circuit.Fail(2);
  Permit out = circuit.Acquire();
  Policy invalid = StrictPolicy();
  invalid.jitter = 1;
  invalid.ramp = Ramp{absl::ZeroDuration(), 0};
  EXPECT_EQ(circuit->SetPolicy(invalid, kOncall), Validate(invalid));
  EXPECT_TRUE(circuit.events().empty());
  EXPECT_EQ(circuit->Snapshot().policy, SmallPolicy());
  EXPECT_EQ(circuit->Snapshot().epoch, 1U);
  out.RecordFailure();  // the third in a row, still
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R10_ARunningOpeningKeepsItsLengthAndTheNextHasTheNewOne) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(4));
  Policy longer = SmallPolicy();
  longer.open_duration = absl::Seconds(60);
  SetPolicy(circuit, longer);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(6));
  circuit.WaitUntilHalfOpen();
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(60));
}

TEST(CircuitBreaker, R10_AForcedOpeningStaysForced) {
  TestCircuit circuit;
  EXPECT_TRUE(circuit->ForceOpen(kOncall, absl::Minutes(5)).ok());
  SetPolicy(circuit, StrictPolicy());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);
  EXPECT_EQ(circuit->TryAcquire().retry_after(), absl::Minutes(5));
}

TEST(CircuitBreaker, R10_HalfOpenStartsAnewWithItsFirstProbe) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed();
  Permit late = circuit.Acquire();
  Policy one_place = SmallPolicy();
  one_place.half_open.max_concurrent = 1;
  SetPolicy(circuit, one_place);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 0);
  Permit probe = circuit.Acquire();
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  EXPECT_TRUE(late.RecordFailure());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_FALSE(circuit->TryAcquire().admitted());  // the late one freed no place
  probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R10_ARampGoesBackToProbing) {
  Policy ramped = SmallPolicy();
  ramped.ramp = Ramp{absl::Seconds(10), 0.5};
  TestCircuit circuit(ramped);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
  EXPECT_TRUE(circuit->Snapshot().ramping);
  SetPolicy(circuit, SmallPolicy());
  EXPECT_FALSE(circuit->Snapshot().ramping);
  circuit.Advance(absl::Hours(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R10_TheBackoffIsKept) {
  Policy doubling = SmallPolicy();
  doubling.backoff_multiplier = 2;
  TestCircuit circuit(doubling);
  circuit.OpenAndWaitUntilHalfOpen();
  SetPolicy(circuit, doubling);
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
}

TEST(CircuitBreaker, R10_ModesStay) {
  TestCircuit circuit;
  circuit->Shadow(kOncall);
  SetPolicy(circuit, StrictPolicy());
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kShadow);
  circuit->Disable(kOncall);
  SetPolicy(circuit, SmallPolicy());
  circuit.Fail(10);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kDisabled);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

// A call whose start nobody wanted to know is neither fast nor slow by a later policy, whichever
// way it was admitted.
TEST(CircuitBreaker, R10_ACallThatBeganUntimedIsNeverSlow) {
  for (const bool limited : {false, true}) {
    Policy policy = SmallPolicy();
    if (limited) policy.max_in_flight = 100;
    TestCircuit circuit(policy);
    Permit late = circuit.Acquire();
    circuit.Advance(absl::Hours(1));
    policy.slow_call_duration = absl::Seconds(1);
    SetPolicy(circuit, policy);
    Permit timed = circuit.Acquire();
    circuit.Advance(absl::Seconds(1));
    late.RecordSuccess();
    EXPECT_EQ(circuit->Snapshot().totals.slow, 0);
    timed.RecordSuccess();
    EXPECT_EQ(circuit->Snapshot().totals.slow, 1);
  }
}

}  // namespace
}  // namespace fusebox
