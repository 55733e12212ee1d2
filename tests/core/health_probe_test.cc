// SPDX-License-Identifier: Apache-2.0
//
// A dependency that is asked whether it is well, in place of calls (rule R21), through the breaker.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
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
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::Contains;
using ::testing::HasSubstr;

const Operator kOncall = Operator("oncall");

constexpr int kNotFound = static_cast<int>(absl::StatusCode::kNotFound);
constexpr int kPermissionDenied = static_cast<int>(absl::StatusCode::kPermissionDenied);
constexpr int kUnauthenticated = static_cast<int>(absl::StatusCode::kUnauthenticated);
constexpr int kUnimplemented = static_cast<int>(absl::StatusCode::kUnimplemented);
constexpr int kUnavailable = static_cast<int>(absl::StatusCode::kUnavailable);

Reach Ask() { return Reach::kAsk; }
Reach Call() { return Reach::kCall; }
Reach None() { return Reach::kNone; }

Policy AskingPolicy() {
  Policy policy = SmallPolicy();
  policy.health_probe = HealthProbe{};
  return policy;
}

Policy AdaptiveAskingPolicy() {
  Policy policy = AskingPolicy();
  policy.adaptive_recovery = AdaptiveRecovery{};
  return policy;
}

// One that is OPEN, and whose probe is due.
class AskingCircuit : public TestCircuit {
 public:
  explicit AskingCircuit(const Policy& policy = AskingPolicy()) : TestCircuit(policy) {
    Fail(3);
    AdvanceToProbe();
  }

  // Without a call, which would be the probe.
  absl::Duration RemainingOpen() {
    const std::optional<absl::Time> next = (*this)->Snapshot().next_probe;
    EXPECT_TRUE(next.has_value());
    return next.value_or(clock().WallNow()) - clock().WallNow();
  }
  void AdvanceToProbe() { Advance(RemainingOpen()); }

  // The permit of a call that comes when a probe is due, and is rejected.
  Permit AskOnce() {
    Admission admission = (*this)->TryAcquire(Ask);
    EXPECT_FALSE(admission);
    EXPECT_EQ(admission.reason(), RejectionReason::kOpen);
    EXPECT_EQ(admission.state(), State::kOpen);
    EXPECT_EQ(admission.retry_after(), absl::Milliseconds(50));
    Permit probe = admission.TakeProbe();
    EXPECT_TRUE(probe);
    return probe;
  }

  void Answer(int code) {
    AdvanceToProbe();
    AskOnce().Record(code == 0 ? Outcome::Success() : Outcome::Failure(code, "health check"));
  }

  int64_t Told(EventKind kind) const {
    int64_t told = 0;
    for (const Event& event : events()) told += event.kind == kind ? 1 : 0;
    return told;
  }
};

TEST(HealthProbe, R21_TheCallThatWouldBeTheProbeIsRejectedAndBringsThePermitToAsk) {
  AskingCircuit circuit;
  EXPECT_EQ(circuit->state(), State::kOpen);
  const CircuitSnapshot before = circuit->Snapshot();
  const Permit probe = circuit.AskOnce();
  const CircuitSnapshot after = circuit->Snapshot();
  EXPECT_EQ(after.totals.rejected, before.totals.rejected + 1);
  EXPECT_EQ(after.in_flight, 1);
  EXPECT_EQ(after.probes_in_flight, 1);
  EXPECT_EQ(after.next_probe, std::nullopt);
  EXPECT_EQ(after.state, State::kOpen);
}

TEST(HealthProbe, R21_OneIsAskedAtATime) {
  AskingCircuit circuit;
  const Permit probe = circuit.AskOnce();
  for (const auto reach : {Ask, Call}) {
    Admission other = circuit->TryAcquire(reach);
    EXPECT_FALSE(other);
    EXPECT_FALSE(other.TakeProbe());
    EXPECT_EQ(other.reason(), RejectionReason::kOpen);
  }
}

TEST(HealthProbe, R21_NobodyIsAskedBeforeAProbeIsDue) {
  TestCircuit circuit(AskingPolicy());
  circuit.Fail(3);
  circuit.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  Admission admission = circuit->TryAcquire(Ask);
  EXPECT_FALSE(admission);
  EXPECT_FALSE(admission.TakeProbe());
}

TEST(HealthProbe, R21_AGoodAnswerLetsProbesThrough) {
  AskingCircuit circuit;
  circuit.AskOnce().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kProbesSucceeded);
  EXPECT_EQ(circuit.moves().back().detail, "the dependency says that it is well");
  // Calls are the probes, two of them, and two good ones close it.
  std::vector<Permit> probes;
  for (int i = 0; i < 2; ++i) {
    Admission admission = circuit->TryAcquire(Ask);
    EXPECT_TRUE(admission);
    EXPECT_FALSE(admission.TakeProbe());
    probes.push_back(std::move(admission).permit());
  }
  EXPECT_EQ(circuit->TryAcquire(Ask).reason(), RejectionReason::kHalfOpenFull);
  for (Permit& probe : probes) probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(HealthProbe, R21_AGoodAnswerBeginsSlowStart) {
  AskingCircuit circuit(AdaptiveAskingPolicy());
  circuit.AskOnce().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().limit, 2);
  EXPECT_EQ(circuit.Told(EventKind::kSlowStartBegan), 1);
}

TEST(HealthProbe, R21_ABadAnswerMeansTheNextGap) {
  Policy policy = AskingPolicy();
  policy.backoff_multiplier = 2;
  AskingCircuit circuit(policy);
  const int64_t opened = circuit->Snapshot().totals.opened;
  for (const int seconds : {20, 40, 80}) {
    circuit.Answer(kUnavailable);
    EXPECT_EQ(circuit->state(), State::kOpen);
    EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(seconds));
  }
  EXPECT_EQ(circuit.Told(EventKind::kProbeFailed), 3);
  EXPECT_EQ(circuit->Snapshot().totals.probes_failed, 3);
  EXPECT_EQ(circuit.events().back().detail, "the dependency doesn't say that it is well");
  // It is one opening.
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.totals.opened, opened);
  EXPECT_EQ(snapshot.last_opening->cause, Cause::kConsecutiveFailures);
  EXPECT_EQ(snapshot.openings_in_a_row, 4);
}

TEST(HealthProbe, R21_WithAdaptiveRecoveryTheGapIsThatOfTheOutage) {
  AskingCircuit circuit(AdaptiveAskingPolicy());
  circuit.Answer(kUnavailable);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Milliseconds(50));
  circuit.Advance(absl::Seconds(10));
  circuit.Answer(kUnavailable);
  EXPECT_GT(circuit.RemainingOpen(), absl::Seconds(1));
}

TEST(HealthProbe, R21_APushbackIsKept) {
  AskingCircuit circuit;
  Outcome outcome = Outcome::Failure(kUnavailable);
  outcome.pushback = absl::Seconds(60);
  circuit.AskOnce().Record(outcome);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(60));
}

// What says of a call that the dependency is alive doesn't say that it is well.
TEST(HealthProbe, R21_NothingButOkIsAGoodAnswer) {
  AskingCircuit circuit;
  circuit.AskOnce().Record(Outcome::FromStatus(absl::AbortedError("not now")));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.AdvanceToProbe();
  circuit.AskOnce().Record(Outcome::FromStatus(absl::OkStatus()));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

Outcome Overload() {
  Outcome overload = Outcome::Failure(static_cast<int>(absl::StatusCode::kResourceExhausted));
  overload.kind = OutcomeKind::kOverload;
  return overload;
}

// To a call that is a probe an overload is an answer (R18). Who asks wants to hear that it is well.
TEST(HealthProbe, R21_AnOverloadIsNoGoodAnswer) {
  for (Policy policy : {AskingPolicy(), AdaptiveAskingPolicy()}) {
    policy.overload_limit = OverloadLimit{};
    AskingCircuit circuit(policy);
    circuit.AskOnce().Record(Overload());
    EXPECT_EQ(circuit->state(), State::kOpen);
    EXPECT_EQ(circuit.Told(EventKind::kProbeFailed), 1);
    circuit.Answer(0);
    EXPECT_EQ(circuit->state(), State::kHalfOpen);
    EXPECT_EQ(circuit->Snapshot().limit.value_or(2), 2);  // none was cut
  }
}

TEST(HealthProbe, R21_R23_NobodyIsAskedForACandidate) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 1'000'000;
  policy.shadow_policy = AskingPolicy();
  TestCircuit circuit(policy);
  circuit.Fail(3);
  circuit.Advance(absl::Seconds(10));
  Admission admission = circuit->TryAcquire(Ask);
  EXPECT_TRUE(admission);
  EXPECT_FALSE(admission.TakeProbe());
  EXPECT_EQ(circuit->Snapshot().shadow->state, State::kHalfOpen);
  EXPECT_THAT(PolicyWarnings(policy), Contains(HasSubstr("nobody is asked for a candidate")));
}

TEST(HealthProbe, R21_R23_AQuestionIsNoCallOfACandidate) {
  Policy policy = AskingPolicy();
  Policy candidate = SmallPolicy();
  candidate.consecutive_failures = 4;
  policy.shadow_policy = candidate;
  AskingCircuit circuit(policy);
  for (int i = 0; i < 3; ++i) circuit.Answer(kUnavailable);
  const ShadowCounts counts = *circuit->Snapshot().shadow;
  EXPECT_EQ(counts.state, State::kClosed);
  EXPECT_EQ(counts.calls, 6);
  EXPECT_EQ(counts.rejected, 3);
  EXPECT_EQ(counts.would_admit, 3);
}

TEST(HealthProbe, R19_R21_ItDoesNotDecideWhichPolicyIsInForce) {
  Policy policy;
  policy.health_probe = HealthProbe{};
  Policy expected = Policy::Adaptive();
  expected.health_probe = HealthProbe{};
  EXPECT_EQ(policy.InForce(), expected);
}

TEST(HealthProbe, R21_AProbeThatIsDroppedIsLeftToTheNextCall) {
  AskingCircuit circuit;
  { const Permit dropped = circuit.AskOnce(); }
  circuit.AskOnce().Ignore();
  circuit.AskOnce().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 2);
}

TEST(HealthProbe, R21_AnAnswerThatTakesTooLongMeansTheNextGap) {
  AskingCircuit circuit;
  Permit probe = circuit.AskOnce();
  circuit.AdvanceLooking(absl::Seconds(60));
  EXPECT_EQ(circuit.events().back().cause, Cause::kProbeTimeout);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
  EXPECT_TRUE(probe.RecordSuccess());  // stale
  EXPECT_EQ(circuit->state(), State::kOpen);
}

// Whoever goes by the state must not wait for a call.
TEST(HealthProbe, R21_TimeAloneLetsProbesThroughOnceNobodyCalls) {
  AskingCircuit circuit;
  circuit.Advance(absl::Seconds(30) - absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kOpenDurationElapsed);
  EXPECT_TRUE(circuit->TryAcquire(Ask));
}

TEST(HealthProbe, R21_WhoCannotAskIsAProbe) {
  AskingCircuit circuit;
  Admission admission = circuit->TryAcquire();
  EXPECT_TRUE(admission);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  admission.permit().RecordSuccess();
  circuit->TryAcquire(Call).permit().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);

  AskingCircuit adaptive(AdaptiveAskingPolicy());
  EXPECT_TRUE(adaptive->TryAcquire());
  EXPECT_EQ(adaptive->state(), State::kOpen);
}

TEST(HealthProbe, R21_WithoutItTheCallIsTheProbe) {
  AskingCircuit circuit{SmallPolicy()};
  Admission admission = circuit->TryAcquire(Ask);
  EXPECT_TRUE(admission);
  EXPECT_FALSE(admission.TakeProbe());
}

TEST(HealthProbe, R21_NobodyIsAskedWithoutAConnection) {
  AskingCircuit circuit;
  EXPECT_EQ(circuit->TryAcquire(None).reason(), RejectionReason::kNotConnected);
  EXPECT_TRUE(circuit->Snapshot().awaits_connection);
  circuit.AskOnce().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

// A connection that goes away among the probes doesn't make them begin anew.
TEST(HealthProbe, R21_GoodProbesGoOnCounting) {
  AskingCircuit circuit;
  circuit.AskOnce().RecordSuccess();
  circuit->TryAcquire(Ask).permit().RecordSuccess();
  circuit.Advance(absl::Seconds(2));
  EXPECT_EQ(circuit->TryAcquire(None).reason(), RejectionReason::kNotConnected);
  circuit.AskOnce().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit->TryAcquire(Ask).permit().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(HealthProbe, R21_OneThatIsNotImplementedIsGivenUp) {
  AskingCircuit circuit;
  circuit.Answer(kUnimplemented);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(circuit->Snapshot().health_probe_stopped);
  EXPECT_EQ(circuit->Snapshot().totals.ignored, 1);
  EXPECT_EQ(circuit.Told(EventKind::kHealthProbeStopped), 1);
  for (const Event& event : circuit.events()) {
    if (event.kind != EventKind::kHealthProbeStopped) continue;
    EXPECT_EQ(event.detail,
              "the dependency can't be asked, UNIMPLEMENTED: calls are the probes from now on");
  }
  // In the next opening as well, without another word.
  circuit->TryAcquire(Ask).permit().RecordFailure();
  circuit.AdvanceToProbe();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(circuit->TryAcquire(Ask));
  EXPECT_EQ(circuit.Told(EventKind::kHealthProbeStopped), 1);
}

TEST(HealthProbe, R21_WithAdaptiveRecoveryTheNextCallIsTheProbeThen) {
  AskingCircuit circuit(AdaptiveAskingPolicy());
  circuit.Answer(kUnimplemented);
  EXPECT_EQ(circuit->state(), State::kOpen);
  Admission admission = circuit->TryAcquire(Ask);
  ASSERT_TRUE(admission);
  admission.permit().RecordSuccess();
  EXPECT_EQ(circuit->Snapshot().limit, 2);
}

TEST(HealthProbe, R21_ItIsGivenUpAfterThreeRefusalsInARow) {
  AskingCircuit circuit;
  for (const int code :
       {kPermissionDenied, kUnauthenticated, kUnavailable, kNotFound, kPermissionDenied}) {
    circuit.Answer(code);
    EXPECT_EQ(circuit->state(), State::kOpen) << code;
    EXPECT_FALSE(circuit->Snapshot().health_probe_stopped);
  }
  circuit.Answer(kUnauthenticated);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(circuit->Snapshot().health_probe_stopped);
}

TEST(HealthProbe, R21_AGoodAnswerEndsTheRow) {
  AskingCircuit circuit;
  for (int i = 0; i < 2; ++i) circuit.Answer(kPermissionDenied);
  circuit.Answer(0);
  circuit->TryAcquire(Ask).permit().RecordFailure();
  for (int i = 0; i < 2; ++i) circuit.Answer(kPermissionDenied);
  EXPECT_FALSE(circuit->Snapshot().health_probe_stopped);
}

TEST(HealthProbe, R21_AResetOrAnotherPolicyTriesAgain) {
  AskingCircuit circuit;
  circuit.Answer(kUnimplemented);
  circuit->Reset(kOncall);
  EXPECT_FALSE(circuit->Snapshot().health_probe_stopped);
  circuit.Fail(3);
  circuit.Answer(kUnimplemented);
  EXPECT_TRUE(circuit->Snapshot().health_probe_stopped);
  ASSERT_TRUE(circuit->SetPolicy(AskingPolicy(), kOncall).ok());
  EXPECT_FALSE(circuit->Snapshot().health_probe_stopped);
  EXPECT_EQ(circuit.Told(EventKind::kHealthProbeStopped), 2);
}

// Calls go out in any case.
TEST(HealthProbe, R21_InShadowModeCallsAreTheProbes) {
  TestCircuit circuit(AskingPolicy());
  circuit->Shadow(kOncall);
  circuit.Fail(3);
  circuit.Advance(absl::Seconds(10));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  Admission admission = circuit->TryAcquire(Ask);
  EXPECT_TRUE(admission);
  EXPECT_FALSE(admission.TakeProbe());
}

TEST(HealthProbe, R21_AnOperatorsOpeningIsFollowedByAQuestion) {
  TestCircuit circuit(AskingPolicy());
  ASSERT_TRUE(circuit->ForceOpen(kOncall, absl::Seconds(5)).ok());
  EXPECT_EQ(circuit->TryAcquire(Ask).reason(), RejectionReason::kForcedOpen);
  circuit.Advance(absl::Seconds(5));
  Admission admission = circuit->TryAcquire(Ask);
  EXPECT_FALSE(admission);
  admission.TakeProbe().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(HealthProbe, R21_HowLongAnAnswerTakesSaysNothingOfCalls) {
  Policy policy = AdaptiveAskingPolicy();
  policy.slow_call_duration = absl::Milliseconds(100);
  policy.slow_is_failure = true;
  AskingCircuit circuit(policy);
  Permit probe = circuit.AskOnce();
  circuit.Advance(absl::Seconds(5));
  probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().totals.slow, 0);
  // Slow start's patience is that of calls that take no time: a second.
  circuit->TryAcquire(Ask).permit().RecordSuccess();
  circuit.Advance(absl::Seconds(1));
  circuit->TryAcquire(Ask).permit().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(HealthProbe, R21_ATooManyIsRejectedAsEver) {
  Policy policy = AskingPolicy();
  policy.max_in_flight = 4;
  TestCircuit circuit(policy);
  const std::vector<Permit> out = circuit.AcquireMany(1);
  circuit.Fail(3);
  circuit.Advance(absl::Seconds(10));
  ASSERT_TRUE(circuit
                  ->SetPolicy(
                      [&] {
                        policy.max_in_flight = 1;
                        return policy;
                      }(),
                      kOncall)
                  .ok());
  Admission admission = circuit->TryAcquire(Ask);
  EXPECT_EQ(admission.reason(), RejectionReason::kTooManyCalls);
  EXPECT_FALSE(admission.TakeProbe());
}

// It goes on where it was.
TEST(HealthProbe, R21_ACircuitThatWasEvictedAsksWhenItComesBack) {
  FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = 1;
  CircuitRegistry registry(std::move(options));
  {
    const auto circuit = *registry.GetOrCreate("a", AskingPolicy());
    for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
    EXPECT_EQ(circuit->state(), State::kOpen);
  }
  clock.Advance(absl::Minutes(1));
  ASSERT_TRUE(registry.GetOrCreate("b", AskingPolicy()).ok());
  ASSERT_EQ(registry.Find("a"), nullptr);
  ASSERT_TRUE(registry.Remove("b", kOncall).ok());
  const auto back = *registry.GetOrCreate("a", AskingPolicy());
  EXPECT_TRUE(back->TryAcquire(Ask).TakeProbe());
}

TEST(HealthProbe, R21_AnAbandonedPermitGivesNothingBack) {
  AskingCircuit circuit;
  Permit probe = circuit.AskOnce();
  probe.Abandon();
  EXPECT_FALSE(probe);
  EXPECT_FALSE(probe.RecordSuccess());
  EXPECT_EQ(circuit->Snapshot().in_flight, 1);
}

TEST(HealthProbe, R21_WhoAsksIsToldForHowLong) {
  Policy policy = AskingPolicy();
  policy.health_probe->timeout = absl::Seconds(3);
  AskingCircuit circuit(policy);
  EXPECT_EQ(circuit->health_probe_timeout(), absl::Seconds(3));
  ASSERT_TRUE(circuit->SetPolicy(SmallPolicy(), kOncall).ok());
  EXPECT_EQ(circuit->health_probe_timeout(), absl::Seconds(1));
}

TEST(HealthProbe, R11_TheTimeoutHasARange) {
  Policy policy = AskingPolicy();
  policy.health_probe->timeout = absl::ZeroDuration();
  EXPECT_THAT(Validate(policy).message(), HasSubstr("health_probe.timeout = 0, must be"));
  EXPECT_FALSE(policy == AskingPolicy());
}

}  // namespace
}  // namespace fusebox
