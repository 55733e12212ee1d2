// SPDX-License-Identifier: Apache-2.0
//
// No call allocates memory that moves its circuit to no other state, once its thread has made one:
// counted by replacing operator new, for which this is a program of its own.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/core/test_circuit.h"
#include "tests/support/counted_allocations.h"

namespace fusebox_testing {
namespace {

fusebox::Policy CountWindowPolicy() {
  fusebox::Policy policy = SmallPolicy();
  policy.failure_rate = 0.5;
  return policy;
}

fusebox::Policy EveryRulePolicy() {
  fusebox::Policy policy = CountWindowPolicy();
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  policy.max_in_flight = 1000;
  policy.hung_calls = fusebox::HungCalls{100, absl::Minutes(1)};
  return policy;
}

template <typename Call>
int64_t AllocationsOf(const Call& call) {
  for (int i = 0; i < 2; ++i) call();  // the circuit's first rejection, and the thread's first call
  const int64_t before = allocations;
  for (int i = 0; i < 1000; ++i) call();
  return allocations - before;
}

void OpenAndWaitForProbe(TestCircuit& circuit) {
  while (circuit->state() == fusebox::State::kClosed) circuit.Fail(1);
  circuit.Advance(absl::Seconds(5));
}

TEST(AllocationTest, CountsAllocations) {
  EXPECT_EQ(AllocationsOf([] { delete new TestCircuit; }) % 1000, 0);
  EXPECT_GT(AllocationsOf([] { delete new TestCircuit; }), 0);
}

TEST(AllocationTest, PermittedCallsMakeNone) {
  for (const fusebox::Policy& policy : {SmallPolicy(), CountWindowPolicy(), EveryRulePolicy()}) {
    TestCircuit circuit(policy);
    EXPECT_EQ(AllocationsOf([&] { circuit->TryAcquire().permit().RecordSuccess(); }), 0);
    EXPECT_EQ(AllocationsOf([&] { circuit->TryAcquire().permit().Ignore(); }), 0);
    EXPECT_EQ(AllocationsOf([&] { EXPECT_TRUE(circuit->TryAcquire().admitted()); }), 0);
    EXPECT_EQ(AllocationsOf([&] {
                circuit->TryAcquire().permit().Record(fusebox::Outcome::Success());
                circuit.Advance(absl::Milliseconds(10));
              }),
              0);
  }
}

TEST(AllocationTest, FailuresThatOpenNothingMakeNone) {
  for (const fusebox::Policy& policy : {SmallPolicy(), EveryRulePolicy()}) {
    TestCircuit circuit(policy);
    EXPECT_EQ(AllocationsOf([&] {
                circuit->TryAcquire().permit().RecordFailure();
                for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordSuccess();
              }),
              0);
    EXPECT_EQ(circuit->state(), fusebox::State::kClosed);
  }
}

// What is kept of a failure for the evidence goes into memory that is there.
TEST(AllocationTest, FailuresWithMessagesAndPeersMakeNone) {
  TestCircuit circuit(EveryRulePolicy());
  fusebox::Outcome failures[20];
  for (int i = 0; i < 20; ++i) {
    failures[i] = fusebox::Outcome::Failure(i % 17, std::string(100, 'm'));
    failures[i].peer = "10.0.0." + std::string(20, static_cast<char>('a' + i));
    failures[i].latency = absl::Seconds(2);
  }
  const auto call = [&] {
    for (const fusebox::Outcome& failure : failures) {
      circuit->TryAcquire().permit().Record(failure);
      for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordSuccess();
    }
  };
  EXPECT_EQ(AllocationsOf(call), 0);
  EXPECT_EQ(circuit->state(), fusebox::State::kClosed);
}

TEST(AllocationTest, RejectedCallsMakeNone) {
  const auto reject = [](TestCircuit& circuit) {
    return AllocationsOf([&] { EXPECT_FALSE(circuit->TryAcquire().admitted()); });
  };
  {
    SCOPED_TRACE("OPEN");
    TestCircuit circuit;
    circuit.Fail(3);
    EXPECT_EQ(reject(circuit), 0);
  }
  {
    SCOPED_TRACE("forced open");
    TestCircuit circuit;
    EXPECT_TRUE(circuit->ForceOpen(fusebox::Operator("test")).ok());
    EXPECT_EQ(reject(circuit), 0);
  }
  {
    SCOPED_TRACE("OPEN, the probe of an adaptive policy is out");
    TestCircuit circuit(fusebox::Policy::Adaptive());
    OpenAndWaitForProbe(circuit);
    fusebox::Admission probe = circuit->TryAcquire();
    EXPECT_TRUE(probe.admitted());
    EXPECT_EQ(reject(circuit), 0);
  }
  {
    SCOPED_TRACE("OPEN, not connected");
    TestCircuit circuit(fusebox::Policy::Adaptive());
    OpenAndWaitForProbe(circuit);
    EXPECT_EQ(
        AllocationsOf([&] { EXPECT_FALSE(circuit->TryAcquire([] { return false; }).admitted()); }),
        0);
  }
  {
    SCOPED_TRACE("HALF_OPEN, all probes are out");
    fusebox::Policy policy = SmallPolicy();
    policy.half_open.max_concurrent = 1;
    TestCircuit circuit(policy);
    circuit.Fail(3);
    circuit.Advance(absl::Minutes(1));
    fusebox::Admission probe = circuit->TryAcquire();
    EXPECT_TRUE(probe.admitted());
    EXPECT_EQ(reject(circuit), 0);
  }
  {
    SCOPED_TRACE("max_in_flight");
    fusebox::Policy policy = SmallPolicy();
    policy.max_in_flight = 1;
    TestCircuit circuit(policy);
    fusebox::Admission only = circuit->TryAcquire();
    EXPECT_TRUE(only.admitted());
    EXPECT_EQ(reject(circuit), 0);
  }
}

// Of calls that are admitted or not.
int64_t AllocationsOfCalls(TestCircuit& circuit) {
  return AllocationsOf([&] {
    fusebox::Admission admission = circuit->TryAcquire();
    if (admission) admission.permit().RecordSuccess();
  });
}

TEST(AllocationTest, ProbesThatDecideNothingMakeNone) {
  fusebox::Policy policy = SmallPolicy();
  policy.half_open.verdict = fusebox::SuccessThreshold{10'000};
  TestCircuit circuit(policy);
  circuit.Fail(3);
  circuit.Advance(absl::Minutes(1));
  EXPECT_EQ(AllocationsOfCalls(circuit), 0);
  EXPECT_EQ(circuit->state(), fusebox::State::kHalfOpen);
}

TEST(AllocationTest, CallsOnTheRampMakeNone) {
  fusebox::Policy policy = SmallPolicy();
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  policy.ramp = fusebox::Ramp{absl::Hours(1), 0.1};
  TestCircuit circuit(policy);
  circuit.Fail(3);
  circuit.Advance(absl::Minutes(1));
  circuit->TryAcquire().permit().RecordSuccess();
  EXPECT_TRUE(circuit->Snapshot().ramping);
  EXPECT_EQ(AllocationsOfCalls(circuit), 0);
}

TEST(AllocationTest, CallsInSlowStartAndUnderALimitMakeNone) {
  TestCircuit circuit(fusebox::Policy::Adaptive());
  OpenAndWaitForProbe(circuit);
  circuit->TryAcquire().permit().RecordSuccess();
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  EXPECT_EQ(circuit->state(), fusebox::State::kHalfOpen);
  EXPECT_EQ(AllocationsOfCalls(circuit), 0);

  TestCircuit limited(fusebox::Policy::Adaptive());
  fusebox::Outcome overload = fusebox::Outcome::Failure(8);
  overload.kind = fusebox::OutcomeKind::kOverload;
  limited->TryAcquire().permit().Record(overload);
  EXPECT_TRUE(limited->Snapshot().limit.has_value());
  EXPECT_EQ(AllocationsOfCalls(limited), 0);
}

TEST(AllocationTest, CallsInShadowModeAndDisabledMakeNone) {
  for (const bool disabled : {false, true}) {
    TestCircuit circuit;
    disabled ? circuit->Disable(fusebox::Operator("test"))
             : circuit->Shadow(fusebox::Operator("test"));
    circuit.Fail(3);
    EXPECT_EQ(AllocationsOfCalls(circuit), 0) << disabled;
  }
}

}  // namespace
}  // namespace fusebox_testing
