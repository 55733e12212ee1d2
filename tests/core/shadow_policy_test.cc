// SPDX-License-Identifier: Apache-2.0
//
// A candidate beside the policy in force (rule R23).
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::NoRulePolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Operator kOperator = Operator("oncall").Because("a drill");

// Never opens in these tests.
Policy NeverPolicy() {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1'000'000;
  return policy;
}

Policy With(Policy policy, const Policy& candidate) {
  policy.shadow_policy = candidate;
  return policy;
}

ShadowCounts Counts(TestCircuit& circuit) {
  return circuit->Snapshot().shadow.value_or(ShadowCounts());
}

std::vector<std::string> Told(const TestCircuit& circuit) {
  std::vector<std::string> told;
  for (const Event& event : circuit.events()) {
    if (event.kind != EventKind::kShadowOpened && event.kind != EventKind::kShadowClosed) continue;
    told.push_back(absl::StrCat(EventKindName(event.kind), ": ", event.detail));
    EXPECT_EQ(event.from, event.to);
  }
  return told;
}

TEST(ShadowPolicy, R23_CountsWhatItWouldHaveDone) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  circuit.Fail(3);
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  circuit.Succeed(5);
  circuit.Advance(absl::Seconds(10));
  EXPECT_EQ(Counts(circuit).state, State::kHalfOpen);
  circuit.Succeed(2);
  const ShadowCounts counts = Counts(circuit);
  EXPECT_EQ(counts.state, State::kClosed);
  EXPECT_EQ(counts.calls, 10);
  EXPECT_EQ(counts.would_open, 1);
  EXPECT_EQ(counts.would_reject, 5);
  EXPECT_EQ(counts.rejected, 0);
  EXPECT_EQ(counts.would_admit, 0);
  EXPECT_THAT(Told(circuit), ElementsAre("shadow_opened: 3 failures in a row >= 3",
                                         "shadow_closed: 2 probes succeeded >= 2"));
}

TEST(ShadowPolicy, R23_MovesNothing) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  circuit.Fail(3);
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(3);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.state, State::kClosed);
  EXPECT_EQ(snapshot.epoch, 1U);
  EXPECT_EQ(snapshot.totals.opened, 0);
  EXPECT_EQ(snapshot.totals.rejected, 0);
  EXPECT_EQ(snapshot.totals.would_reject, 0);
  EXPECT_FALSE(snapshot.last_opening.has_value());
  EXPECT_FALSE(snapshot.last_transition.has_value());
  EXPECT_THAT(circuit.moves(), IsEmpty());
}

// One call of a dependency that is away from time to time, and slow at others.
void AnyCall(TestCircuit& circuit, std::mt19937& random, int call) {
  circuit.Advance(absl::Milliseconds(random() % 200));
  Admission admission = circuit->TryAcquire();
  if (!admission) return;
  const bool away = call / 100 % 3 == 1;
  const auto drawn = random() % 30;
  Outcome outcome = drawn % 10 < (away ? 9 : 1) ? Outcome::Failure() : Outcome::Success();
  if (drawn == 0) outcome.kind = OutcomeKind::kOverload;
  outcome.latency = absl::Milliseconds(random() % 1'500);
  admission.permit().Record(outcome);
}

std::vector<Policy> Candidates() {
  Policy rate = NoRulePolicy();
  rate.failure_rate = 0.5;
  rate.slow_call_rate = 0.7;
  rate.slow_call_duration = absl::Seconds(1);
  rate.window = TimeWindow{absl::Seconds(5), 5};
  rate.ramp = Ramp{};
  Policy adaptive = Policy::Adaptive();
  adaptive.jitter = 0;
  Policy shaky = SmallPolicy();
  shaky.jitter = 0.3;
  return {SmallPolicy(), rate, adaptive, shaky, Policy::Adaptive()};
}

// A policy in shadow mode, alone on the same calls, rejects what its candidate would; and opens as
// often.
TEST(ShadowPolicy, R23_IsWhatThePolicyAloneWouldHaveBeen) {
  for (const Policy& candidate : Candidates()) {
    TestCircuit circuit(With(NeverPolicy(), candidate));
    TestCircuit alone(candidate);
    std::mt19937 random(1);
    std::mt19937 same_random(1);
    int64_t rejected = 0;
    for (int call = 0; call < 3'000; ++call) {
      AnyCall(circuit, random, call);
      // The calls that the one alone rejects are made all the same, for the other.
      const int64_t before = alone->Snapshot().totals.rejected;
      AnyCall(alone, same_random, call);
      if (alone->Snapshot().totals.rejected > before) {
        ++rejected;
        same_random.discard(2);
      }
    }
    const CircuitSnapshot want = alone->Snapshot();
    EXPECT_GT(rejected, 100);
    EXPECT_EQ(Counts(circuit).would_reject, rejected);
    EXPECT_EQ(Counts(circuit).would_open, want.totals.opened);
    EXPECT_EQ(Counts(circuit).state, want.state);
  }
}

TEST(ShadowPolicy, R23_OfTheSamePolicyThereIsNoDifference) {
  for (const Policy& policy : Candidates()) {
    TestCircuit circuit(With(policy, policy));
    std::mt19937 random(2);
    for (int call = 0; call < 3'000; ++call) {
      AnyCall(circuit, random, call);
      ASSERT_EQ(Counts(circuit).state, circuit->state());
    }
    const CircuitSnapshot snapshot = circuit->Snapshot();
    EXPECT_GT(snapshot.shadow->rejected, 100);
    EXPECT_EQ(snapshot.shadow->rejected, snapshot.totals.rejected);
    EXPECT_EQ(snapshot.shadow->would_reject, 0);
    EXPECT_EQ(snapshot.shadow->would_admit, 0);
    EXPECT_EQ(snapshot.shadow->would_open, snapshot.totals.opened);
  }
}

TEST(ShadowPolicy, R23_ThePolicyInForceDecidesAsWithoutOne) {
  for (const Policy& candidate : Candidates()) {
    for (const Policy& policy : Candidates()) {
      TestCircuit circuit(With(policy, candidate));
      TestCircuit without(policy);
      std::mt19937 random(3);
      std::mt19937 same_random(3);
      for (int call = 0; call < 500; ++call) {
        AnyCall(circuit, random, call);
        AnyCall(without, same_random, call);
      }
      const CircuitSnapshot got = circuit->Snapshot();
      const CircuitSnapshot want = without->Snapshot();
      EXPECT_EQ(got.state, want.state);
      EXPECT_EQ(got.epoch, want.epoch);
      EXPECT_EQ(got.totals.rejected, want.totals.rejected);
      EXPECT_EQ(got.totals.success, want.totals.success);
      EXPECT_EQ(got.next_probe, want.next_probe);
    }
  }
}

TEST(ShadowPolicy, R23_IsStarvedWhileThePolicyInForceRejects) {
  Policy impatient = SmallPolicy();
  impatient.consecutive_failures = 1;
  TestCircuit circuit(With(impatient, SmallPolicy()));
  circuit.Fail(1);
  for (int i = 0; i < 5; ++i) circuit.Look();
  ShadowCounts counts = Counts(circuit);
  EXPECT_EQ(counts.state, State::kClosed);
  EXPECT_EQ(counts.rejected, 5);
  EXPECT_EQ(counts.would_admit, 5);
  EXPECT_EQ(counts.would_open, 0);
  // It goes on with the calls that are admitted again.
  circuit.Advance(absl::Seconds(10));
  circuit.Fail(1);
  circuit.Advance(absl::Seconds(10));
  circuit.Fail(1);
  counts = Counts(circuit);
  EXPECT_EQ(counts.would_open, 1);
  EXPECT_EQ(counts.state, State::kOpen);
}

TEST(ShadowPolicy, R23_ItsClockGoesOnWhileThePolicyInForceRejects) {
  Policy patient = SmallPolicy();
  patient.open_duration = absl::Seconds(60);
  TestCircuit circuit(With(patient, SmallPolicy()));
  circuit.Fail(3);
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  circuit.Look();
  EXPECT_EQ(Counts(circuit).would_admit, 0);
  circuit.Advance(absl::Seconds(10));
  EXPECT_EQ(Counts(circuit).state, State::kHalfOpen);
  // Its probes come to nothing, and hold no place.
  for (int i = 0; i < 20; ++i) circuit.Look();
  EXPECT_EQ(Counts(circuit).would_admit, 20);
  EXPECT_EQ(Counts(circuit).state, State::kHalfOpen);
}

TEST(ShadowPolicy, R23_ACallThatItWouldRejectIsNoneForIt) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  Permit before = circuit.Acquire();
  circuit.Fail(3);
  Permit rejected = circuit.Acquire();
  circuit.Advance(absl::Seconds(10));
  // Neither a stale result, nor one that it would have rejected, is a probe's.
  before.RecordFailure();
  rejected.RecordFailure();
  EXPECT_EQ(Counts(circuit).state, State::kHalfOpen);
  circuit.Succeed(2);
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
}

TEST(ShadowPolicy, R23_AsManyProbesAsItWouldHave) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  circuit.Fail(3);
  circuit.Advance(absl::Seconds(10));
  std::vector<Permit> calls = circuit.AcquireMany(5);  // two are its probes
  EXPECT_EQ(Counts(circuit).would_reject, 3);
  for (Permit& call : calls) call.RecordFailure();
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  EXPECT_EQ(Counts(circuit).would_open, 2);
}

TEST(ShadowPolicy, R23_InAnyMode) {
  TestCircuit circuit(With(SmallPolicy(), SmallPolicy()));
  circuit->Disable(kOperator);
  circuit.Fail(3);
  circuit.Look();
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  EXPECT_EQ(Counts(circuit).would_reject, 1);
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(2);
  circuit->Shadow(kOperator);
  circuit.Fail(3);
  circuit.Look();
  EXPECT_EQ(Counts(circuit).would_open, 2);
  EXPECT_EQ(Counts(circuit).would_reject, 2);
  ASSERT_TRUE(circuit->ForceOpen(kOperator).ok());
  circuit.Advance(absl::Seconds(10));
  circuit.Look();
  EXPECT_EQ(Counts(circuit).state, State::kHalfOpen);
  EXPECT_EQ(Counts(circuit).would_admit, 1);
}

TEST(ShadowPolicy, R23_AResetBeginsItAnewAndKeepsItsCounts) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  circuit.Fail(3);
  circuit.Look();
  circuit->Reset(kOperator);
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  EXPECT_EQ(Counts(circuit).would_open, 1);
  EXPECT_EQ(Counts(circuit).would_reject, 1);
  EXPECT_EQ(Told(circuit).back(), "shadow_closed: a drill");
  EXPECT_EQ(circuit->Snapshot().last_action->cause, Cause::kReset);
}

TEST(ShadowPolicy, R23_APolicyChangeLeavesItAloneUnlessItIsAnother) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  circuit.Fail(3);
  Policy other = NeverPolicy();
  other.open_duration = absl::Seconds(11);
  ASSERT_TRUE(circuit->SetPolicy(With(other, SmallPolicy()), kOperator).ok());
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  EXPECT_EQ(Counts(circuit).calls, 3);
  Policy candidate = SmallPolicy();
  candidate.consecutive_failures = 4;
  Permit out = circuit.Acquire();
  ASSERT_TRUE(circuit->SetPolicy(With(other, candidate), kOperator).ok());
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  EXPECT_EQ(Counts(circuit).calls, 0);
  out.RecordFailure();  // of a call before it
  circuit.Fail(3);
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  circuit.Fail(1);
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  ASSERT_TRUE(circuit->SetPolicy(other, kOperator).ok());
  EXPECT_FALSE(circuit->Snapshot().shadow.has_value());
  circuit.Fail(1);
  ASSERT_TRUE(circuit->SetPolicy(With(other, candidate), kOperator).ok());
  EXPECT_EQ(Counts(circuit).calls, 0);
}

TEST(ShadowPolicy, R23_HangsAndMessagesAreItsToo) {
  Policy hangs = NoRulePolicy();
  hangs.hung_calls = HungCalls{2, absl::Seconds(8)};
  TestCircuit circuit(With(NeverPolicy(), hangs));
  std::vector<Permit> streams = circuit.AcquireMany(3);
  for (Permit& stream : streams) stream.ReceiveMessage();
  const std::vector<Permit> calls = circuit.AcquireMany(2);
  circuit.AdvanceLooking(absl::Seconds(8));
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  circuit.AdvanceLooking(absl::Seconds(1));
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  EXPECT_THAT(Told(circuit).back(), HasSubstr("2 calls"));
}

TEST(ShadowPolicy, R23_StreamsThatBreakAreItsToo) {
  TestCircuit circuit(With(NeverPolicy(), SmallPolicy()));
  const FirstMessage early = circuit.Acquire().RecordFirstMessage();
  for (int i = 0; i < 2; ++i) {
    circuit->ReportFailure(Outcome::Failure(), circuit.Acquire().RecordFirstMessage());
  }
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  circuit->ReportFailure(Outcome::Failure(), early);
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
  // A stream that it would have rejected is none for it.
  const FirstMessage rejected = circuit.Acquire().RecordFirstMessage();
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(2);
  circuit.Fail(2);
  circuit->ReportFailure(Outcome::Failure(), rejected);
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  circuit->ReportFailure(Outcome::Failure());
  EXPECT_EQ(Counts(circuit).state, State::kOpen);
}

TEST(ShadowPolicy, R23_CountsItsOwnCallsInFlight) {
  Policy limited = SmallPolicy();
  limited.max_in_flight = 2;
  TestCircuit circuit(With(SmallPolicy(), limited));
  std::vector<Permit> calls = circuit.AcquireMany(5);
  EXPECT_EQ(Counts(circuit).would_reject, 3);
  calls.clear();
  calls = circuit.AcquireMany(2);
  EXPECT_EQ(Counts(circuit).would_reject, 3);
}

TEST(ShadowPolicy, R23_GoesWithItsCircuit) {
  FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = 1;
  CircuitRegistry registry(options);
  const auto policy = With(NeverPolicy(), SmallPolicy());
  const auto fail = [&](const char* name) {
    const auto breaker = registry.GetOrCreate(name, policy).value();
    for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();
    return breaker->Snapshot().shadow->would_open;
  };
  EXPECT_EQ(fail("a"), 1);
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(fail("b"), 1);
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(registry.GetOrCreate("a", policy).value()->Snapshot().shadow->would_open, 0);
}

TEST(ShadowPolicy, R23_NeverPushesTransitionsOutOfTheLog) {
  CircuitRegistry::Options options;
  FakeClock clock;
  options.clock = &clock;
  options.event_capacity = 20;
  CircuitRegistry registry(options);
  Policy candidate = SmallPolicy();
  candidate.consecutive_failures = 1;
  candidate.half_open.verdict = SuccessThreshold{1};
  const auto breaker = registry.GetOrCreate("circuit", With(SmallPolicy(), candidate)).value();
  for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();
  breaker->Reset(kOperator);
  for (int i = 0; i < 100; ++i) {
    breaker->TryAcquire().permit().RecordFailure();
    clock.Advance(absl::Seconds(10));
    breaker->TryAcquire().permit().RecordSuccess();
  }
  int64_t transitions = 0;
  for (const Event& event : registry.EventsSince(0).events) {
    transitions += event.kind == EventKind::kTransition ? 1 : 0;
  }
  EXPECT_EQ(transitions, 2);
}

Outcome Overload() {
  Outcome overload = Outcome::Failure(static_cast<int>(absl::StatusCode::kResourceExhausted));
  overload.kind = OutcomeKind::kOverload;
  return overload;
}

void Shed(TestCircuit& circuit, int calls) {
  for (int i = 0; i < calls; ++i) circuit.Acquire().Record(Overload());
}

TEST(ShadowPolicy, R23_WhatItLeavesUnsetIsAsInAnyPolicy) {
  Policy brief;
  brief.open_duration = absl::Seconds(5);
  for (const Policy& candidate : {Policy(), brief}) {
    TestCircuit circuit(With(SmallPolicy(), candidate));
    EXPECT_EQ(circuit->Snapshot().policy, With(SmallPolicy(), candidate.InForce()));
    // The same candidate, said in another way.
    circuit.Succeed(3);
    ASSERT_TRUE(circuit->SetPolicy(With(SmallPolicy(), candidate.InForce()), kOperator).ok());
    EXPECT_EQ(Counts(circuit).calls, 3);
  }
}

TEST(ShadowPolicy, R19_ToHaveOneDoesNotDecideWhichPolicyIsInForce) {
  EXPECT_EQ(With(Policy(), SmallPolicy()).InForce(), With(Policy::Adaptive(), SmallPolicy()));
  Policy mine;
  mine.failure_rate = 0.5;
  EXPECT_EQ(With(mine, Policy()).InForce(), With(mine.InForce(), Policy::Adaptive()));
}

// To each policy by itself, an overload is a failure or none.
TEST(ShadowPolicy, R18_R23_AnOverloadIsWhatTheCandidateSays) {
  Policy limits = SmallPolicy();
  limits.overload_limit = OverloadLimit{};
  TestCircuit opens(With(SmallPolicy(), limits));
  Shed(opens, 3);
  EXPECT_EQ(opens->state(), State::kOpen);
  EXPECT_EQ(Counts(opens).state, State::kClosed);
  TestCircuit limited(With(limits, SmallPolicy()));
  std::vector<Permit> calls = limited.AcquireMany(10);
  for (Permit& call : calls) call.Record(Overload());
  EXPECT_EQ(limited->state(), State::kClosed);
  EXPECT_TRUE(limited->Snapshot().limit.has_value());
  EXPECT_EQ(Counts(limited).state, State::kOpen);
}

TEST(ShadowPolicy, R18_R23_RejectsAboveItsOwnLimit) {
  Policy limits = SmallPolicy();
  limits.overload_limit = OverloadLimit{};
  TestCircuit circuit(With(NeverPolicy(), limits));
  // Its limit is made of what it has in flight itself: 10, and 7 after a cut.
  std::vector<Permit> calls = circuit.AcquireMany(11);
  calls.back().Record(Overload());
  calls.pop_back();
  EXPECT_EQ(Counts(circuit).would_reject, 0);
  circuit.Advance(absl::Milliseconds(1));
  const Permit one_more = circuit.Acquire();
  EXPECT_EQ(Counts(circuit).would_reject, 1);
  for (Permit& call : calls) call.RecordSuccess();
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  EXPECT_THAT(Told(circuit), IsEmpty());
  calls = circuit.AcquireMany(10);
  EXPECT_GT(Counts(circuit).would_reject, 1);
}

// Before there is a limit nobody wants to know of messages: not the policy in force because it has
// a candidate, nor the candidate because the other one wants to know.
TEST(ShadowPolicy, R18_R23_EachLooksAtTheMessagesThatItWouldLookAtAlone) {
  Policy limits = SmallPolicy();
  limits.overload_limit = OverloadLimit{};
  Policy looks = NeverPolicy();
  looks.hung_calls = HungCalls{};
  for (const Policy& policy : {limits, With(limits, SmallPolicy()), With(looks, limits)}) {
    TestCircuit circuit(policy);
    Permit stream = circuit.Acquire();
    stream.ReceiveMessage();
    circuit->ReportFailure(Overload());
    stream.RecordSuccess();  // gives its place back, the only one
    EXPECT_TRUE(circuit->TryAcquire());
    EXPECT_EQ(Counts(circuit).would_reject, 0);
  }
}

TEST(ShadowPolicy, R18_R23_AFailureOfNoCallIsJudgedByIt) {
  Policy limits = SmallPolicy();
  limits.overload_limit = OverloadLimit{};
  TestCircuit circuit(With(NeverPolicy(), limits));
  for (int i = 0; i < 3; ++i) circuit->ReportFailure(Overload());
  EXPECT_EQ(Counts(circuit).state, State::kClosed);
  TestCircuit plain(With(limits, SmallPolicy()));
  for (int i = 0; i < 3; ++i) plain->ReportFailure(Overload());
  EXPECT_EQ(Counts(plain).state, State::kOpen);
  EXPECT_EQ(plain->state(), State::kClosed);
}

TEST(ShadowPolicy, R11_IsCheckedAsAnyPolicy) {
  Policy candidate = SmallPolicy();
  candidate.jitter = 1;
  candidate.window = TimeWindow{absl::Milliseconds(1), 1'000};
  EXPECT_THAT(Validate(With(SmallPolicy(), candidate)).message(),
              HasSubstr("shadow_policy.jitter = 1, must be at least 0 and less than 1; "
                        "shadow_policy.window.duration / shadow_policy.window.buckets = 1us, must "
                        "be at least 1ms"));
  // Fields that must fit each other are looked at in the candidate in force.
  Policy of_default = Policy();
  of_default.ramp = Ramp{};
  of_default.max_open_duration = absl::Seconds(29);
  EXPECT_THAT(Validate(With(SmallPolicy(), of_default)).message(),
              HasSubstr("shadow_policy.max_open_duration = 29s, must be at least open_duration"));
}

TEST(ShadowPolicy, R11_ACandidateHasNone) {
  EXPECT_EQ(Validate(With(SmallPolicy(), With(SmallPolicy(), SmallPolicy()))).message(),
            "invalid policy: shadow_policy.shadow_policy = set, must be unset: a candidate has "
            "none itself");
}

TEST(ShadowPolicy, IsAValue) {
  Policy policy = With(SmallPolicy(), Policy::Database());
  const Policy copy = policy;
  EXPECT_EQ(copy, policy);
  EXPECT_EQ(copy, With(SmallPolicy(), Policy::Database()));
  policy.shadow_policy = Policy::ExternalApi();
  EXPECT_NE(copy, policy);
  EXPECT_EQ(*copy.shadow_policy, Policy::Database());
  policy.shadow_policy = std::nullopt;
  EXPECT_EQ(policy, SmallPolicy());
  EXPECT_NE(copy, policy);
}

}  // namespace
}  // namespace fusebox
