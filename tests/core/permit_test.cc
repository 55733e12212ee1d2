// SPDX-License-Identifier: Apache-2.0
//
// Permits: given back exactly once, and without effect when late (rule R7); resets, which make
// them late (R8).
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::ProbeCallsPolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

void ExpectTotals(TestCircuit& circuit, int success, int failure, int ignored, int in_flight) {
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.totals.success, success);
  EXPECT_EQ(snapshot.totals.failure, failure);
  EXPECT_EQ(snapshot.totals.ignored, ignored);
  EXPECT_EQ(snapshot.in_flight, in_flight);
}

TEST(Permit, R7_AnEmptyPermitTakesNothing) {
  Permit permit;
  EXPECT_FALSE(static_cast<bool>(permit));
  EXPECT_FALSE(permit.RecordSuccess());
  EXPECT_FALSE(permit.RecordFailure());
  EXPECT_FALSE(permit.Ignore());
}

TEST(Permit, R7_TheSecondRecordIsRefusedAndChangesNothing) {
  TestCircuit circuit;
  Permit permit = circuit.Acquire();
  EXPECT_TRUE(static_cast<bool>(permit));
  EXPECT_TRUE(permit.RecordFailure());
  EXPECT_FALSE(static_cast<bool>(permit));
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(permit.RecordFailure());
    EXPECT_FALSE(permit.RecordSuccess());
    EXPECT_FALSE(permit.Ignore());
  }
  ExpectTotals(circuit, 0, 1, 0, 0);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 1);
}

TEST(Permit, R7_ADroppedPermitIsIgnored) {
  TestCircuit circuit;
  { const Permit permit = circuit.Acquire(); }
  ExpectTotals(circuit, 0, 0, 1, 0);
}

TEST(Permit, R7_ARecordedPermitIsNotIgnoredOnceMoreWhenItIsDestroyed) {
  TestCircuit circuit;
  {
    Permit permit = circuit.Acquire();
    permit.RecordSuccess();
  }
  ExpectTotals(circuit, 1, 0, 0, 0);
}

TEST(Permit, R7_ADroppedAdmissionGivesItsPermitBack) {
  TestCircuit circuit;
  {
    const Admission admission = circuit->TryAcquire();
    ExpectTotals(circuit, 0, 0, 0, 1);
  }
  ExpectTotals(circuit, 0, 0, 1, 0);
}

TEST(Permit, R7_MovingCarriesTheRightOver) {
  TestCircuit circuit;
  Permit first = circuit.Acquire();
  Permit second = std::move(first);
  EXPECT_FALSE(first.RecordFailure());  // NOLINT(bugprone-use-after-move): empty by contract
  ExpectTotals(circuit, 0, 0, 0, 1);
  EXPECT_TRUE(second.RecordSuccess());
  ExpectTotals(circuit, 1, 0, 0, 0);
}

TEST(Permit, R7_MoveAssignmentGivesTheOverwrittenPermitBack) {
  TestCircuit circuit;
  Permit kept = circuit.Acquire();
  Permit other = circuit.Acquire();
  kept = std::move(other);
  ExpectTotals(circuit, 0, 0, 1, 1);
  EXPECT_TRUE(kept.RecordSuccess());
  ExpectTotals(circuit, 1, 0, 1, 0);
  kept = Permit();
  ExpectTotals(circuit, 1, 0, 1, 0);
}

TEST(Permit, R7_MoveAssignmentToItselfKeepsThePermit) {
  TestCircuit circuit;
  Permit permit = circuit.Acquire();
  Permit& alias = permit;
  permit = std::move(alias);
  EXPECT_TRUE(static_cast<bool>(permit));
  ExpectTotals(circuit, 0, 0, 0, 1);
}

TEST(Permit, R7_MoveAssignmentFreesTheProbePlace) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  probes[0] = std::move(probes[1]);
  EXPECT_TRUE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R7_ADroppedProbeFreesItsPlace) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  for (int i = 0; i < 20; ++i) {
    const std::vector<Permit> probes = circuit.AcquireMany(2);
    EXPECT_FALSE(circuit->TryAcquire().admitted());
  }
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 40);
}

TEST(CircuitBreaker, R7_LateFailuresOfClosedDoNotProlongOpen) {
  TestCircuit circuit;
  std::vector<Permit> late = circuit.AcquireMany(10);
  circuit.Open();
  circuit.Advance(absl::Seconds(4));
  for (Permit& permit : late) EXPECT_TRUE(permit.RecordFailure());
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(6));
  EXPECT_EQ(circuit.moves().size(), 1U);
  ExpectTotals(circuit, 0, 13, 0, 0);
}

TEST(CircuitBreaker, R7_LateResultsOfClosedNeitherOpenNorCloseHalfOpen) {
  TestCircuit circuit;
  std::vector<Permit> late = circuit.AcquireMany(10);
  circuit.OpenAndWaitUntilHalfOpen();
  for (std::size_t i = 0; i < 5; ++i) late[i].RecordFailure();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  for (std::size_t i = 5; i < 10; ++i) late[i].RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.moves().size(), 2U);
}

TEST(CircuitBreaker, R7_LateResultsOfClosedFreeNoProbePlace) {
  TestCircuit circuit;
  std::vector<Permit> late = circuit.AcquireMany(10);
  circuit.OpenAndWaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  for (Permit& permit : late) permit.RecordSuccess();
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 2);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R7_LateResultsOfAnEarlierClosedDoNotTouchTheNext) {
  TestCircuit circuit;
  std::vector<Permit> late = circuit.AcquireMany(10);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
  ASSERT_EQ(circuit->state(), State::kClosed);
  circuit.Fail(2);
  for (std::size_t i = 0; i < 5; ++i) late[i].RecordFailure();
  EXPECT_EQ(circuit->state(), State::kClosed);
  for (std::size_t i = 5; i < 10; ++i) late[i].RecordSuccess();
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 2);
}

TEST(CircuitBreaker, R7_LateProbesOfAnEarlierHalfOpenDoNotTouchTheNext) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit late = circuit.Acquire();
  circuit.Fail();
  circuit.WaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  late.RecordSuccess();  // had the place that a probe of now has
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 2);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R7_ALateIgnoredProbeGivesNoAdmissionBack) {
  TestCircuit circuit(ProbeCallsPolicy(2, 0.5));
  circuit.OpenAndWaitUntilHalfOpen();
  Permit late = circuit.Acquire();
  circuit.AdvanceLooking(absl::Seconds(60));
  circuit.WaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  late.Ignore();
  EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R7_StaleResultsAddToTheTotalsAlone) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  TestCircuit circuit(policy);
  std::vector<Permit> late = circuit.AcquireMany(3);
  circuit.Open();
  const CircuitSnapshot before = circuit->Snapshot();
  Outcome slow_failure = Outcome::Failure(13, "late");
  slow_failure.latency = absl::Seconds(2);
  late[0].RecordSuccess();
  late[1].Record(slow_failure);
  late[2].Ignore();
  const CircuitSnapshot after = circuit->Snapshot();
  EXPECT_EQ(after.totals.success, before.totals.success + 1);
  EXPECT_EQ(after.totals.failure, before.totals.failure + 1);
  EXPECT_EQ(after.totals.ignored, before.totals.ignored + 1);
  EXPECT_EQ(after.totals.slow, before.totals.slow + 1);
  EXPECT_EQ(after.in_flight, 0);
  EXPECT_EQ(after.last_failure->message, before.last_failure->message);
  EXPECT_EQ(after.state, before.state);
  EXPECT_EQ(after.epoch, before.epoch);
  EXPECT_EQ(after.next_probe, before.next_probe);
  EXPECT_EQ(after.totals.transitions, before.totals.transitions);
}

TEST(CircuitBreaker, R7_TheEpochGoesUpAtEachTransitionAndReset) {
  TestCircuit circuit;
  uint64_t epoch = circuit->Snapshot().epoch;
  const auto went_up = [&] {
    const uint64_t now = circuit->Snapshot().epoch;
    return std::exchange(epoch, now) + 1 == now;
  };
  circuit.Succeed();
  circuit.Fail();
  EXPECT_FALSE(went_up());
  circuit.Fail(2);
  EXPECT_TRUE(went_up());
  circuit.Advance(absl::Seconds(10));
  EXPECT_TRUE(went_up());
  circuit.Succeed(2);
  EXPECT_TRUE(went_up());
  circuit->Reset(Operator("oncall").Because("a drill"));
  EXPECT_TRUE(went_up());
}

TEST(CircuitBreaker, R8_ResetClosesFromAnyState) {
  TestCircuit open;
  open.Open();
  open->Reset(Operator("oncall").Because("fixed"));
  EXPECT_EQ(open->state(), State::kClosed);
  EXPECT_TRUE(open->TryAcquire().admitted());

  TestCircuit half_open;
  half_open.OpenAndWaitUntilHalfOpen();
  half_open->Reset(Operator("oncall").Because("fixed"));
  EXPECT_EQ(half_open->state(), State::kClosed);
  const std::vector<Permit> permits = half_open.AcquireMany(50);
}

TEST(CircuitBreaker, R8_ResetEmptiesTheWindowAndTheRun) {
  Policy policy = SmallPolicy();
  policy.failures_in_window = 3;
  TestCircuit circuit(policy);
  circuit.Fail(2);
  circuit->Reset(Operator("oncall").Because("fixed"));
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R8_ResetStartsTheBackoffOver) {
  Policy policy = SmallPolicy();
  policy.backoff_multiplier = 2;
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
  circuit->Reset(Operator("oncall").Because("fixed"));
  circuit.Open();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
}

TEST(CircuitBreaker, R8_ResetKeepsTheTotalsAndCountsItsMove) {
  TestCircuit circuit;
  circuit.Succeed(4);
  circuit.Open();
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit->Reset(Operator("oncall").Because("fixed"));
  const Totals totals = circuit->Snapshot().totals;
  EXPECT_EQ(totals.success, 4);
  EXPECT_EQ(totals.failure, 3);
  EXPECT_EQ(totals.rejected, 1);
  EXPECT_EQ(totals.opened, 1);
  EXPECT_EQ(totals.Transitions(State::kOpen, State::kClosed), 1);
}

TEST(CircuitBreaker, R8_CallsThatWereOutAtAResetAreStale) {
  TestCircuit circuit;
  std::vector<Permit> before = circuit.AcquireMany(10);
  circuit->Reset(Operator("oncall").Because("fixed"));
  for (Permit& permit : before) permit.RecordFailure();
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
  ExpectTotals(circuit, 0, 10, 0, 0);
}

TEST(CircuitBreaker, R8_TheTimesOfAStateThatWasResetAreOver) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const Permit probe = circuit.Acquire();
  circuit->Reset(Operator("oncall").Because("fixed"));
  circuit.Advance(absl::Hours(1));
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Open();
  circuit->Reset(Operator("oncall").Because("fixed"));
  circuit.Advance(absl::Hours(1));
  EXPECT_EQ(circuit->state(), State::kClosed);
}

}  // namespace
}  // namespace fusebox
