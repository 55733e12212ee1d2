// SPDX-License-Identifier: Apache-2.0
//
// A dependency that says it has too much to do (rule R18).
#include <cstdint>
#include <memory>
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

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::HasSubstr;

const Operator kOncall = Operator("oncall");

// 3 failures in a row open it; nothing is random.
Policy LimitPolicy() {
  Policy policy = SmallPolicy();
  policy.overload_limit = OverloadLimit{};
  return policy;
}

Outcome Overload(absl::Duration pushback = absl::ZeroDuration()) {
  Outcome overload = Outcome::FromStatus(absl::ResourceExhaustedError("busy"));
  overload.pushback = pushback;
  return overload;
}

class LimitedCircuit : public TestCircuit {
 public:
  explicit LimitedCircuit(const Policy& policy = LimitPolicy()) : TestCircuit(policy) {}

  // With `count` calls out, one of them meets an overload. Gives the others.
  std::vector<Permit> OverloadOneOf(int count) {
    std::vector<Permit> permits = AcquireMany(count);
    permits.back().Record(Overload());
    permits.pop_back();
    return permits;
  }

  double limit() { return (*this)->Snapshot().limit.value_or(0); }

  int64_t Told(EventKind kind) const {
    int64_t told = 0;
    for (const Event& event : events()) told += event.kind == kind ? 1 : 0;
    return told;
  }
};

// How many of them are let through; each ends at once, as ignored.
int Admitted(TestCircuit& circuit, int calls) {
  int admitted = 0;
  for (int i = 0; i < calls; ++i) {
    Admission call = circuit->TryAcquire();
    if (!call) {
      EXPECT_EQ(call.reason(), RejectionReason::kLimited);
      continue;
    }
    ++admitted;
    call.permit().Record(Outcome::Ignored());
  }
  return admitted;
}

// The next permit that there is.
Permit Admittance(TestCircuit& circuit) {
  for (;;) {
    if (Admission call = circuit->TryAcquire()) return std::move(call).permit();
  }
}

TEST(OverloadLimit, R18_AnOverloadCutsTheCallsInFlight) {
  LimitedCircuit circuit;
  const std::vector<Permit> out = circuit.OverloadOneOf(20);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit.limit(), 14);
  Admission call = circuit->TryAcquire();  // 19 are out
  EXPECT_EQ(call.reason(), RejectionReason::kLimited);
  EXPECT_EQ(call.rejection().state, State::kClosed);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 1);
}

TEST(OverloadLimit, R18_WithoutItAnOverloadIsAFailure) {
  TestCircuit circuit(SmallPolicy());
  circuit.Call(Overload(), 3);
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit->Snapshot().last_opening->cause, Cause::kConsecutiveFailures);
}

TEST(OverloadLimit, R18_NoOverloadOpensIt) {
  LimitedCircuit circuit;
  for (int i = 0; i < 1'000; ++i) {
    Admission call = circuit->TryAcquire();
    if (call) call.permit().Record(Overload());
    circuit.Advance(absl::Milliseconds(10));
  }
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.state, State::kClosed);
  EXPECT_EQ(snapshot.limit, 1.0 / 64);
  EXPECT_EQ(snapshot.window.recorded, 0);
  EXPECT_EQ(snapshot.totals.failures_by_code[8], snapshot.totals.failure);
  EXPECT_EQ(snapshot.last_failure->message, "busy");
}

TEST(OverloadLimit, R18_OtherFailuresOpenItAsEver) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.OverloadOneOf(4);
  EXPECT_GT(circuit.limit(), 0);
  for (Permit& permit : out) permit.RecordFailure();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.limit(), 0);
}

TEST(OverloadLimit, R18_OneCutForWhatWasOutAtTheSameTime) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.OverloadOneOf(20);
  circuit.Advance(absl::Milliseconds(1));
  for (Permit& permit : out) permit.Record(Overload());
  EXPECT_EQ(circuit.limit(), 14);
  // One that started later: of what is out, not of the limit.
  circuit.Advance(absl::Milliseconds(1));
  circuit.Call(Overload());
  EXPECT_NEAR(circuit.limit(), 0.7, 0.001);
}

TEST(OverloadLimit, R18_GrowsByA64thOfACallARoundTrip) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.OverloadOneOf(20);
  circuit.Advance(absl::Milliseconds(10));
  for (Permit& permit : out) permit.RecordSuccess();
  // 19 successes, of 14 a round trip.
  EXPECT_NEAR(circuit.limit(), 14 + 19.0 / 14 / 64, 0.0001);
}

TEST(OverloadLimit, R18_GrowsTwiceAsFastAfterEach10sWithoutACut) {
  LimitedCircuit circuit;
  circuit.OverloadOneOf(20).clear();
  double growth = 1.0 / 64;
  for (int seconds = 1; seconds <= 35; ++seconds) {
    circuit.Advance(absl::Seconds(1));
    if (seconds > 1 && seconds % 10 == 1) growth *= 2;  // it grows since the first one
    const double before = circuit.limit();
    std::vector<Permit> out = circuit.Fill();
    for (Permit& permit : out) permit.RecordSuccess();
    EXPECT_NEAR(circuit.limit(), before + growth * static_cast<double>(out.size()) / before, 0.001)
        << seconds;
  }
  // A cut makes it slow again.
  circuit.Advance(absl::Seconds(1));
  circuit.Call(Overload());
  const double before = circuit.limit();
  circuit.Advance(absl::Seconds(1));
  circuit.Succeed(1);
  EXPECT_LT(circuit.limit() - before, 0.26);
}

TEST(OverloadLimit, R18_BelowOneCallAShareIsLetThrough) {
  LimitedCircuit circuit;
  circuit.Call(Overload());
  EXPECT_NEAR(circuit.limit(), 0.7, 0.001);
  EXPECT_EQ(Admitted(circuit, 1'000), 700);
  const Permit out = Admittance(circuit);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(OverloadLimit, R18_AShareGrowsByAQuarterWithEachSuccess) {
  LimitedCircuit circuit;
  circuit.Call(Overload());
  const double before = circuit.limit();
  const auto succeed = [&] { Admittance(circuit).RecordSuccess(); };
  succeed();
  EXPECT_NEAR(circuit.limit(), before * 1.25, 0.002);
  succeed();
  EXPECT_EQ(circuit.limit(), 1);
}

TEST(OverloadLimit, R18_EndsWhenNoCallWasHeldBackFor10s) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.OverloadOneOf(20);
  circuit.Advance(absl::Milliseconds(500));
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit.Advance(absl::Milliseconds(9'999));
  out.back().RecordSuccess();
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  circuit.Advance(absl::Milliseconds(1));
  circuit.Succeed(1);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  EXPECT_EQ(circuit.Told(EventKind::kLimitBegan), 1);
  EXPECT_EQ(circuit.Told(EventKind::kLimitEnded), 1);
  EXPECT_EQ(circuit.moves().size(), 0);
  EXPECT_THAT(circuit.events().front().detail, HasSubstr("at most 14"));
}

TEST(OverloadLimit, R18_EndsByTimeAloneWhenNobodyCalls) {
  LimitedCircuit circuit;
  circuit.Call(Overload());
  circuit.Advance(absl::Seconds(60) - absl::Nanoseconds(1));
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  EXPECT_EQ(circuit.Told(EventKind::kLimitEnded), 1);
}

TEST(OverloadLimit, R18_WhoCallsSeldomFindsOut) {
  LimitedCircuit circuit;
  for (int i = 0; i < 100; ++i) {
    Admittance(circuit).Record(Overload());
    circuit.Advance(absl::Milliseconds(10));
  }
  EXPECT_EQ(circuit.limit(), 1.0 / 64);
  // A call every second: each is let through.
  for (int i = 0; i < 20; ++i) {
    circuit.Advance(absl::Seconds(1));
    circuit.Succeed(1);
  }
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
}

TEST(OverloadLimit, R18_AWideLimitGrowsByA1024thARoundTrip) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.OverloadOneOf(1'000);
  EXPECT_EQ(circuit.limit(), 700);
  circuit.Advance(absl::Milliseconds(10));
  for (Permit& permit : out) permit.RecordSuccess();
  EXPECT_NEAR(circuit.limit(), 700 + 999.0 / 1024, 0.01);
}

TEST(OverloadLimit, R18_ASuccessThatTookLongCounts) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.OverloadOneOf(20);
  circuit.Advance(absl::Seconds(3));
  const Permit held = circuit.Acquire();
  Outcome untimed = Outcome::Success();
  untimed.timed = false;
  const double before = circuit.limit();
  out.back().Record(untimed);
  EXPECT_TRUE(circuit.limit() == 0 || circuit.limit() > before);
}

TEST(OverloadLimit, R18_WhatEndsItSaysSo) {
  for (const bool opens : {true, false}) {
    LimitedCircuit circuit;
    std::vector<Permit> out = circuit.OverloadOneOf(4);
    if (opens) {
      for (Permit& permit : out) permit.RecordFailure();
    } else {
      circuit->Reset(kOncall);
    }
    EXPECT_EQ(circuit.Told(EventKind::kLimitEnded), 1);
  }
}

TEST(OverloadLimit, R18_FailuresOfBrokenStreamsCutOnceInAWhile) {
  LimitedCircuit circuit;
  const std::vector<Permit> out = circuit.AcquireMany(100);
  for (int i = 0; i < 30; ++i) {
    circuit.Advance(absl::Microseconds(1));
    circuit->ReportFailure(Overload());
  }
  EXPECT_NEAR(circuit.limit(), 70.7, 0.001);
}

TEST(OverloadLimit, R18_ACallThatHangsHoldsItsPlaceForASecond) {
  LimitedCircuit circuit;
  const std::vector<Permit> out = circuit.OverloadOneOf(20);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit.Advance(absl::Milliseconds(1'063));
  const std::vector<Permit> more = circuit.AcquireMany(14);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(OverloadLimit, R18_DoesNotGrowWhileTheServerAsksForLess) {
  LimitedCircuit circuit;
  std::vector<Permit> out = circuit.AcquireMany(20);
  out.back().Record(Overload(/*pushback=*/absl::Milliseconds(20)));
  out.pop_back();
  const auto succeed = [&] {
    out.back().RecordSuccess();
    out.pop_back();
  };
  circuit.Advance(absl::Milliseconds(20) - absl::Nanoseconds(1));
  succeed();
  EXPECT_EQ(circuit.limit(), 14);
  circuit.Advance(absl::Nanoseconds(1));
  succeed();
  EXPECT_GT(circuit.limit(), 14);
}

TEST(OverloadLimit, R18_DoesNotEndWhileTheServerAsksForLess) {
  LimitedCircuit circuit;
  circuit.Call(Overload(/*pushback=*/absl::Seconds(70)));
  circuit.Advance(absl::Seconds(70) - absl::Nanoseconds(1));
  circuit.Succeed(1);
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  circuit.Advance(absl::Nanoseconds(1));
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
}

TEST(OverloadLimit, R18_TheRatioIsThePolicys) {
  Policy policy = LimitPolicy();
  policy.overload_limit->backoff_ratio = 0.5;
  LimitedCircuit circuit(policy);
  const std::vector<Permit> out = circuit.OverloadOneOf(20);
  EXPECT_EQ(circuit.limit(), 10);
}

TEST(OverloadLimit, R18_AProbesOverloadIsAnAnswer) {
  Policy policy = LimitPolicy();
  policy.adaptive_recovery = AdaptiveRecovery{};
  LimitedCircuit circuit(policy);
  circuit.Open();
  circuit.Advance(circuit.RemainingOpen());
  circuit.Call(Overload());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_NEAR(circuit.limit(), 0.7, 0.001);
}

TEST(OverloadLimit, R18_SlowStartIsCutToo) {
  Policy policy = LimitPolicy();
  policy.adaptive_recovery = AdaptiveRecovery{};
  LimitedCircuit circuit(policy);
  circuit.Open();
  circuit.Advance(circuit.RemainingOpen());
  circuit.Succeed(1);
  EXPECT_EQ(circuit.limit(), 2);
  circuit.Advance(absl::Milliseconds(1));
  const std::vector<Permit> out = circuit.OverloadOneOf(2);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_NEAR(circuit.limit(), 1.4, 0.001);
}

TEST(OverloadLimit, R18_ToProbesOfAVerdictItIsNothing) {
  LimitedCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Call(Overload(), 10);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.state, State::kHalfOpen);
  EXPECT_EQ(snapshot.totals.failure, 13);
  EXPECT_FALSE(snapshot.limit.has_value());
}

TEST(OverloadLimit, R18_MaxInFlightIsLookedAtFirst) {
  Policy policy = LimitPolicy();
  policy.max_in_flight = 4;
  LimitedCircuit circuit(policy);
  std::vector<Permit> out = circuit.OverloadOneOf(4);  // 3 are out, of 2.8
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kLimited);
  circuit.Advance(absl::Milliseconds(1'063));
  out.push_back(circuit.Acquire());
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kTooManyCalls);
}

TEST(OverloadLimit, R18_ABrokenStreamsOverloadIsOne) {
  LimitedCircuit circuit;
  const std::vector<Permit> out = circuit.AcquireMany(9);
  Permit stream = circuit.Acquire();
  const FirstMessage first = stream.RecordFirstMessage(Outcome::Success());
  circuit.Advance(absl::Milliseconds(1));
  circuit->ReportFailure(Overload(), first);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
  EXPECT_NEAR(circuit.limit(), 7, 0.001);
}

TEST(OverloadLimit, R18_ShadowOnlySaysWhatItWouldReject) {
  LimitedCircuit circuit;
  circuit->Shadow(kOncall);
  const std::vector<Permit> out = circuit.OverloadOneOf(20);
  EXPECT_TRUE(circuit->TryAcquire().admitted());
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 1);
}

TEST(OverloadLimit, R18_OperatorsAndPoliciesEndIt) {
  LimitedCircuit circuit;
  const std::vector<Permit> first = circuit.OverloadOneOf(20);
  circuit->Reset(kOncall);
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());

  const std::vector<Permit> second = circuit.OverloadOneOf(20);
  EXPECT_TRUE(circuit->Snapshot().limit.has_value());
  EXPECT_TRUE(circuit->SetPolicy(SmallPolicy(), kOncall).ok());
  EXPECT_FALSE(circuit->Snapshot().limit.has_value());
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(OverloadLimit, R18_LimitsPushNoTransitionOutOfTheLog) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.event_capacity = 16;
  CircuitRegistry registry(options);
  const auto circuit = registry.GetOrCreate("circuit", LimitPolicy()).value();
  EXPECT_TRUE(circuit->ForceOpen(kOncall).ok());
  circuit->Reset(kOncall);
  for (int i = 0; i < 1'000; ++i) {
    circuit->TryAcquire().permit().Record(Overload());
    clock.Advance(absl::Seconds(2));
    if (Admission call = circuit->TryAcquire()) call.permit().RecordSuccess();
    clock.Advance(absl::Seconds(2));
    circuit->TryAcquire().permit().RecordSuccess();
  }
  int64_t transitions = 0;
  int64_t limits = 0;
  for (const Event& event : registry.EventsSince(0).events) {
    transitions += event.kind == EventKind::kTransition ? 1 : 0;
    limits += event.kind == EventKind::kLimitBegan ? 1 : 0;
  }
  EXPECT_EQ(transitions, 2);
  EXPECT_GT(limits, 0);
}

TEST(OverloadLimit, R11_WhatItMayBe) {
  Policy policy = LimitPolicy();
  policy.overload_limit->backoff_ratio = 1;
  EXPECT_EQ(
      Validate(policy).message(),
      "invalid policy: overload_limit.backoff_ratio = 1, must be at least 0.1 and less than 1");
  policy.overload_limit->backoff_ratio = 0.1;
  EXPECT_TRUE(Validate(policy).ok());
}

}  // namespace
}  // namespace fusebox
