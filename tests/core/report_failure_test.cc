// SPDX-License-Identifier: Apache-2.0
//
// A failure that belongs to no permit (CircuitBreaker::ReportFailure, rule C6).
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

Outcome Broken() { return Outcome::Failure(14, "stream broke"); }

TEST(ReportFailure, C6_CountsAsOneMoreFailedCall) {
  TestCircuit circuit;
  circuit.Fail(2);
  circuit->ReportFailure(Broken());
  EXPECT_EQ(circuit->state(), State::kOpen);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.totals.failure, 3);
  EXPECT_EQ(snapshot.in_flight, 0);
  EXPECT_EQ(snapshot.last_failure->code, 14);
  EXPECT_EQ(snapshot.last_failure->message, "stream broke");
  EXPECT_EQ(circuit.moves().back().cause, Cause::kConsecutiveFailures);
}

TEST(ReportFailure, C6_IsInTheWindow) {
  Policy policy = SmallPolicy();
  policy.failures_in_window = 2;
  TestCircuit circuit(policy);
  circuit->ReportFailure(Broken());
  circuit.Succeed(5);
  EXPECT_EQ(circuit->Snapshot().window.failures, 1);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 6);
  circuit->ReportFailure(Broken());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(ReportFailure, C6_DecidesNothingWhileOpenOrProbing) {
  TestCircuit circuit;
  circuit.Open();
  circuit->ReportFailure(Broken());
  circuit.WaitUntilHalfOpen();
  circuit->ReportFailure(Broken());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 5);
}

TEST(ReportFailure, C6_CountsOnTheRamp) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1;
  policy.ramp = Ramp{absl::Seconds(10), 1};
  TestCircuit circuit(policy);
  circuit.Fail();
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  ASSERT_TRUE(circuit->Snapshot().ramping);
  circuit->ReportFailure(Broken());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(ReportFailure, C6_IsForTheTotalsAloneWhileDisabled) {
  TestCircuit circuit;
  circuit->Disable(Operator("oncall").Because("noise"));
  for (int i = 0; i < 10; ++i) circuit->ReportFailure(Broken());
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 10);
}

TEST(ReportFailure, R4_ItsPushbackCounts) {
  TestCircuit circuit;
  circuit.Fail(2);
  Outcome outcome = Broken();
  outcome.pushback = absl::Seconds(40);
  circuit->ReportFailure(outcome);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(40));
}

}  // namespace
}  // namespace fusebox
