// SPDX-License-Identifier: Apache-2.0
//
// Streams: a message stops the clocks (R5, R14), and a first message that was a success can be
// taken back (C6).
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::NoRulePolicy;
using fusebox_testing::ProbeCallsPolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

Outcome Broken() { return Outcome::Failure(14, "stream broke"); }

FirstMessage Stream(TestCircuit& circuit) { return circuit.Acquire().RecordFirstMessage(); }

// ---- A message received.

TEST(ReceiveMessage, R5_AProbeWithAMessageDoesNotTimeOut) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit stream = circuit.Acquire();
  stream.ReceiveMessage();
  circuit.Advance(absl::Hours(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(ReceiveMessage, R5_AMessageIsAProbesSuccess) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> streams = circuit.AcquireMany(2);
  for (Permit& stream : streams) stream.ReceiveMessage();
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().in_flight, 2);
  EXPECT_EQ(circuit->Snapshot().totals.success, 0);
}

TEST(ReceiveMessage, R5_AMessageFreesTheProbesPlace) {
  Policy policy = SmallPolicy();
  policy.half_open.max_concurrent = 1;
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  Permit stream = circuit.Acquire();
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  stream.ReceiveMessage();
  EXPECT_TRUE(circuit->TryAcquire().admitted());
}

TEST(ReceiveMessage, R5_AProbeThatFailsAfterItsMessageFailsTheVerdict) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit stream = circuit.Acquire();
  stream.ReceiveMessage();
  stream.Record(Broken());
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kProbeFailed);
}

TEST(ReceiveMessage, R5_SecondMessagesAndTheStatusAddNothing) {
  TestCircuit circuit(ProbeCallsPolicy(3, 0.5));
  circuit.OpenAndWaitUntilHalfOpen();
  Permit stream = circuit.Acquire();
  stream.ReceiveMessage();
  stream.ReceiveMessage();
  stream.RecordSuccess();
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(ReceiveMessage, R7_TheStatusOfAProbeIsStaleOnceTheCircuitHasClosed) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> streams = circuit.AcquireMany(2);
  for (Permit& stream : streams) stream.ReceiveMessage();
  for (Permit& stream : streams) stream.Record(Broken());
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 5);
}

TEST(ReceiveMessage, R14_AStreamWithAMessageIsNotHung) {
  Policy policy = NoRulePolicy();
  policy.hung_calls = HungCalls{2, absl::Seconds(8)};
  TestCircuit circuit(policy);
  std::vector<Permit> streams = circuit.AcquireMany(10);
  for (Permit& stream : streams) stream.ReceiveMessage();
  for (int i = 0; i < 100; ++i) {
    circuit.Advance(absl::Seconds(1));
    circuit.Ignore();
  }
  EXPECT_EQ(circuit->state(), State::kClosed);
  for (Permit& stream : streams) stream.RecordSuccess();
  EXPECT_EQ(circuit->Snapshot().window.recorded, 10);
}

TEST(ReceiveMessage, AnEmptyPermitTakesNoNotice) {
  Permit none;
  none.ReceiveMessage();
  const FirstMessage first = none.RecordFirstMessage();
  TestCircuit circuit;
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 1);
}

// ---- A first message recorded as success.

TEST(FirstMessage, C6_AServerThatBreaksEveryStreamAfterItsMessagesOpensTheCircuit) {
  TestCircuit circuit;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(circuit->state(), State::kClosed);
    circuit->ReportFailure(Broken(), Stream(circuit));
  }
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(FirstMessage, C6_SoDoesOneThatBreaksThemSeveralAtTheSameTime) {
  TestCircuit circuit;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(circuit->state(), State::kClosed);
    const FirstMessage a = Stream(circuit);
    const FirstMessage b = Stream(circuit);
    circuit->ReportFailure(Broken(), a);
    circuit->ReportFailure(Broken(), b);
  }
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(FirstMessage, C6_EndsTheRunUnlessItsStreamFails) {
  TestCircuit circuit;
  circuit.Fail(2);
  const FirstMessage first = Stream(circuit);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  circuit.Fail();
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 1);
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().last_opening->detail, "4 failures in a row >= 3");
}

TEST(FirstMessage, C6_AfterAnotherSuccessItsFailureIsOneMore) {
  TestCircuit circuit;
  circuit.Fail(2);
  const FirstMessage first = Stream(circuit);
  circuit.Succeed();
  circuit.Fail();
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
}

TEST(FirstMessage, C6_InTheWindowTheSuccessBecomesAFailure) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 4;
  policy.window = CountWindow{4};
  TestCircuit circuit(policy);
  const FirstMessage first = Stream(circuit);
  circuit.Succeed(3);
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 4);
  EXPECT_EQ(circuit->Snapshot().window.failures, 1);
  circuit.Succeed();  // the first entry goes
  EXPECT_EQ(circuit->Snapshot().window.failures, 0);
}

TEST(FirstMessage, C6_OrAFailureIsAddedIfTheWindowHasLetGoOfIt) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 4;
  policy.window = TimeWindow{absl::Seconds(10), 10};
  TestCircuit circuit(policy);
  const FirstMessage gone = Stream(circuit);
  circuit.Advance(absl::Seconds(10));
  const FirstMessage there = Stream(circuit);
  circuit->ReportFailure(Broken(), gone);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 2);
  EXPECT_EQ(circuit->Snapshot().window.failures, 1);
  circuit.Advance(absl::Seconds(9));
  circuit->ReportFailure(Broken(), there);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 2);
  EXPECT_EQ(circuit->Snapshot().window.failures, 2);
  circuit.Advance(absl::Seconds(1));  // both were of the first second
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  EXPECT_EQ(circuit->Snapshot().window.failures, 0);
}

TEST(FirstMessage, C6_InALaterEpochItIsOneMoreFailure) {
  TestCircuit circuit;
  const FirstMessage first = Stream(circuit);
  circuit->Reset(Operator("oncall").Because("drill"));
  circuit.Fail();
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 2);
}

TEST(FirstMessage, C6_AmongTheProbesItsFailureFailsTheVerdict) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const FirstMessage first = Stream(circuit);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(FirstMessage, R8_OfAStreamThatOnlyShadowModeAdmittedIsKeptFromTheMachine) {
  TestCircuit circuit;
  circuit->Shadow(Operator("oncall").Because("drill"));
  circuit.Fail(3);
  const FirstMessage first = Stream(circuit);
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 1);
  circuit->Reset(Operator("oncall").Because("drill"));
  circuit->ReportFailure(Broken(), first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  EXPECT_EQ(circuit->Snapshot().totals.failure, 4);
}

// ---- A probe that was cancelled.

TEST(CancelledProbe, R5_CountsAsAFailureAfterASecond) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Call(Outcome::Cancelled(absl::Milliseconds(999)));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 1);
  circuit.Call(Outcome::Cancelled(absl::Seconds(1)));
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.moves().back().detail,
            "a probe failed after 0 of 2 successes, cancelled by its caller after 1s");
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 1);
  EXPECT_EQ(circuit->Snapshot().last_failure->code, 1);
}

TEST(CancelledProbe, R5_OfACircuitWhoseCallsTakeLongOnlyAfterTenTimesAsLong) {
  Policy policy = SmallPolicy();
  policy.half_open.max_concurrent = 3;
  TestCircuit circuit(policy);
  // The first call is among those whose latency is noted.
  Permit call = circuit.Acquire();
  circuit.Advance(absl::Milliseconds(500));
  call.RecordSuccess();
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Call(Outcome::Cancelled(absl::Milliseconds(4999)));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Call(Outcome::Cancelled(absl::Seconds(5)));
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CancelledProbe, R5_OrAfterHalfTheProbeTimeout) {
  Policy policy = SmallPolicy();
  policy.half_open.probe_timeout = absl::Seconds(1);
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  Permit probe = circuit.Acquire();
  circuit.Advance(absl::Milliseconds(500));
  probe.Record(Outcome::Cancelled());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CancelledProbe, R5_IsIgnoredOnceItHasReceivedAMessage) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit probe = circuit.Acquire();
  probe.ReceiveMessage();
  probe.Record(Outcome::Cancelled(absl::Hours(1)));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CancelledProbe, C2_ACancelledCallOfAClosedCircuitIsIgnored) {
  TestCircuit circuit;
  circuit.Call(Outcome::Cancelled(absl::Hours(1)), 10);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 10);
}

TEST(CancelledProbe, R5_AStatusThatSaysCancelledIsOne) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit probe = circuit.Acquire();
  circuit.Advance(absl::Seconds(2));
  probe.Record(Outcome::FromStatus(absl::CancelledError("the user has left")));
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().last_failure->message, "the user has left");
}

}  // namespace
}  // namespace fusebox
