// SPDX-License-Identifier: Apache-2.0
//
// HALF_OPEN: who is admitted, and what decides (rule R5), through the breaker.
#include <string>
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

// Counts how many of `asked` calls are admitted; keeps their permits out meanwhile.
std::vector<Permit> Admitted(TestCircuit& circuit, int asked) {
  std::vector<Permit> permits;
  for (int i = 0; i < asked; ++i) {
    Admission admission = circuit->TryAcquire();
    if (admission) permits.push_back(std::move(admission).permit());
  }
  return permits;
}

void ExpectLastMove(TestCircuit& circuit, State from, State to, Cause cause,
                    const std::string& detail) {
  const Event event = circuit.moves().back();
  EXPECT_EQ(event.from, from);
  EXPECT_EQ(event.to, to);
  EXPECT_EQ(event.cause, cause) << CauseName(event.cause);
  EXPECT_EQ(event.detail, detail);
}

TEST(CircuitBreaker, R5_AtMostMaxConcurrentProbesAreOut) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const std::vector<Permit> probes = Admitted(circuit, 50);
  EXPECT_EQ(probes.size(), 2U);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 2);
}

TEST(CircuitBreaker, R5_TheOthersAreRejectedWithNothingToWaitFor) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  const Admission admission = circuit->TryAcquire();
  EXPECT_FALSE(admission.admitted());
  EXPECT_EQ(admission.reason(), RejectionReason::kHalfOpenFull);
  EXPECT_EQ(admission.state(), State::kHalfOpen);
  EXPECT_EQ(admission.retry_after(), absl::ZeroDuration());
}

TEST(CircuitBreaker, R5_AReturningProbeMakesRoomForOne) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  probes[0].RecordSuccess();
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 1);
  EXPECT_EQ(Admitted(circuit, 5).size(), 1U);
}

TEST(CircuitBreaker, R5_SuccessThresholdCloses) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
  ExpectLastMove(circuit, State::kHalfOpen, State::kClosed, Cause::kProbesSucceeded,
                 "2 probes succeeded >= 2");
}

TEST(CircuitBreaker, R5_SuccessThresholdBeyondMaxConcurrentIsReachedInTurns) {
  Policy policy = SmallPolicy();
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = SuccessThreshold{5};
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed(4);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_AnyFailureOpensAgain) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed();
  circuit.Fail();
  EXPECT_EQ(circuit->state(), State::kOpen);
  ExpectLastMove(circuit, State::kHalfOpen, State::kOpen, Cause::kProbeFailed,
                 "a probe failed after 1 of 2 successes");
}

TEST(CircuitBreaker, R5_SuccessesOfAnEarlierHalfOpenDoNotCount) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed();
  circuit.Fail();
  circuit.WaitUntilHalfOpen();
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_ASlowProbeThatCountsAsFailureOpensAgain) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_is_failure = true;
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.CallThatTook(absl::Seconds(1), Outcome::Success());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_AnIgnoredProbeFreesItsPlaceAndDecidesNothing) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  for (int i = 0; i < 20; ++i) circuit.Ignore();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().probes_in_flight, 0);
  EXPECT_EQ(Admitted(circuit, 5).size(), 2U);
}

TEST(CircuitBreaker, R5_WithoutTrafficHalfOpenWaitsForEver) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Advance(50 * 365 * absl::Hours(24));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Ignore();  // one that was out, and is no longer
  circuit.Advance(50 * 365 * absl::Hours(24));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(CircuitBreaker, R5_ProbeCallsAdmitsExactlyN) {
  Policy policy = ProbeCallsPolicy(4, 0.5);
  policy.half_open.max_concurrent = 10;
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = Admitted(circuit, 50);
  ASSERT_EQ(probes.size(), 4U);
  // Returned places are not for others: the N have all been given out.
  for (int i = 0; i < 3; ++i) {
    probes[static_cast<std::size_t>(i)].RecordSuccess();
    EXPECT_TRUE(Admitted(circuit, 5).empty());
    EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kHalfOpenFull);
  }
  probes[3].RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_ProbeCallsStillKeepsToMaxConcurrent) {
  TestCircuit circuit(ProbeCallsPolicy(4, 0.5));
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> first = Admitted(circuit, 50);
  ASSERT_EQ(first.size(), 2U);
  for (Permit& permit : first) permit.RecordSuccess();
  std::vector<Permit> second = Admitted(circuit, 50);
  ASSERT_EQ(second.size(), 2U);
  for (Permit& permit : second) permit.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_AnIgnoredProbeGivesBackItsAdmission) {
  Policy policy = ProbeCallsPolicy(2, 0.5);
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Ignore(20);
  circuit.Succeed();
  circuit.Ignore(20);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_ProbeCallsDecidesOnlyWhenAllAreRecorded) {
  TestCircuit circuit(ProbeCallsPolicy(4, 0.5));
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Fail(3);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed();
  EXPECT_EQ(circuit->state(), State::kOpen);
  ExpectLastMove(circuit, State::kHalfOpen, State::kOpen, Cause::kProbeFailureRate,
                 "failure rate 0.75 >= 0.5 over 4 calls");
}

TEST(CircuitBreaker, R5_ProbeCallsOpensAtTheRateAndClosesJustBelow) {
  TestCircuit reached(ProbeCallsPolicy(4, 0.5));
  reached.OpenAndWaitUntilHalfOpen();
  reached.Succeed(2);
  reached.Fail(2);
  EXPECT_EQ(reached->state(), State::kOpen);

  TestCircuit below(ProbeCallsPolicy(4, 0.5));
  below.OpenAndWaitUntilHalfOpen();
  below.Succeed(3);
  below.Fail();
  EXPECT_EQ(below->state(), State::kClosed);
  ExpectLastMove(below, State::kHalfOpen, State::kClosed, Cause::kProbesSucceeded,
                 "1 failed and 0 slow of 4 probes");
}

TEST(CircuitBreaker, R5_ProbeCallsNeedsNoMinimumCalls) {
  Policy policy = ProbeCallsPolicy(2, 0.5);
  policy.minimum_calls = 50;
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Fail(2);
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_ProbeCallsLooksAtSlowProbesToo) {
  Policy policy = SmallPolicy();
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  policy.half_open.verdict = ProbeCalls{4};
  TestCircuit slow(policy);
  slow.OpenAndWaitUntilHalfOpen();
  slow.CallThatTook(absl::Seconds(1), Outcome::Success());
  slow.CallThatTook(absl::Seconds(1), Outcome::Failure());
  slow.CallThatTook(absl::ZeroDuration(), Outcome::Success());
  slow.CallThatTook(absl::ZeroDuration(), Outcome::Success());
  EXPECT_EQ(slow->state(), State::kOpen);
  ExpectLastMove(slow, State::kHalfOpen, State::kOpen, Cause::kProbeSlowCallRate,
                 "slow call rate 0.5 >= 0.5 over 4 calls");

  TestCircuit fast(policy);
  fast.OpenAndWaitUntilHalfOpen();
  fast.CallThatTook(absl::Seconds(1), Outcome::Success());
  for (int i = 0; i < 3; ++i) fast.CallThatTook(absl::ZeroDuration(), Outcome::Failure());
  EXPECT_EQ(fast->state(), State::kClosed);  // no failure_rate, so failures do not decide
}

TEST(CircuitBreaker, R5_TheVerdictIsOverProbesAlone) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = 0.5;
  policy.minimum_calls = 10;
  policy.window = CountWindow{10};
  policy.half_open.verdict = ProbeCalls{2};
  TestCircuit circuit(policy);
  std::vector<Permit> before = circuit.AcquireMany(5);
  circuit.Fail(10);
  circuit.WaitUntilHalfOpen();
  for (Permit& permit : before) permit.RecordFailure();  // calls of CLOSED, and late
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_ProbeTimeoutOpensAgainAndTheLateResultIsStale) {
  for (const bool late_success : {true, false}) {
    TestCircuit circuit;
    circuit.OpenAndWaitUntilHalfOpen();
    Permit hung = circuit.Acquire();
    circuit.AdvanceLooking(absl::Seconds(60) - absl::Nanoseconds(1));
    EXPECT_EQ(circuit->state(), State::kHalfOpen);
    circuit.Advance(absl::Nanoseconds(1));
    EXPECT_EQ(circuit->state(), State::kHalfOpen);  // no read looks
    circuit.Look();
    EXPECT_EQ(circuit->state(), State::kOpen);
    ExpectLastMove(circuit, State::kHalfOpen, State::kOpen, Cause::kProbeTimeout,
                   "a probe has been out for 1m");
    circuit.WaitUntilHalfOpen();
    circuit.Succeed();  // one of two
    EXPECT_TRUE(hung.Record(late_success ? Outcome::Success() : Outcome::Failure()));
    EXPECT_EQ(circuit->state(), State::kHalfOpen);
    circuit.Succeed();
    EXPECT_EQ(circuit->state(), State::kClosed);
  }
}

TEST(CircuitBreaker, R5_AResultAtTheVeryTimeoutIsTooLate) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  probes[0].RecordSuccess();
  circuit.Advance(absl::Seconds(59));
  circuit.Look();
  circuit.Advance(absl::Seconds(1));
  probes[1].RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_TheOldestProbeStillOutDecidesTheTimeout) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit first = circuit.Acquire();
  circuit.Advance(absl::Seconds(30));
  const Permit second = circuit.Acquire();
  first.Ignore();
  circuit.AdvanceLooking(absl::Seconds(59));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Advance(absl::Seconds(1));
  circuit.Look();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_AFreshProbeInTheFirstPlaceDoesNotHideAnOlderOne) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  Permit first = circuit.Acquire();
  const Permit second = circuit.Acquire();
  circuit.Advance(absl::Seconds(50));
  first.Ignore();
  const Permit third = circuit.Acquire();
  circuit.Advance(absl::Seconds(10));
  circuit.Look();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_TheTimeoutAppliesToProbeCallsToo) {
  TestCircuit circuit(ProbeCallsPolicy(2, 0.5));
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Succeed();
  const Permit hung = circuit.Acquire();
  circuit.AdvanceLooking(absl::Seconds(60));
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_ZeroTurnsTheProbeTimeoutOff) {
  Policy policy = SmallPolicy();
  policy.half_open.probe_timeout = absl::ZeroDuration();
  TestCircuit circuit(policy);
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  circuit.Advance(10 * 365 * absl::Hours(24));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  for (Permit& probe : probes) probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_AProcessThatWasStoppedReadsItsAnswersFirst) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  circuit.Advance(absl::Seconds(90));
  // The first to look may be a call, or an answer.
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kHalfOpenFull);
  circuit.Advance(absl::Milliseconds(99));
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kHalfOpenFull);
  for (Permit& probe : probes) probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

// However they are rejected: the calls that find no place are looks too.
TEST(CircuitBreaker, R5_RejectedCallsAreLooks) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  circuit.Advance(absl::Seconds(31));
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kHalfOpenFull);
  circuit.Advance(absl::Seconds(29));
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kProbeTimeout);
}

// The one that hung has come back, and the next one that is late has no look in the half time-out
// before it: the finding of before is forgotten, although nothing but rejections came since.
TEST(CircuitBreaker, R5_RejectedCallsDisarmTheTimeout) {
  TestCircuit circuit(ProbeCallsPolicy(2, /*failure_rate=*/1));
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(1);
  circuit.Advance(absl::Seconds(59));
  probes.push_back(circuit.Acquire());
  circuit.Advance(absl::Seconds(61));  // both are late, with no look
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kHalfOpenFull);
  probes.front().RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

// Whoever is asked for the connection may take his time, or use the circuit himself.
TEST(CircuitBreaker, R5_ACallIsNotRejectedForWhatWasBeforeItsConnectionWasAskedFor) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  const Admission admission = circuit->TryAcquire([&] {
    for (Permit& probe : probes) probe.RecordSuccess();
    return true;
  });
  EXPECT_TRUE(admission.admitted());
}

TEST(CircuitBreaker, R5_R20_ACallWithoutAConnectionIsToldSoWhileTheProbesAreOut) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  std::vector<Permit> probes = circuit.AcquireMany(2);
  const int64_t rejected = circuit->Snapshot().totals.rejected;
  int asked = 0;
  const auto reason = [&](bool connected) {
    return circuit
        ->TryAcquire([&] {
          ++asked;
          return connected;
        })
        .reason();
  };
  EXPECT_EQ(reason(true), RejectionReason::kHalfOpenFull);
  EXPECT_EQ(reason(false), RejectionReason::kNotConnected);
  EXPECT_EQ(asked, 2);  // each call once
  EXPECT_EQ(circuit->Snapshot().totals.rejected, rejected + 2);
  for (Permit& probe : probes) probe.RecordSuccess();
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(CircuitBreaker, R5_AProbeThatStillHangsAMomentLaterOpensTheCircuit) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const absl::Time asked = circuit.clock().WallNow();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  circuit.Advance(absl::Seconds(90));
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kHalfOpenFull);
  circuit.Advance(absl::Milliseconds(100));
  EXPECT_EQ(circuit->TryAcquire().reason(), RejectionReason::kOpen);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kProbeTimeout);
  EXPECT_EQ(circuit.moves().back().time, asked + absl::Seconds(90) + absl::Milliseconds(100));
}

TEST(CircuitBreaker, R5_CallsThatAreFarBetweenFindAHungProbeToo) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  circuit.Advance(absl::Minutes(10));
  circuit.Look();
  circuit.Advance(absl::Minutes(10));
  circuit.Look();
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R5_ProbesThatHangOneAfterTheOtherNeverWedgeTheCircuit) {
  TestCircuit circuit;
  circuit.Open();
  std::vector<Permit> hung;
  for (int i = 0; i < 20; ++i) {
    circuit.WaitUntilHalfOpen();
    for (Permit& permit : circuit.AcquireMany(2)) hung.push_back(std::move(permit));
    circuit.AdvanceLooking(absl::Seconds(60));
    EXPECT_EQ(circuit->state(), State::kOpen);
  }
  EXPECT_EQ(circuit->Snapshot().in_flight, 40);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
}

}  // namespace
}  // namespace fusebox
