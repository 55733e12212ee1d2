// SPDX-License-Identifier: Apache-2.0
//
// When the backoff starts over (rule R22), through the breaker.
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

const Operator kOncall = Operator("oncall").Because("a drill");
constexpr absl::Duration kMemory = absl::Minutes(2);

// Open for 10 s, 20 s, 40 s, 80 s.
Policy MemoryPolicy(std::optional<absl::Duration> memory = kMemory) {
  Policy policy = SmallPolicy();
  policy.backoff_multiplier = 2;
  policy.backoff_memory = memory;
  return policy;
}

// Opens, and closes again by its probes.
void OpenAndClose(TestCircuit& circuit) {
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
  ASSERT_EQ(circuit->state(), State::kClosed);
}

// How long the next opening of a CLOSED circuit is.
absl::Duration NextOpening(TestCircuit& circuit) {
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Open();
  return circuit.RemainingOpen();
}

int64_t InARow(TestCircuit& circuit) { return circuit->Snapshot().openings_in_a_row; }

TEST(CircuitBreaker, R22_ARelapseGoesOnWithTheNextOpeningInTheRow) {
  TestCircuit circuit(MemoryPolicy());
  OpenAndClose(circuit);
  OpenAndClose(circuit);
  EXPECT_EQ(NextOpening(circuit), absl::Seconds(40));
  circuit.WaitUntilHalfOpen();
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(80)) << "in HALF_OPEN too";
}

TEST(CircuitBreaker, R22_StartsOverOnceItHasBeenClosedForSoLong) {
  TestCircuit forgetful(MemoryPolicy());
  OpenAndClose(forgetful);
  forgetful.Advance(kMemory);
  EXPECT_EQ(NextOpening(forgetful), absl::Seconds(10));
  TestCircuit mindful(MemoryPolicy());
  OpenAndClose(mindful);
  mindful.Advance(kMemory - absl::Nanoseconds(1));
  EXPECT_EQ(NextOpening(mindful), absl::Seconds(20));
}

TEST(CircuitBreaker, R22_EachClosingBeginsTheTimeAnew) {
  TestCircuit circuit(MemoryPolicy());
  OpenAndClose(circuit);
  circuit.Advance(kMemory - absl::Seconds(1));
  OpenAndClose(circuit);
  circuit.Advance(kMemory - absl::Seconds(1));
  EXPECT_EQ(NextOpening(circuit), absl::Seconds(40));
}

TEST(CircuitBreaker, R22_TheTimeOpenOrRampingDoesNotCount) {
  Policy policy = MemoryPolicy();
  policy.ramp = Ramp{2 * kMemory, 0.5};
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
  circuit.Advance(2 * kMemory);
  ASSERT_EQ(circuit->state(), State::kClosed);
  circuit.Advance(kMemory - absl::Nanoseconds(1));
  EXPECT_EQ(NextOpening(circuit), absl::Seconds(20));
}

// By R1 the ramp ended when it was due, whoever looks how much later.
TEST(CircuitBreaker, R22_R1_TheTimeClosedCountsFromWhenTheRampEnded) {
  Policy policy = MemoryPolicy();
  policy.ramp = Ramp{absl::Seconds(10), 0.5};
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(2);
  circuit.Advance(absl::Seconds(10) + kMemory);
  EXPECT_EQ(NextOpening(circuit), absl::Seconds(10));
}

TEST(CircuitBreaker, R22_R4_UnsetClosingStartsOver) {
  TestCircuit circuit(MemoryPolicy(std::nullopt));
  OpenAndClose(circuit);
  EXPECT_EQ(NextOpening(circuit), absl::Seconds(10));
}

TEST(CircuitBreaker, R22_R8_AnOperatorsClosingStartsOver) {
  for (int verb = 0; verb < 3; ++verb) {
    TestCircuit circuit(MemoryPolicy());
    OpenAndClose(circuit);
    if (verb == 0) circuit->Reset(kOncall);
    if (verb == 1) circuit->Disable(kOncall);
    if (verb == 2) circuit->Shadow(kOncall);
    EXPECT_EQ(InARow(circuit), 0);
    circuit->Automate(kOncall);
    EXPECT_EQ(NextOpening(circuit), absl::Seconds(10)) << verb;
  }
}

TEST(CircuitBreaker, R22_R8_AForcedOpeningIsNotInTheRowAndEndsTheTimeClosed) {
  TestCircuit circuit(MemoryPolicy());
  OpenAndClose(circuit);
  circuit.Advance(kMemory / 2);
  ASSERT_TRUE(circuit->ForceOpen(kOncall).ok());
  EXPECT_EQ(InARow(circuit), 1);
  circuit.Advance(kMemory);
  circuit->Automate(kOncall);
  circuit.Succeed(2);
  circuit.Advance(kMemory - absl::Nanoseconds(1));
  EXPECT_EQ(NextOpening(circuit), absl::Seconds(20));
}

TEST(CircuitBreaker, R22_R8_WhatIsForgottenBeforeAForcedOpeningStaysForgotten) {
  TestCircuit circuit(MemoryPolicy());
  OpenAndClose(circuit);
  circuit.Advance(kMemory);
  ASSERT_TRUE(circuit->ForceOpen(kOncall).ok());
  circuit->Automate(kOncall);
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
}

TEST(CircuitBreaker, R22_R10_ANewMemoryCountsFromTheClosing) {
  TestCircuit longer(MemoryPolicy());
  OpenAndClose(longer);
  longer.Advance(kMemory / 2);
  ASSERT_TRUE(longer->SetPolicy(MemoryPolicy(2 * kMemory), kOncall).ok());
  longer.Advance(kMemory * 3 / 2 - absl::Nanoseconds(1));
  EXPECT_EQ(NextOpening(longer), absl::Seconds(20));
  TestCircuit shorter(MemoryPolicy());
  OpenAndClose(shorter);
  shorter.Advance(kMemory / 2);
  ASSERT_TRUE(shorter->SetPolicy(MemoryPolicy(kMemory / 2), kOncall).ok());
  EXPECT_EQ(NextOpening(shorter), absl::Seconds(10));
}

TEST(CircuitBreaker, R22_R10_WhatOnePolicyHasForgottenTheNextDoesNotKnow) {
  TestCircuit elapsed(MemoryPolicy());
  OpenAndClose(elapsed);
  elapsed.Advance(kMemory);
  ASSERT_TRUE(elapsed->SetPolicy(MemoryPolicy(10 * kMemory), kOncall).ok());
  EXPECT_EQ(NextOpening(elapsed), absl::Seconds(10));
  TestCircuit unset(MemoryPolicy());
  OpenAndClose(unset);
  ASSERT_TRUE(unset->SetPolicy(MemoryPolicy(std::nullopt), kOncall).ok());
  ASSERT_TRUE(unset->SetPolicy(MemoryPolicy(), kOncall).ok());
  EXPECT_EQ(NextOpening(unset), absl::Seconds(10));
}

TEST(CircuitBreaker, R22_TheSnapshotTellsHowManyCount) {
  TestCircuit circuit(MemoryPolicy());
  EXPECT_EQ(InARow(circuit), 0);
  circuit.Open();
  EXPECT_EQ(InARow(circuit), 1);
  circuit.WaitUntilHalfOpen();
  EXPECT_EQ(InARow(circuit), 1);
  circuit.Fail();
  EXPECT_EQ(InARow(circuit), 2);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  circuit.Advance(kMemory - absl::Nanoseconds(1));
  EXPECT_EQ(InARow(circuit), 2);
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(InARow(circuit), 0);
}

// Evicted in a registry for one circuit, and back.
TEST(CircuitRegistry, R22_P4_AnEvictedCircuitKeepsItsPlaceInTheRowUnlessItIsClosed) {
  for (const bool closed : {false, true}) {
    FakeClock clock;
    CircuitRegistry::Options options;
    options.clock = &clock;
    options.max_circuits = 1;
    CircuitRegistry registry(options);
    auto circuit = registry.GetOrCreate("a", MemoryPolicy()).value();
    for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
    clock.Advance(absl::Seconds(10));
    circuit->TryAcquire().permit().RecordFailure();
    clock.Advance(absl::Seconds(20));
    ASSERT_EQ(circuit->Snapshot().openings_in_a_row, 2);
    if (closed) {
      for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordSuccess();
      ASSERT_EQ(circuit->state(), State::kClosed);
    }
    clock.Advance(absl::Minutes(1));
    ASSERT_TRUE(registry.GetOrCreate("b", MemoryPolicy()).ok());
    clock.Advance(absl::Seconds(30));
    circuit = registry.GetOrCreate("a", MemoryPolicy()).value();
    EXPECT_EQ(circuit->Snapshot().openings_in_a_row, closed ? 0 : 2);
  }
}

// How often a circuit opens in 10 minutes whose server answers for 2 s and fails for 5 s, over and
// over, called a hundred times a second.
int64_t OpeningsOfAFlappingServer(const Policy& policy) {
  TestCircuit circuit(policy);
  constexpr int kCalls = 10 * 60 * 100;
  for (int call = 0; call < kCalls; ++call) {
    Admission admission = circuit->TryAcquire();
    const bool well = call % 700 < 200;
    if (admission) admission.permit().Record(well ? Outcome::Success() : Outcome::Failure());
    circuit.Advance(absl::Milliseconds(10));
  }
  return circuit->Snapshot().totals.opened;
}

TEST(CircuitBreaker, R22_AFlappingServerIsLeftAloneForLongerAndLonger) {
  Policy policy;
  policy.jitter = 0;
  policy.open_duration = absl::Seconds(5);
  policy.backoff_multiplier = 2;
  EXPECT_EQ(OpeningsOfAFlappingServer(policy), 86);
  policy.backoff_memory = policy.max_open_duration;
  EXPECT_EQ(OpeningsOfAFlappingServer(policy), 7);
}

}  // namespace
}  // namespace fusebox::internal
