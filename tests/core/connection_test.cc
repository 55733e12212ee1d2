// SPDX-License-Identifier: Apache-2.0
//
// Calls that aren't connected: they are no probes (rule R20), through the breaker.
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

bool Up() { return true; }
bool Down() { return false; }

void ExpectNotConnected(const Admission& admission, State state) {
  EXPECT_FALSE(admission);
  EXPECT_EQ(admission.reason(), RejectionReason::kNotConnected);
  EXPECT_EQ(admission.state(), state);
  EXPECT_EQ(admission.retry_after(), absl::ZeroDuration());
}

// HALF_OPEN, and then a call that isn't connected.
void Await(TestCircuit& circuit) {
  circuit.OpenAndWaitUntilHalfOpen();
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
}

TEST(Connection, R20_ACallWithoutOneIsNoProbe) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const int64_t rejected = circuit->Snapshot().totals.rejected;
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.state, State::kOpen);
  EXPECT_TRUE(snapshot.awaits_connection);
  EXPECT_EQ(snapshot.next_probe, std::nullopt);
  EXPECT_EQ(snapshot.probes_in_flight, 0);
  EXPECT_EQ(snapshot.in_flight, 0);
  EXPECT_EQ(snapshot.totals.rejected, rejected + 1);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kNotConnected);
}

TEST(Connection, R20_TheFirstCallWithOneIsTheProbe) {
  TestCircuit circuit;
  Await(circuit);
  circuit.clock().Advance(absl::Seconds(1));
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  Admission probe = circuit->TryAcquire(Up);
  ASSERT_TRUE(probe);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 1);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kConnected);
  probe.permit().RecordSuccess();
  circuit->TryAcquire(Up).permit().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(Connection, R20_OneThatCanTellNothingIsTheProbe) {
  TestCircuit circuit;
  Await(circuit);
  EXPECT_TRUE(circuit->TryAcquire());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(Connection, R20_AnOpeningIsNotShortened) {
  TestCircuit circuit;
  circuit.Fail(3);
  int asked = 0;
  const auto up = [&] {
    ++asked;
    return true;
  };
  EXPECT_FALSE(circuit->TryAcquire(up));  // the first rejection
  asked = 0;
  circuit.clock().Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(circuit->TryAcquire(up).reason(), RejectionReason::kOpen);
  EXPECT_EQ(asked, 0);
  circuit.clock().Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(circuit->TryAcquire(up));
  EXPECT_EQ(asked, 1);
}

TEST(Connection, R20_IsOfNoInterestWhileClosed) {
  Policy policy = SmallPolicy();
  policy.max_in_flight = 10;  // takes the lock for each call
  TestCircuit limited(policy);
  EXPECT_TRUE(limited->TryAcquire([] {
    ADD_FAILURE() << "asked";
    return false;
  }));
  TestCircuit circuit;
  EXPECT_TRUE(circuit->TryAcquire(Down));
}

TEST(Connection, R20_TimeAloneEndsTheWaitingOnceNobodyCalls) {
  TestCircuit circuit;
  Await(circuit);
  circuit.clock().Advance(absl::Seconds(9));
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  circuit.clock().Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.clock().Advance(absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kOpenDurationElapsed);
  EXPECT_EQ(circuit.moves().back().detail, "no call for 10s");
}

// Whoever goes by the state mustn't wait longer than without all this.
TEST(Connection, R20_TheWaitingIsNoLongerThanAnOpening) {
  Policy policy = SmallPolicy();
  for (const auto& [open, waits] : {std::pair(absl::Seconds(2), absl::Seconds(2)),
                                    std::pair(absl::Hours(1), absl::Seconds(60))}) {
    policy.open_duration = open;
    policy.max_open_duration = absl::Hours(1);
    TestCircuit circuit(policy);
    Await(circuit);
    circuit.clock().Advance(waits - absl::Nanoseconds(1));
    EXPECT_EQ(circuit->state(), State::kOpen);
    circuit.clock().Advance(absl::Nanoseconds(1));
    EXPECT_EQ(circuit->state(), State::kHalfOpen);
  }
}

TEST(Connection, R20_TheBackoffIsThatOfTheOpeningThatGoesOn) {
  Policy policy = SmallPolicy();
  policy.backoff_multiplier = 2;
  TestCircuit circuit(policy);
  Await(circuit);
  circuit->TryAcquire(Up).permit().RecordFailure();
  EXPECT_EQ(*circuit->Snapshot().next_probe - circuit.clock().WallNow(), absl::Seconds(20));
}

TEST(Connection, R20_SoIsWhatOpenedIt) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const std::optional<Move> opened = circuit->Snapshot().last_opening;
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  const std::optional<Move> still = circuit->Snapshot().last_opening;
  ASSERT_TRUE(opened && still);
  EXPECT_EQ(still->cause, Cause::kConsecutiveFailures);
  EXPECT_EQ(still->time, opened->time);
  EXPECT_TRUE(still->evidence);
}

TEST(Connection, R20_ProbesOfOtherChannelsGoOn) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Admission probe = circuit->TryAcquire(Up);
  ASSERT_TRUE(probe);
  ExpectNotConnected(circuit->TryAcquire(Down), State::kHalfOpen);
  probe.permit().RecordSuccess();
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  circuit->TryAcquire(Up).permit().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

// Else it would be HALF_OPEN and reject everything for as long as the server is away.
TEST(Connection, R20_AwaitsOneAfterGoodProbesTooAndTheyCount) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit->TryAcquire(Up).permit().RecordSuccess();
  circuit.clock().Advance(absl::Seconds(5));
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  EXPECT_TRUE(circuit->Snapshot().awaits_connection);
  EXPECT_EQ(circuit->Snapshot().openings_in_a_row, 1);
  circuit.clock().Advance(absl::Seconds(5));
  circuit->TryAcquire(Up).permit().RecordSuccess();  // the second of two
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(Connection, R20_TwoChannelsOfWhichOneIsDownDoNotMoveItToAndFro) {
  TestCircuit circuit;
  Await(circuit);
  const std::size_t moves = circuit.moves().size();
  for (int i = 0; i < 1'000; ++i) {
    circuit->TryAcquire(Up).permit().Ignore();
    ExpectNotConnected(circuit->TryAcquire(Down), State::kHalfOpen);
  }
  EXPECT_EQ(circuit.moves().size(), moves + 1);
  circuit.clock().Advance(absl::Seconds(1));
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
}

TEST(Connection, R20_OperatorsHaveTheirWay) {
  TestCircuit circuit;
  Await(circuit);
  circuit->Reset(Operator("oncall"));
  EXPECT_TRUE(circuit->TryAcquire(Down));
  EXPECT_FALSE(circuit->Snapshot().awaits_connection);

  Await(circuit);
  ASSERT_TRUE(circuit->ForceOpen(Operator("oncall"), absl::Seconds(10)).ok());
  EXPECT_FALSE(circuit->Snapshot().awaits_connection);
  EXPECT_EQ(circuit->TryAcquire(Up).reason(), RejectionReason::kForcedOpen);
  circuit.clock().Advance(absl::Seconds(10));
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);

  circuit->Disable(Operator("oncall"));
  EXPECT_TRUE(circuit->TryAcquire(Down));
}

TEST(Connection, R20_ShadowModeOnlyCounts) {
  TestCircuit circuit;
  circuit->Shadow(Operator("oncall"));
  circuit.Fail(3);
  circuit.clock().Advance(absl::Seconds(10));
  EXPECT_TRUE(circuit->TryAcquire(Down));
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 1);
  EXPECT_TRUE(circuit->Snapshot().awaits_connection);
}

TEST(Connection, R20_AnotherPolicyChangesNothingOfIt) {
  TestCircuit circuit;
  Await(circuit);
  ASSERT_TRUE(circuit->SetPolicy(Policy::Database(), Operator("oncall")).ok());
  ExpectNotConnected(circuit->TryAcquire(Down), State::kOpen);
  EXPECT_TRUE(circuit->TryAcquire(Up));
}

TEST(Connection, R20_WhatTheQuestionThrowsComesOutAndNothingHasChanged) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  EXPECT_THROW((void)circuit->TryAcquire([]() -> bool { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().in_flight, 0);
  EXPECT_TRUE(circuit->TryAcquire(Up));
}

// It comes back HALF_OPEN, and the next call is looked at as any probe's.
TEST(Connection, R20_OneThatIsEvictedMeanwhileComesBackDue) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = 1;
  CircuitRegistry registry(std::move(options));
  const auto get = [&](const char* name) { return *registry.GetOrCreate(name, SmallPolicy()); };
  for (int i = 0; i < 3; ++i) get("first")->TryAcquire().permit().RecordFailure();
  clock.Advance(absl::Seconds(10));
  ExpectNotConnected(get("first")->TryAcquire(Down), State::kOpen);
  get("second");
  EXPECT_EQ(get("first")->state(), State::kHalfOpen);
  ExpectNotConnected(get("first")->TryAcquire(Down), State::kOpen);
}

}  // namespace
}  // namespace fusebox
