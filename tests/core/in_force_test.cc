// SPDX-License-Identifier: Apache-2.0
//
// Which policy a circuit goes by, of one that leaves things unset (rule R19), through the breaker.
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::TestCircuit;

Operator Someone() { return Operator("oncall").Because("a test"); }

TEST(CircuitBreaker, R19_TheDefaultNeedsNoNumbers) {
  TestCircuit circuit{Policy()};
  EXPECT_EQ(circuit->Snapshot().policy, Policy::Adaptive());
  for (int call = 0; call < 3; ++call) {
    EXPECT_EQ(circuit->state(), State::kClosed);
    circuit.Advance(absl::Seconds(2));
    circuit.Fail();
  }
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().last_opening->cause, Cause::kImprobableRun);
  // Not for 30 s: a second later a probe has gone out, and slow start is on.
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
}

TEST(CircuitBreaker, R19_CreateWithoutAPolicyHasTheDefault) {
  EXPECT_EQ(CircuitBreaker::Create("circuit").value()->Snapshot().policy, Policy::Adaptive());
}

TEST(CircuitBreaker, R19_ARateOpensByItself) {
  Policy policy;
  policy.failure_rate = 0.5;
  TestCircuit circuit(policy);
  circuit.Succeed(20);
  circuit.Fail(19);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->Snapshot().last_opening->cause, Cause::kFailureRate);
}

TEST(CircuitBreaker, R19_WithoutARuleItIsFiveInARow) {
  Policy policy;
  policy.open_duration = absl::Seconds(5);
  policy.jitter = 0;
  TestCircuit circuit(policy);
  circuit.Fail(4);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail();
  EXPECT_EQ(circuit->Snapshot().last_opening->cause, Cause::kConsecutiveFailures);
  circuit.Advance(absl::Seconds(5));
  circuit.Succeed(3);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R19_SaysWhatIsInForce) {
  Policy policy;
  policy.open_duration = absl::Seconds(5);
  TestCircuit circuit(policy);
  EXPECT_EQ(circuit->Snapshot().policy, policy.InForce());
  EXPECT_NE(circuit->Snapshot().policy, policy);
  policy.failure_rate = 0.5;
  ASSERT_TRUE(circuit->SetPolicy(policy, Someone()).ok());
  EXPECT_EQ(circuit->Snapshot().policy, policy.InForce());
  ASSERT_TRUE(circuit->SetPolicy(Policy(), Someone()).ok());
  EXPECT_EQ(circuit->Snapshot().policy, Policy::Adaptive());
  // What it shows, is the same again.
  ASSERT_TRUE(circuit->SetPolicy(circuit->Snapshot().policy, Someone()).ok());
  EXPECT_EQ(circuit->Snapshot().policy, Policy::Adaptive());
}

TEST(CircuitBreaker, R19_TheExpectedPolicyMayLeaveThingsUnset) {
  TestCircuit circuit{Policy()};
  Policy mine;
  mine.consecutive_failures = 7;
  EXPECT_TRUE(circuit->ReplacePolicy(Policy(), mine, Someone()).ok());
  EXPECT_EQ(circuit->Snapshot().policy, mine.InForce());
  EXPECT_TRUE(absl::IsAborted(circuit->ReplacePolicy(Policy(), mine, Someone())));
  EXPECT_TRUE(circuit->ReplacePolicy(mine, Policy::Fixed(), Someone()).ok());
}

TEST(CircuitRegistry, R19_CircuitsSayWhatIsInForce) {
  CircuitRegistry registry;
  Policy mine;
  mine.open_duration = absl::Seconds(5);
  // The second of each finds the policy of the first.
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(registry.GetOrCreate(name, Policy()).value()->Snapshot().policy, Policy::Adaptive());
  }
  for (const char* name : {"c", "d"}) {
    EXPECT_EQ(registry.GetOrCreate(name, mine).value()->Snapshot().policy, mine.InForce());
  }
}

}  // namespace
}  // namespace fusebox
