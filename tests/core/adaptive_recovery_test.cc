// SPDX-License-Identifier: Apache-2.0
//
// An OPEN circuit that probes by the square root (rule R16), and slow start (R17).
#include <cmath>
#include <cstdint>
#include <memory>
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

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Operator kOncall = Operator("oncall");
constexpr int kTimedOut = static_cast<int>(absl::StatusCode::kDeadlineExceeded);

// 3 failures in a row open it; nothing is random.
Policy AdaptivePolicy() {
  Policy policy = SmallPolicy();
  policy.adaptive_recovery = AdaptiveRecovery{};
  return policy;
}

// A circuit that has just opened.
class OpenCircuit : public TestCircuit {
 public:
  explicit OpenCircuit(const Policy& policy = AdaptivePolicy(), uint64_t seed = 1)
      : TestCircuit(policy, "circuit", seed) {
    Fail(3);
    EXPECT_EQ((*this)->state(), State::kOpen);
  }

  void AdvanceToProbe() { Advance(RemainingOpen()); }

  void FailProbe() {
    AdvanceToProbe();
    Fail(1);
  }

  // One that takes no time.
  void SucceedProbe() {
    AdvanceToProbe();
    Succeed(1);
    EXPECT_EQ((*this)->state(), State::kHalfOpen);
  }

  double limit() { return (*this)->Snapshot().limit.value_or(0); }

  int64_t Told(EventKind kind) const {
    int64_t told = 0;
    for (const Event& event : events()) told += event.kind == kind ? 1 : 0;
    return told;
  }
};

// ---- R16

TEST(AdaptiveRecovery, R16_TheFirstProbeIsDueAfterTheLeastGap) {
  OpenCircuit circuit;
  EXPECT_EQ(circuit.RemainingOpen(), absl::Milliseconds(50));
}

TEST(AdaptiveRecovery, R16_TheNextProbeIsDueByTheSquareRoot) {
  // t * sqrt(2c / n): of 200 calls/s every 0.15 s after 10 s.
  OpenCircuit circuit;
  int64_t rejected = 0;
  int64_t probes = 0;
  for (int64_t tick = 1; tick <= 2'000; ++tick) {
    circuit.Advance(absl::Milliseconds(5));
    Admission call = circuit->TryAcquire();
    if (!call) {
      ++rejected;
      continue;
    }
    ++probes;
    call.permit().RecordFailure();
    const double t = 5'000.0 * static_cast<double>(tick);
    const double gap = t * std::sqrt(0.5 / static_cast<double>(std::max<int64_t>(1, rejected)));
    const absl::Duration left = circuit.RemainingOpen();
    ++rejected;
    EXPECT_NEAR(absl::ToDoubleMicroseconds(left), std::max(gap, 50'000.0), 1) << tick;
  }
  // 2 * sqrt(2 * 200 * 10), less what the least gap and the grid of calls cost.
  EXPECT_GT(probes, 85);
  EXPECT_LT(probes, 125);
  EXPECT_EQ(circuit->Snapshot().totals.probes_failed, probes);
  EXPECT_EQ(circuit->Snapshot().totals.opened, 1);
}

TEST(AdaptiveRecovery, R16_ADearerProbeIsSeldomer) {
  const auto gap = [](double cost) {
    Policy policy = AdaptivePolicy();
    policy.adaptive_recovery->probe_cost = cost;
    OpenCircuit circuit(policy);
    circuit.Advance(absl::Seconds(4));
    circuit.Fail(1);  // a probe, with nothing rejected before: 4 s * sqrt(2c)
    return circuit.RemainingOpen();
  };
  EXPECT_EQ(gap(0.02), absl::Milliseconds(800));
  EXPECT_EQ(gap(0.5), absl::Seconds(4));
  EXPECT_EQ(gap(2), absl::Seconds(8));
  EXPECT_EQ(gap(100), absl::Seconds(30));
}

TEST(AdaptiveRecovery, R16_NoGapIsLongerThanHalfAMinute) {
  Policy policy = AdaptivePolicy();
  policy.adaptive_recovery->probe_cost = 100;
  OpenCircuit circuit(policy);
  circuit.Advance(absl::Seconds(29));
  circuit.Fail(1);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(30));
}

TEST(AdaptiveRecovery, R16_WhoGoesByTheStateWaitsForNoCall) {
  OpenCircuit circuit;
  circuit.Advance(absl::Milliseconds(50) + absl::Seconds(30) - absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.limit(), 2);
  EXPECT_EQ(circuit.moves().back().detail, "no call for 30s");
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(AdaptiveRecovery, R16_TheWaitForACallBeginsAnewWithAnIgnoredProbe) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  Permit probe = circuit.Acquire();
  circuit.Advance(absl::Seconds(31));
  EXPECT_EQ(circuit->state(), State::kOpen);  // a probe is out
  probe.Record(Outcome::Ignored());
  circuit.Advance(absl::Seconds(29));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Advance(absl::Seconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(AdaptiveRecovery, R16_AProbeThatHangsWithoutACallMakesNoOneWait) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  const Permit probe = circuit.Acquire();
  circuit.Advance(AdaptivePolicy().half_open.probe_timeout + absl::Seconds(30) -
                  absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(AdaptiveRecovery, R16_ShadowModeProbesAsSeldom) {
  const auto failed_probes = [](bool shadow) {
    TestCircuit circuit(AdaptivePolicy());
    if (shadow) circuit->Shadow(kOncall);
    for (int i = 0; i < 10'000; ++i) {
      if (Admission call = circuit->TryAcquire()) call.permit().RecordFailure();
      circuit.Advance(absl::Milliseconds(1));
    }
    int64_t told = 0;
    for (const Event& event : circuit.events()) told += event.kind == EventKind::kProbeFailed;
    return told;
  };
  EXPECT_EQ(failed_probes(true), failed_probes(false));
}

TEST(AdaptiveRecovery, R20_AwaitsAConnectionForHalfAMinuteWithoutACall) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  const auto call = [&](bool connected) {
    return circuit->TryAcquire([connected] { return connected; }).admitted();
  };
  EXPECT_FALSE(call(false));
  EXPECT_TRUE(circuit->Snapshot().awaits_connection);
  circuit.Advance(absl::Seconds(29));
  EXPECT_FALSE(call(false));
  circuit.Advance(absl::Seconds(29));
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Advance(absl::Seconds(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(call(true));
}

TEST(AdaptiveRecovery, R16_OneProbeIsOutAtTheSameTime) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  Permit probe = circuit.Acquire();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 1);
  EXPECT_FALSE(circuit->Snapshot().next_probe.has_value());
  Admission other = circuit->TryAcquire();
  EXPECT_FALSE(other.admitted());
  EXPECT_EQ(other.reason(), RejectionReason::kOpen);
  EXPECT_EQ(other.retry_after(), absl::Milliseconds(50));
  probe.RecordFailure();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_TRUE(circuit->Snapshot().next_probe.has_value());
}

TEST(AdaptiveRecovery, R16_AFailedProbeIsNoOpening) {
  OpenCircuit circuit;
  const absl::Time opened = circuit->Snapshot().last_opening->time;
  for (int i = 0; i < 20; ++i) circuit.FailProbe();
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.totals.opened, 1);
  EXPECT_EQ(snapshot.totals.failure, 23);
  EXPECT_EQ(snapshot.last_opening->time, opened);
  EXPECT_EQ(snapshot.last_opening->cause, Cause::kConsecutiveFailures);
  EXPECT_EQ(snapshot.last_transition, opened);
  EXPECT_EQ(circuit.Told(EventKind::kTransition), 1);
  EXPECT_EQ(circuit.Told(EventKind::kRuleExceeded), 1);
  EXPECT_EQ(circuit.Told(EventKind::kFirstRejection), 1);
  EXPECT_EQ(circuit.Told(EventKind::kProbeFailed), 20);
}

TEST(AdaptiveRecovery, R16_TheFirstRejectionIsToldWhenItComes) {
  OpenCircuit circuit;
  circuit.Advance(absl::Seconds(1));
  Permit probe = circuit.Acquire();
  EXPECT_EQ(circuit.Told(EventKind::kFirstRejection), 0);
  circuit.Look();
  EXPECT_EQ(circuit.Told(EventKind::kFirstRejection), 1);
  probe.RecordFailure();
  circuit.Look();
  EXPECT_EQ(circuit.Told(EventKind::kFirstRejection), 1);
}

TEST(AdaptiveRecovery, R16_ProbesPushNoTransitionOutOfTheLog) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.event_capacity = 16;
  CircuitRegistry registry(options);
  const auto circuit = registry.GetOrCreate("circuit", AdaptivePolicy()).value();
  for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
  for (int i = 0; i < 1'000; ++i) {
    clock.Advance(absl::Seconds(30));
    circuit->TryAcquire().permit().RecordFailure();
  }
  bool has_transition = false;
  for (const Event& event : registry.EventsSince(0).events) {
    has_transition |= event.kind == EventKind::kTransition;
  }
  EXPECT_TRUE(has_transition);
}

TEST(AdaptiveRecovery, R16_AnIgnoredProbeGivesWayToTheNextCall) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  circuit.Ignore(1);
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(AdaptiveRecovery, R16_AProbeThatHangsHasFailed) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  Permit probe = circuit.Acquire();
  circuit.AdvanceLooking(absl::Seconds(60));
  EXPECT_EQ(circuit.Told(EventKind::kProbeFailed), 1);
  EXPECT_TRUE(probe.RecordSuccess());  // stale
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(AdaptiveRecovery, R16_AProbeThatItsCallerCancelledLateHasFailed) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  circuit.Call(Outcome::Cancelled(absl::Seconds(2)));
  EXPECT_EQ(circuit.Told(EventKind::kProbeFailed), 1);
}

TEST(AdaptiveRecovery, R16_AServersPushbackIsALeast) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  circuit.FailWithPushback(absl::Seconds(20));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
  circuit.Advance(absl::Seconds(20));
  circuit.FailWithPushback(absl::Hours(1));
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(80));  // max_open_duration
}

TEST(AdaptiveRecovery, R16_AGapIsSpreadByAQuarter) {
  Policy policy = AdaptivePolicy();
  policy.jitter = 0.1;
  absl::Duration least = absl::InfiniteDuration();
  absl::Duration most;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    OpenCircuit circuit(policy, seed);
    least = std::min(least, circuit.RemainingOpen());
    most = std::max(most, circuit.RemainingOpen());
  }
  EXPECT_GE(least, absl::Milliseconds(37.5));
  EXPECT_LE(least, absl::Milliseconds(39));
  EXPECT_LE(most, absl::Milliseconds(62.5));
  EXPECT_GE(most, absl::Milliseconds(61));
}

TEST(AdaptiveRecovery, R16_ARelapseGoesOnWithTheSameOutage) {
  OpenCircuit circuit;
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(1);
  circuit.Fail(3);
  ASSERT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().totals.opened, 2);
  // 10 s * sqrt(2 * 0.25), with nothing rejected.
  EXPECT_EQ(absl::Trunc(circuit.RemainingOpen(), absl::Milliseconds(1)), absl::Milliseconds(7'071));
}

TEST(AdaptiveRecovery, R16_AnOutageIsOverWhenTheCircuitIsClosed) {
  OpenCircuit circuit;
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(1);
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed(1);
  ASSERT_EQ(circuit->state(), State::kClosed);
  circuit.Fail(3);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Milliseconds(50));
}

TEST(AdaptiveRecovery, R16_SlowProbesAreFurtherApart) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  circuit.CallThatTook(absl::Milliseconds(400), Outcome::Success());
  circuit.Fail(3);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Milliseconds(800));
}

TEST(AdaptiveRecovery, R16_AnOperatorsOpeningLastsAsLongAsAsked) {
  TestCircuit circuit(AdaptivePolicy());
  ASSERT_TRUE(circuit->ForceOpen(kOncall, absl::Minutes(5)).ok());
  circuit.Advance(absl::Minutes(5) - absl::Nanoseconds(1));
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit.Advance(absl::Nanoseconds(1));
  Permit probe = circuit.Acquire();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(AdaptiveRecovery, R16_OperatorsActWhileAProbeIsOut) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  Permit probe = circuit.Acquire();
  circuit->Reset(kOncall);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_TRUE(probe.RecordFailure());  // stale
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  circuit.Fail(3);
  circuit.AdvanceToProbe();
  probe = circuit.Acquire();
  ASSERT_TRUE(circuit->ForceOpen(kOncall).ok());
  EXPECT_TRUE(probe.RecordSuccess());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(AdaptiveRecovery, R16_ANewPolicyTakesOverAnOpening) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  const Permit probe = circuit.Acquire();
  ASSERT_TRUE(circuit->SetPolicy(SmallPolicy(), kOncall).ok());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);  // by R5, of which the time has come
  circuit.Fail(1);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
  ASSERT_TRUE(circuit->SetPolicy(AdaptivePolicy(), kOncall).ok());
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(1);
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
}

TEST(AdaptiveRecovery, R16_AnEvictedCircuitsOutageGoesOn) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = 1;
  CircuitRegistry registry(options);
  const auto fail = [&](CircuitBreaker& circuit) { circuit.TryAcquire().permit().RecordFailure(); };
  auto circuit = registry.GetOrCreate("circuit", AdaptivePolicy()).value();
  for (int i = 0; i < 3; ++i) fail(*circuit);
  clock.Advance(absl::Seconds(9));
  fail(*circuit);  // a probe
  circuit = nullptr;
  ASSERT_TRUE(registry.GetOrCreate("other", AdaptivePolicy()).ok());
  ASSERT_EQ(registry.Find("circuit"), nullptr);
  clock.Advance(absl::Seconds(27));
  circuit = registry.GetOrCreate("circuit", AdaptivePolicy()).value();
  fail(*circuit);
  // 36 s, and not one call was rejected; from 0.75 to 1.25 of the most.
  EXPECT_GE(circuit->TryAcquire().retry_after(), absl::Seconds(22));
}

// ---- R17

TEST(SlowStart, R17_TwoCallsAndOneMoreWithEachSuccess) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  EXPECT_EQ(circuit.limit(), 2);
  std::vector<Permit> permits = circuit.Fill();
  ASSERT_EQ(permits.size(), 2U);
  const Admission rejected = circuit->TryAcquire();
  EXPECT_EQ(rejected.reason(), RejectionReason::kLimited);
  EXPECT_EQ(rejected.state(), State::kHalfOpen);
  EXPECT_THAT(RejectionMessage(rejected.rejection()),
              HasSubstr("limits the calls in flight; may be tried as soon as one ends"));
  permits.pop_back();  // ignored
  EXPECT_EQ(circuit.limit(), 2);
  permits.pop_back();
  circuit.Succeed(1);
  EXPECT_EQ(circuit.limit(), 3);
}

TEST(SlowStart, R17_ItDoublesEachRoundTrip) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  std::vector<std::size_t> sizes;
  for (int trip = 0; trip < 6; ++trip) {
    std::vector<Permit> permits = circuit.Fill();
    sizes.push_back(permits.size());
    circuit.Advance(absl::Milliseconds(20));
    for (Permit& permit : permits) permit.RecordSuccess();
  }
  EXPECT_THAT(sizes, ElementsAre(2, 4, 8, 16, 32, 64));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(SlowStart, R17_AWindowThatIsHardlyUsedDoesNotGrow) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  circuit.Succeed(500);
  EXPECT_EQ(circuit.limit(), 3);  // one call is less than half of it
}

// In slow start, after time-outs that have opened it with that many calls in flight.
void StartSlowlyAfter(TestCircuit& circuit, int in_flight) {
  std::vector<Permit> hanging = circuit.AcquireMany(in_flight + 2);
  for (int i = 0; i < 3; ++i) {
    hanging.back().Record(Outcome::Failure(kTimedOut));
    hanging.pop_back();
  }
  ASSERT_EQ(circuit->state(), State::kOpen);
  hanging.clear();
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed(1);
}

TEST(SlowStart, R17_AfterTimeOutsItGrowsSlowlyFromHalf) {
  TestCircuit circuit(AdaptivePolicy());
  StartSlowlyAfter(circuit, 14);
  std::vector<double> limits;
  for (int trip = 0; trip < 6; ++trip) {
    std::vector<Permit> permits = circuit.Fill();
    for (Permit& permit : permits) permit.RecordSuccess();
    limits.push_back(std::floor(circuit->Snapshot().limit.value()));
  }
  // Doubles as far as 7; hardly grows after that.
  EXPECT_THAT(limits, ElementsAre(4, 7, 7, 7, 7, 7));
}

TEST(SlowStart, R17_WhoHasOneCallHasASecondSoon) {
  TestCircuit circuit(AdaptivePolicy());
  StartSlowlyAfter(circuit, 1);
  ASSERT_EQ(circuit->Snapshot().limit, 1);
  double limit = 1;
  for (int successes = 1; successes <= 18; ++successes) {
    EXPECT_EQ(circuit.Fill().size(), 1U);  // the second one is held back
    circuit.Succeed(1);
    limit += 1 / (8 * limit * limit);
    EXPECT_NEAR(circuit->Snapshot().limit.value_or(0), limit, 0.0001) << successes;
  }
  circuit.Succeed(1);
  EXPECT_EQ(circuit.Fill().size(), 2U);
}

TEST(SlowStart, R17_AfterTimeOutsItsLimitIsKeptForAWhile) {
  TestCircuit circuit(AdaptivePolicy());
  StartSlowlyAfter(circuit, 8);
  for (int trip = 0; trip < 2; ++trip) {
    for (Permit& permit : circuit.Fill()) permit.RecordSuccess();
  }
  circuit.Advance(absl::Seconds(1));
  const std::vector<Permit> of_before = circuit.AcquireMany(3);
  circuit.Succeed(1);
  ASSERT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit.events().back().kind, EventKind::kLimitBegan);
  EXPECT_EQ(circuit.events().back().detail, "learnt in slow start: at most 4 calls in flight");
  // A burst finds it; those that were out when the circuit was closed are not counted.
  EXPECT_EQ(circuit.Fill().size(), 4U);
  EXPECT_EQ(circuit->TryAcquire().rejection().state, State::kClosed);
  circuit.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  circuit.Succeed(1);
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  circuit.Advance(absl::Nanoseconds(1));
  circuit.Succeed(1);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  EXPECT_EQ(circuit.events().back().detail, "no call was held back for 10s");
}

TEST(SlowStart, R17_ALimitOfLongAgoIsNotKept) {
  TestCircuit circuit(AdaptivePolicy());
  StartSlowlyAfter(circuit, 1);
  ASSERT_EQ(circuit->Snapshot().limit, 1);
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  for (const Event& event : circuit.events()) EXPECT_NE(event.kind, EventKind::kLimitBegan);
}

TEST(SlowStart, R17_R18_AnOverloadAfterClosingCutsWhatIsInFlight) {
  Policy policy = AdaptivePolicy();
  policy.overload_limit = OverloadLimit{};
  TestCircuit circuit(policy);
  StartSlowlyAfter(circuit, 98);
  for (int trip = 0; trip < 6; ++trip) {
    for (Permit& permit : circuit.Fill()) permit.RecordSuccess();
  }
  circuit.Advance(absl::Seconds(1));
  std::vector<Permit> of_before = circuit.AcquireMany(39);
  circuit.Succeed(1);
  ASSERT_EQ(circuit->state(), State::kClosed);
  circuit.Advance(absl::Milliseconds(1));
  Outcome busy = Outcome::FromStatus(absl::ResourceExhaustedError("busy"));
  busy.pushback = absl::Seconds(75);
  circuit.Call(busy);
  EXPECT_NEAR(circuit->Snapshot().limit.value_or(0), 0.7 * 40, 0.001);

  // The time in which it may not grow makes it grow no faster.
  of_before.clear();
  circuit.Advance(absl::Seconds(40));
  EXPECT_EQ(circuit.Fill().size(), 28U);
  circuit.Advance(absl::Seconds(36));
  for (Permit& permit : circuit.Fill()) permit.RecordSuccess();
  EXPECT_NEAR(circuit->Snapshot().limit.value_or(0), 28 + 28.0 / 1024, 0.001);
}

TEST(SlowStart, R17_WhatCallsTookIsForgottenWithTheLimit) {
  TestCircuit circuit(AdaptivePolicy());
  StartSlowlyAfter(circuit, 1);
  ASSERT_EQ(circuit->Snapshot().limit, 1);
  EXPECT_EQ(circuit.Fill().size(), 1U);
  circuit.CallThatTook(absl::Milliseconds(400), Outcome::Success());
  circuit.Advance(absl::Seconds(9));
  circuit.CallThatTook(absl::Milliseconds(400), Outcome::Success());
  ASSERT_EQ(circuit->state(), State::kClosed);
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  circuit.Advance(absl::Seconds(10));
  circuit.Succeed(1);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  circuit.Fail(3);
  EXPECT_EQ(circuit.RemainingOpen(), absl::Milliseconds(50));
}

TEST(SlowStart, R17_WithoutTimeOutsNoLimitIsKept) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  for (Permit& permit : circuit.Fill()) permit.RecordSuccess();
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed(1);
  ASSERT_EQ(circuit->state(), State::kClosed);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
}

TEST(SlowStart, R17_ItIsClosedWhenNoCallWasHeldBackForASecond) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  circuit.Advance(absl::Milliseconds(700));
  std::vector<Permit> permits = circuit.Fill();  // the last one is held back
  for (Permit& permit : permits) permit.RecordSuccess();
  circuit.Advance(absl::Milliseconds(999));
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Advance(absl::Milliseconds(1));
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kSlowStartEnded);
  EXPECT_EQ(circuit.moves().back().detail, "no call was held back for 1s");
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
}

TEST(SlowStart, R17_ASlowDependencyTakesTenTimesItsLatency) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  circuit.CallThatTook(absl::Milliseconds(300), Outcome::Success());
  circuit.Advance(absl::Milliseconds(2'999));
  circuit.CallThatTook(absl::Milliseconds(300), Outcome::Success());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Advance(absl::Milliseconds(1));
  circuit.CallThatTook(absl::Milliseconds(300), Outcome::Success());
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(SlowStart, R17_FailuresOpenItAgain) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Fail(1);
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().last_opening->cause, Cause::kConsecutiveFailures);
}

TEST(SlowStart, R17_ACallThatHangsHoldsItsPlaceForASecond) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  std::vector<Permit> hanging = circuit.Fill();
  circuit.Advance(absl::Milliseconds(900));
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit.Advance(absl::Milliseconds(200));
  std::vector<Permit> more = circuit.Fill();
  EXPECT_EQ(more.size(), 2U);
  for (Permit& permit : hanging) permit.RecordSuccess();
  EXPECT_EQ(circuit.limit(), 4);  // they had no place any more, and are successes all the same
  EXPECT_EQ(circuit.Fill().size(), 2U);
}

TEST(SlowStart, R17_AMessageGivesThePlaceBack) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  std::vector<Permit> streams;
  for (int i = 0; i < 500; ++i) {
    streams.push_back(circuit.Acquire());
    streams.back().ReceiveMessage();
  }
  EXPECT_EQ(circuit->Snapshot().in_flight, 500);
  circuit.Advance(absl::Seconds(1));
  streams.push_back(circuit.Acquire());
  streams.back().ReceiveMessage();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(SlowStart, R17_AStreamsFirstMessageIsAGoodProbe) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  Permit stream = circuit.Acquire();
  stream.ReceiveMessage();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(stream.RecordFailure());  // of an earlier epoch
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
}

TEST(SlowStart, R17_AStreamThatBreaksAfterItsFirstMessageCounts) {
  OpenCircuit circuit;
  circuit.AdvanceToProbe();
  FirstMessage first = circuit.Acquire().RecordFirstMessage();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit->ReportFailure(Outcome::Failure(), first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 1);
  first = circuit.Acquire().RecordFirstMessage();
  circuit->ReportFailure(Outcome::Failure(), first);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
}

TEST(SlowStart, R17_MaxInFlightIsLookedAtFirst) {
  Policy policy = AdaptivePolicy();
  policy.max_in_flight = 1;
  OpenCircuit circuit(policy);
  circuit.SucceedProbe();
  const Permit out = circuit.Acquire();
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kTooManyCalls);
}

TEST(SlowStart, R17_OperatorsActInIt) {
  OpenCircuit circuit;
  circuit.SucceedProbe();
  ASSERT_TRUE(circuit->ForceOpen(kOncall).ok());
  EXPECT_EQ(circuit->state(), State::kOpen);
  circuit->Automate(kOncall);
  EXPECT_EQ(circuit->state(), State::kOpen);  // until its probe has answered
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  ASSERT_TRUE(circuit->SetPolicy(AdaptivePolicy(), kOncall).ok());
  EXPECT_EQ(circuit.limit(), 2);
  ASSERT_TRUE(circuit->SetPolicy(SmallPolicy(), kOncall).ok());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit.limit(), 0);
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(SlowStart, R17_ShadowOnlySaysWhatItWouldReject) {
  TestCircuit circuit(AdaptivePolicy());
  circuit->Shadow(kOncall);
  circuit.Fail(3);
  circuit.Advance(absl::Milliseconds(50));
  circuit.Succeed(1);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  const std::vector<Permit> permits = circuit.AcquireMany(5);
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 3);
}

TEST(SlowStart, R17_AnEvictedCircuitProbesAgain) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = 1;
  CircuitRegistry registry(options);
  auto circuit = registry.GetOrCreate("circuit", AdaptivePolicy()).value();
  for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
  clock.Advance(absl::Seconds(1));
  circuit->TryAcquire().permit().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit = nullptr;
  ASSERT_TRUE(registry.GetOrCreate("other", AdaptivePolicy()).ok());
  circuit = registry.GetOrCreate("circuit", AdaptivePolicy()).value();
  const Admission probe = circuit->TryAcquire();
  EXPECT_TRUE(probe.admitted());
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(AdaptiveRecovery, R11_WhatItMayBe) {
  Policy policy = AdaptivePolicy();
  policy.ramp = Ramp{};
  policy.adaptive_recovery->probe_cost = 0;
  EXPECT_THAT(std::string(Validate(policy).message()),
              HasSubstr("adaptive_recovery.probe_cost = 0, must be greater than 0 and at most 100; "
                        "ramp = set, must be unset where adaptive_recovery is set"));
}

TEST(AdaptiveRecovery, ThePresetHasNoNumberOfTheServices) {
  const Policy policy = Policy::Adaptive();
  EXPECT_TRUE(Validate(policy).ok());
  EXPECT_THAT(PolicyWarnings(policy), ElementsAre());
  EXPECT_FALSE(policy.consecutive_failures.has_value());
  EXPECT_TRUE(policy.improbable_run == ImprobableRun());
  EXPECT_TRUE(policy.adaptive_recovery == AdaptiveRecovery());
}

}  // namespace
}  // namespace fusebox
