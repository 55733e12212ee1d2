// SPDX-License-Identifier: Apache-2.0
//
// What looks at the calls in flight: the limit (rule R12), and those that hang (rule R14).
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gtest/gtest.h"
#include "src/core/hung_call_slots.h"
#include "src/core/hung_call_tracker.h"
#include "src/core/stall_guard.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::NoRulePolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

constexpr uint64_t kEpoch = 3;

SteadyTime Nanos(int64_t nanos) { return SteadyTime::FromNanos(nanos); }

Policy LimitedPolicy(int64_t max_in_flight) {
  Policy policy = SmallPolicy();
  policy.max_in_flight = max_in_flight;
  return policy;
}

// 3 calls for 8 s, in slices of 1 s; no other rule.
Policy HungCallsPolicy() {
  Policy policy = NoRulePolicy();
  policy.hung_calls = HungCalls{3, absl::Seconds(8)};
  return policy;
}

RejectionReason ReasonOf(TestCircuit& circuit) {
  Admission admission = circuit->TryAcquire();
  EXPECT_FALSE(admission.admitted());
  return admission.reason();
}

TEST(CircuitBreaker, R12_TheCallBeyondTheLimitIsRejectedAndCountedApart) {
  TestCircuit circuit(LimitedPolicy(3));
  std::vector<Permit> out = circuit.AcquireMany(3);
  Admission admission = circuit->TryAcquire();
  EXPECT_FALSE(admission.admitted());
  EXPECT_EQ(admission.reason(), RejectionReason::kTooManyCalls);
  EXPECT_EQ(admission.state(), State::kClosed);
  EXPECT_EQ(admission.retry_after(), absl::ZeroDuration());
  CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.totals.too_many_calls, 1);
  EXPECT_EQ(snapshot.totals.rejected, 0);
  EXPECT_EQ(snapshot.totals.failure, 0);
  EXPECT_EQ(snapshot.window.recorded, 0);
  EXPECT_TRUE(circuit.events().empty());
  out.pop_back();
  EXPECT_TRUE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R12_StaleCallsAreInFlightToo) {
  TestCircuit circuit(LimitedPolicy(2));
  const std::vector<Permit> out = circuit.AcquireMany(2);
  circuit->Reset(Operator("oncall").Because("why"));
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kTooManyCalls);
}

TEST(CircuitBreaker, R12_OpenComesFirstAndTakesNoProbePlaceOrRampCredit) {
  Policy policy = LimitedPolicy(3);
  policy.ramp = Ramp{absl::Seconds(10), 0.5};
  TestCircuit circuit(policy);
  std::vector<Permit> hung = circuit.AcquireMany(2);
  circuit.Open();
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kOpen);
  circuit.WaitUntilHalfOpen();
  Permit probe = circuit.Acquire();
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kTooManyCalls);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 1);
  probe.RecordSuccess();
  circuit.Succeed();
  EXPECT_TRUE(circuit->Snapshot().ramping);
  // At one half every second call is admitted, however many the limit turned away in between.
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kRamping);
  Permit ramped = circuit.Acquire();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ReasonOf(circuit), RejectionReason::kTooManyCalls);
  ramped.RecordSuccess();
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kRamping);
  EXPECT_TRUE(circuit->TryAcquire().admitted());
}

TEST(CircuitBreaker, R12_R8_ShadowAdmitsAndDisabledDoesNotLook) {
  TestCircuit circuit(LimitedPolicy(1));
  circuit->Shadow(Operator("oncall").Because("why"));
  std::vector<Permit> out = circuit.AcquireMany(3);
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 2);
  EXPECT_EQ(circuit->Snapshot().totals.too_many_calls, 0);
  circuit->Disable(Operator("oncall").Because("why"));
  out.push_back(circuit.Acquire());
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 2);
}

TEST(HungCallTracker, R14_ACallIsHungOnceTheEndOfItsSliceIsTheAgeAgo) {
  // Slices of 10 ns.
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{1, absl::Nanoseconds(80)}, slots, kEpoch, Nanos(1000));
  tracker.Start(Nanos(1003));
  EXPECT_FALSE(tracker.Check(Nanos(1089)).has_value());
  ASSERT_TRUE(tracker.Check(Nanos(1090)).has_value());
  EXPECT_EQ(tracker.Check(Nanos(1090))->cause, Cause::kHungCalls);
  tracker.End(Nanos(1003), Nanos(1091));
  EXPECT_FALSE(tracker.Check(Nanos(1091)).has_value());
}

TEST(HungCallTracker, R14_CountsAcrossSlicesAndForgetsWhatEnded) {
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{3, absl::Nanoseconds(80)}, slots, kEpoch, Nanos(0));
  for (int64_t i = 0; i < 6; ++i) tracker.Start(Nanos(i * 10));
  tracker.End(Nanos(10), Nanos(60));
  EXPECT_FALSE(tracker.Check(Nanos(119)).has_value());  // hung: those of 0 and 20
  EXPECT_TRUE(tracker.Check(Nanos(120)).has_value());   // and that of 30
  tracker.End(Nanos(0), Nanos(121));
  EXPECT_FALSE(tracker.Check(Nanos(121)).has_value());
  EXPECT_TRUE(tracker.Check(Nanos(130)).has_value());
}

TEST(HungCallTracker, R14_R13_AJumpOfAnyLengthLosesNoCall) {
  for (const int64_t jump : {80, 90, 100, 111, 1'000, 1'000'000'000, 1'000'000'007}) {
    HungCallSlots slots;
    HungCallTracker tracker(HungCalls{11, absl::Nanoseconds(83)}, slots, kEpoch, Nanos(-45));
    for (int64_t i = 0; i < 11; ++i) tracker.Start(Nanos(-45 + i));
    EXPECT_FALSE(tracker.Check(Nanos(-35 + jump)).has_value()) << jump;  // armed at most
    EXPECT_EQ(tracker.Check(Nanos(-25 + jump)).has_value(), jump >= 80) << jump;
    for (int64_t i = 0; i < 11; ++i) tracker.End(Nanos(-45 + i), Nanos(-25 + jump));
    EXPECT_FALSE(tracker.Check(Nanos(jump + 1000)).has_value()) << jump;
  }
}

// What starts in the slots by itself, as calls do, without the tracker's knowing.
TEST(HungCallTracker, R14_CountsWhatStartsInTheSlotsByItself) {
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{2, absl::Nanoseconds(80)}, slots, kEpoch, Nanos(1000));
  EXPECT_TRUE(slots.Start({kEpoch, 100}));
  EXPECT_TRUE(slots.Start({kEpoch, 101}));
  EXPECT_TRUE(slots.Start({kEpoch, 101}));
  EXPECT_TRUE(slots.End({kEpoch, 101}));
  EXPECT_FALSE(tracker.Check(Nanos(1099)).has_value());
  EXPECT_TRUE(tracker.Check(Nanos(1100)).has_value());
  EXPECT_FALSE(slots.End({kEpoch, 101}));  // the tracker has it by now
  tracker.End(Nanos(1010), Nanos(1101));
  EXPECT_FALSE(tracker.Check(Nanos(1101)).has_value());
}

TEST(HungCallTracker, R14_IsQuietUntilALookCouldFindEnough) {
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{2, absl::Nanoseconds(80)}, slots, kEpoch, Nanos(1000));
  // With none out: whatever starts from now on may have looked at the clock a slice ago.
  EXPECT_EQ(tracker.QuietUntil(Nanos(1000)), Nanos(1000 + 80));
  EXPECT_TRUE(slots.Start({kEpoch, 100}));
  EXPECT_TRUE(slots.Start({kEpoch, 101}));
  EXPECT_EQ(tracker.QuietUntil(Nanos(1045)), Nanos(1020 + 80));  // when both hang
  EXPECT_FALSE(tracker.Check(Nanos(1099)).has_value());
  EXPECT_EQ(tracker.QuietUntil(Nanos(1099)), Nanos(1100));
  EXPECT_TRUE(tracker.Check(Nanos(1100)).has_value());
  EXPECT_EQ(tracker.QuietUntil(Nanos(1100)), std::nullopt);
  tracker.End(Nanos(1005), Nanos(1101));
  EXPECT_FALSE(tracker.Check(Nanos(1101)).has_value());
  // One hangs: the next one that does is enough.
  EXPECT_EQ(tracker.QuietUntil(Nanos(1101)), Nanos(1100 + 80));
}

TEST(HungCallTracker, R14_IsNotQuietWhileAFindingHasToHold) {
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{1, absl::Nanoseconds(80)}, slots, kEpoch, Nanos(1000));
  tracker.Start(Nanos(1003));
  EXPECT_FALSE(tracker.Check(Nanos(1200)).has_value());  // armed, with no look in the half age
  EXPECT_EQ(tracker.QuietUntil(Nanos(1200)), std::nullopt);
  EXPECT_TRUE(tracker.Check(Nanos(1210)).has_value());
}

TEST(HungCallTracker, R14_ALookThatIsToldOfLateCounts) {
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{1, absl::Nanoseconds(80)}, slots, kEpoch, Nanos(1000));
  tracker.Start(Nanos(1003));
  tracker.LookedAt(Nanos(1080));
  EXPECT_TRUE(tracker.Check(Nanos(1090)).has_value());
}

TEST(HungCallSlots, R14_TakesCallsOfItsSlicesAndItsEpochAlone) {
  HungCallSlots slots;
  EXPECT_FALSE(slots.Start({kEpoch, 5}));
  EXPECT_EQ(slots.Give({kEpoch, 5}), 0);
  EXPECT_TRUE(slots.Start({kEpoch, 5}));
  EXPECT_FALSE(slots.Start({kEpoch, 5 + HungCallSlots::kSlots}));
  EXPECT_FALSE(slots.Start({kEpoch + 1, 5}));
  EXPECT_FALSE(slots.End({kEpoch + 1, 5}));
  EXPECT_TRUE(slots.Holds({kEpoch, 5}));
  EXPECT_EQ(slots.Give({kEpoch, 5 + HungCallSlots::kSlots}), 1);
  EXPECT_FALSE(slots.Holds({kEpoch, 5}));
  EXPECT_FALSE(slots.End({kEpoch, 5}));
}

TEST(HungCallSlots, R14_ASealedSliceOnlyLosesCalls) {
  HungCallSlots slots;
  slots.Give({kEpoch, -3});
  EXPECT_TRUE(slots.Start({kEpoch, -3}));
  EXPECT_EQ(slots.Seal({kEpoch, -3}), 1);
  EXPECT_FALSE(slots.Start({kEpoch, -3}));
  EXPECT_TRUE(slots.StartAnyway({kEpoch, -3}));
  EXPECT_EQ(slots.Seal({kEpoch, -3}), 2);
  EXPECT_TRUE(slots.End({kEpoch, -3}));
  EXPECT_EQ(slots.Seal({kEpoch, -3}), 1);
}

// More than any process has out: they are not told apart, and nothing breaks.
TEST(HungCallSlots, R14_AFullCountStaysFull) {
  HungCallSlots slots;
  slots.Give({kEpoch, 1});
  for (uint64_t i = 0; i < HungCallSlots::kMost + 3; ++i) ASSERT_TRUE(slots.Start({kEpoch, 1}));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(slots.End({kEpoch, 1}));
  EXPECT_EQ(slots.Seal({kEpoch, 1}), static_cast<int64_t>(HungCallSlots::kMost));
  EXPECT_FALSE(slots.Start({kEpoch, 1}));
  EXPECT_FALSE(slots.Start({kEpoch, 2}));
}

TEST(StallGuard, R14_ALookThatIsToldOfLateIsALook) {
  StallGuard guard(absl::Nanoseconds(800));
  EXPECT_FALSE(guard.Look(Nanos(0), false));
  guard.LookedAt(Nanos(500));
  guard.LookedAt(Nanos(400));
  EXPECT_TRUE(guard.Look(Nanos(900), true));
}

TEST(StallGuard, R14_AFindingWithNoLookInTheHalfAgeBeforeItOnlyArms) {
  StallGuard guard(absl::Nanoseconds(800));
  EXPECT_FALSE(guard.Look(Nanos(0), false));
  EXPECT_TRUE(guard.Look(Nanos(400), true));
  EXPECT_FALSE(guard.Look(Nanos(801), true));
  EXPECT_FALSE(guard.Look(Nanos(900), true));
  EXPECT_TRUE(guard.Look(Nanos(901), true));
}

TEST(StallGuard, R14_WhatIsNoMoreSoDisarms) {
  StallGuard guard(absl::Nanoseconds(800));
  EXPECT_FALSE(guard.Look(Nanos(0), true));
  EXPECT_FALSE(guard.Look(Nanos(50), false));
  EXPECT_TRUE(guard.Look(Nanos(60), true));  // found anew, and not late
}

TEST(StallGuard, R14_TheMomentIsATenthOfASecondAtTheMost) {
  const SteadyTime start = SteadyTime() + absl::Hours(1);
  StallGuard guard(absl::Hours(24));
  EXPECT_FALSE(guard.Look(start, true));
  EXPECT_FALSE(guard.Look(start + absl::Milliseconds(99), true));
  EXPECT_TRUE(guard.Look(start + absl::Milliseconds(100), true));
}

TEST(StallGuard, R14_OnceArmedAnyLaterLookWillDo) {
  StallGuard guard(absl::Seconds(8));
  EXPECT_FALSE(guard.Look(SteadyTime(), true));
  EXPECT_TRUE(guard.Look(SteadyTime() + absl::Hours(1), true));
}

TEST(CircuitBreaker, R14_AProcessThatWasStoppedReadsItsAnswersFirst) {
  TestCircuit circuit(HungCallsPolicy());
  std::vector<Permit> out = circuit.AcquireMany(10);
  circuit.Advance(absl::Seconds(30));
  // All of them are in the socket; each is a look.
  for (Permit& permit : out) {
    EXPECT_TRUE(permit.RecordSuccess());
    circuit.Advance(absl::Milliseconds(10));
  }
  circuit.Succeed(5);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R14_CallsThatStillHangAMomentLaterOpenTheCircuit) {
  TestCircuit circuit(HungCallsPolicy());
  const std::vector<Permit> hung = circuit.AcquireMany(3);
  circuit.Advance(absl::Seconds(30));
  circuit.Ignore();
  circuit.Advance(absl::Milliseconds(99));
  circuit.Ignore();
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Advance(absl::Milliseconds(1));
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kOpen);
}

TEST(CircuitBreaker, R14_CallsThatHangOpenTheCircuitAtTheNextAcquire) {
  TestCircuit circuit(HungCallsPolicy());
  std::vector<Permit> hung = circuit.AcquireMany(3);
  circuit.Advance(absl::Seconds(9) - absl::Nanoseconds(1));
  circuit.Succeed();
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kClosed);  // no read looks
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kOpen);
  ASSERT_EQ(circuit.events().size(), 3U);
  EXPECT_EQ(circuit.events()[0].kind, EventKind::kRuleExceeded);
  EXPECT_EQ(circuit.events()[0].cause, Cause::kHungCalls);
  EXPECT_EQ(circuit.events()[0].detail, "3 calls >= 3 in flight for 8s");
  EXPECT_EQ(circuit.events()[1].kind, EventKind::kTransition);
  EXPECT_EQ(circuit.events()[2].kind, EventKind::kFirstRejection);
  // Their own results are stale.
  circuit.Advance(absl::Seconds(10));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  for (Permit& permit : hung) EXPECT_TRUE(permit.RecordFailure());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(CircuitBreaker, R14_AtTheNextRecordEvenOfAnIgnoredCall) {
  TestCircuit circuit(HungCallsPolicy());
  const std::vector<Permit> hung = circuit.AcquireMany(3);
  circuit.Advance(absl::Seconds(8));
  Permit fresh = circuit.Acquire();
  circuit.Advance(absl::Seconds(1));
  fresh.Ignore();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R14_OtherRulesComeFirst) {
  Policy policy = HungCallsPolicy();
  policy.consecutive_failures = 1;
  TestCircuit circuit(policy);
  const std::vector<Permit> hung = circuit.AcquireMany(3);
  Permit failing = circuit.Acquire();
  circuit.Advance(absl::Seconds(9));
  failing.RecordFailure();
  EXPECT_EQ(circuit.moves().back().cause, Cause::kConsecutiveFailures);
}

TEST(CircuitBreaker, R14_ACallThatReturnsInTimeDoesNotCount) {
  TestCircuit circuit(HungCallsPolicy());
  std::vector<Permit> out = circuit.AcquireMany(3);
  circuit.Advance(absl::Seconds(8));
  out[1].RecordSuccess();
  circuit.Advance(absl::Hours(1));
  circuit.Succeed(10);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R14_OnTheRampToo) {
  Policy policy = HungCallsPolicy();
  policy.ramp = Ramp{absl::Minutes(5), 1};
  TestCircuit circuit(policy);
  EXPECT_TRUE(circuit->ForceOpen(Operator("oncall").Because("why"), absl::Seconds(1)).ok());
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed(2);
  EXPECT_TRUE(circuit->Snapshot().ramping);
  const std::vector<Permit> hung = circuit.AcquireMany(3);
  circuit.AdvanceLooking(absl::Seconds(8));
  circuit.Advance(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(circuit), RejectionReason::kOpen);
  EXPECT_EQ(circuit.moves().back().from, State::kHalfOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kHungCalls);
}

TEST(CircuitBreaker, R14_NotWhileDisabled) {
  TestCircuit circuit(HungCallsPolicy());
  circuit->Disable(Operator("oncall").Because("why"));
  const std::vector<Permit> hung = circuit.AcquireMany(10);
  circuit.Advance(absl::Hours(1));
  circuit.Fail(10);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

}  // namespace
}  // namespace fusebox::internal
