// SPDX-License-Identifier: Apache-2.0
//
// What operators do (rule R8).
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/base/operator_verbs.h"
#include "src/core/phase.h"
#include "src/core/transition_table.h"
#include "tests/core/test_circuit.h"
#include "tests/support/operate.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::ElementsAre;

const Operator kOncall = Operator("oncall").Because("a drill");

void ForceOpen(TestCircuit& circuit, std::optional<absl::Duration> ttl = std::nullopt) {
  EXPECT_TRUE(circuit->ForceOpen(kOncall, ttl).ok());
}

// The kinds of the events from the `first` on.
std::vector<EventKind> KindsFrom(const TestCircuit& circuit, std::size_t first) {
  std::vector<EventKind> kinds;
  for (std::size_t i = first; i < circuit.events().size(); ++i) {
    kinds.push_back(circuit.events()[i].kind);
  }
  return kinds;
}

void ExpectRejected(TestCircuit& circuit, RejectionReason reason, absl::Duration retry_after) {
  Admission admission = circuit->TryAcquire();
  EXPECT_FALSE(admission.admitted());
  EXPECT_EQ(admission.reason(), reason);
  EXPECT_EQ(admission.retry_after(), retry_after);
}

Policy BackoffPolicy() {
  Policy policy = SmallPolicy();
  policy.backoff_multiplier = 2;
  return policy;
}

// An OPEN circuit for the second time in a row.
void OpenTwice(TestCircuit& circuit) {
  circuit.OpenAndWaitUntilHalfOpen();
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(20));
}

// Of a circuit that is in a mode in which the verb does something.
template <typename Verb>
void ExpectMovesBy(Cause cause, Verb verb) {
  SCOPED_TRACE(CauseName(cause));
  TestCircuit circuit;
  if (cause == Cause::kDisabled) {
    circuit->Shadow(kOncall);
  } else {
    circuit->Disable(kOncall);
  }
  ASSERT_TRUE(fusebox_testing::Operate(verb, *circuit, kOncall).ok());
  const CircuitSnapshot snapshot = circuit->Snapshot();
  const internal::CauseRow& row = internal::RowOf(cause);
  EXPECT_EQ(snapshot.mode, *row.mode);
  EXPECT_EQ(snapshot.state, internal::StateOf(*row.to));
  ASSERT_TRUE(snapshot.last_action.has_value());
  EXPECT_EQ(snapshot.last_action->cause, cause);
  EXPECT_EQ(snapshot.last_action->detail, "a drill");
  EXPECT_EQ(circuit.events().back().cause, cause);
  EXPECT_EQ(circuit.events().back().actor, "oncall");
}

TEST(CircuitBreaker, R8_EachVerbDoesWhatTheTableSaysOfItsCause) {
#define FUSEBOX_EXPECT(verb, field, cause, ...) ExpectMovesBy(Cause::cause, &CircuitBreaker::verb);
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_EXPECT)
#undef FUSEBOX_EXPECT
}

TEST(CircuitBreaker, R8_ForcedOpenRejectsUntilReleased) {
  TestCircuit circuit;
  ForceOpen(circuit);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_FALSE(circuit->Snapshot().next_probe.has_value());
  for (int i = 0; i < 3; ++i) {
    ExpectRejected(circuit, RejectionReason::kForcedOpen, absl::InfiniteDuration());
    circuit.Advance(absl::Hours(24) * 400);
  }
  circuit->Automate(kOncall);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  circuit.Succeed(2);
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 3);
}

TEST(CircuitBreaker, R8_ForcedOpenEndsWithItsTimeToLive) {
  TestCircuit circuit;
  const absl::Time start = circuit.clock().WallNow();
  ForceOpen(circuit, absl::Minutes(5));
  EXPECT_EQ(circuit->Snapshot().next_probe, start + absl::Minutes(5));
  circuit.Advance(absl::Minutes(2));
  ExpectRejected(circuit, RejectionReason::kForcedOpen, absl::Minutes(3));
  ExpectRejected(circuit, RejectionReason::kForcedOpen, absl::Minutes(3));
  circuit.Advance(absl::Hours(1));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  const Event& event = circuit.events().back();
  EXPECT_EQ(event.kind, EventKind::kTransition);
  EXPECT_EQ(event.cause, Cause::kForcedOpenEnded);
  EXPECT_EQ(event.mode_from, Mode::kForcedOpen);
  EXPECT_EQ(event.mode_to, Mode::kAutomatic);
  EXPECT_EQ(event.actor, "");
  EXPECT_EQ(event.time, start + absl::Minutes(5));
}

TEST(CircuitBreaker, R8_AFleetsTimeToLiveEndsALittleLateAndNotInOneInstant) {
  const absl::Duration year = 365 * absl::Hours(24);
  for (const absl::Duration ttl : {absl::Seconds(10), absl::Minutes(5), year}) {
    const absl::Duration most = std::min(ttl / 10, absl::Seconds(30));
    absl::Duration least_late = most;
    absl::Duration most_late;
    for (uint64_t seed = 0; seed < 1000; ++seed) {
      Policy policy = SmallPolicy();
      policy.jitter = 0.1;
      TestCircuit circuit(policy, "circuit", seed);
      const absl::Time end = circuit.clock().WallNow() + ttl;
      ForceOpen(circuit, ttl);
      const absl::Duration late = *circuit->Snapshot().next_probe - end;
      least_late = std::min(least_late, late);
      most_late = std::max(most_late, late);
      circuit.Advance(ttl + late - absl::Nanoseconds(1));
      EXPECT_EQ(circuit->state(), State::kOpen);
      circuit.Advance(absl::Nanoseconds(1));
      EXPECT_EQ(circuit->state(), State::kHalfOpen);
    }
    EXPECT_GE(least_late, absl::ZeroDuration());
    EXPECT_LT(least_late, most / 100);
    EXPECT_GT(most_late, most * 0.99);
    EXPECT_LE(most_late, most);
  }
}

TEST(CircuitBreaker, R8_ForceOpenAskedForAgainTakesTheNewTimeToLive) {
  TestCircuit circuit;
  ForceOpen(circuit, absl::Minutes(5));
  circuit.Advance(absl::Minutes(1));
  ForceOpen(circuit, absl::Minutes(1));
  ExpectRejected(circuit, RejectionReason::kForcedOpen, absl::Minutes(1));
  ForceOpen(circuit);
  circuit.Advance(absl::Hours(1));
  ExpectRejected(circuit, RejectionReason::kForcedOpen, absl::InfiniteDuration());
  EXPECT_EQ(circuit->Snapshot().epoch, 4U);
  EXPECT_EQ(circuit->Snapshot().totals.opened, 1);
}

TEST(CircuitBreaker, R8_AnInvalidTimeToLiveChangesNothing) {
  TestCircuit circuit;
  const absl::Duration longest = 365 * absl::Hours(24);
  for (const absl::Duration ttl :
       {absl::ZeroDuration(), -absl::Seconds(1), absl::Milliseconds(1) - absl::Nanoseconds(1),
        longest + absl::Nanoseconds(1), absl::InfiniteDuration()}) {
    EXPECT_EQ(circuit->ForceOpen(kOncall, ttl).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(circuit.events().empty());
  EXPECT_EQ(circuit->Snapshot().epoch, 1U);
  EXPECT_EQ(circuit->state(), State::kClosed);
  ForceOpen(circuit, absl::Milliseconds(1));
  ForceOpen(circuit, longest);
}

TEST(CircuitBreaker, R8_ForcedOpenKeepsTheBackoffAndResetDoesNot) {
  TestCircuit circuit(BackoffPolicy());
  OpenTwice(circuit);
  ForceOpen(circuit);
  circuit->Automate(kOncall);
  circuit.Fail();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(40));
  circuit->Reset(kOncall);
  circuit.Open();
  EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
}

TEST(CircuitBreaker, R8_DisabledAdmitsEverythingAndOnlyCounts) {
  Policy policy = SmallPolicy();
  policy.max_in_flight = 2;
  TestCircuit circuit(policy);
  circuit.Open();
  circuit->Disable(kOncall);
  EXPECT_EQ(circuit->state(), State::kClosed);
  circuit.Fail(100);
  const std::vector<Permit> out = circuit.AcquireMany(10);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.mode, Mode::kDisabled);
  EXPECT_EQ(snapshot.state, State::kClosed);
  EXPECT_EQ(snapshot.totals.failure, 103);
  EXPECT_EQ(snapshot.window.recorded, 0);
  EXPECT_EQ(snapshot.consecutive_failures, 0);
  EXPECT_EQ(snapshot.in_flight, 10);
}

TEST(CircuitBreaker, R8_ResultsOfDisabledAreKeptFromTheMachineAfterwards) {
  TestCircuit circuit;
  circuit->Disable(kOncall);
  std::vector<Permit> late = circuit.AcquireMany(5);
  circuit->Automate(kOncall);
  for (Permit& permit : late) EXPECT_TRUE(permit.RecordFailure());
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
}

TEST(CircuitBreaker, R8_ShadowRejectsNothingAndCountsWhatItWouldHave) {
  TestCircuit circuit;
  circuit->Shadow(kOncall);
  circuit.Open();
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kShadow);
  std::vector<Permit> admitted = circuit.AcquireMany(7);
  for (Permit& permit : admitted) EXPECT_TRUE(permit.RecordSuccess());
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 7);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 0);
  EXPECT_EQ(circuit->Snapshot().totals.success, 7);
  circuit.Advance(absl::Seconds(10));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  // Two probes, and one more that would have been rejected: its outcome is not the machine's.
  Permit first = circuit.Acquire();
  const Permit second = circuit.Acquire();
  Permit third = circuit.Acquire();
  EXPECT_EQ(circuit->Snapshot().totals.would_reject, 8);
  EXPECT_TRUE(third.RecordFailure());
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
  EXPECT_TRUE(first.RecordFailure());
  EXPECT_EQ(circuit->state(), State::kOpen);
}

TEST(CircuitBreaker, R8_LeavingShadowOrDisabledIsClosedWithAnEmptyWindowAndTheBackoffStartsOver) {
  for (const bool shadow : {true, false}) {
    TestCircuit circuit(BackoffPolicy());
    OpenTwice(circuit);
    shadow ? circuit->Shadow(kOncall) : circuit->Disable(kOncall);
    EXPECT_EQ(circuit->state(), State::kClosed);
    circuit.Fail(2);
    circuit->Automate(kOncall);
    EXPECT_EQ(circuit->state(), State::kClosed);
    EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
    EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
    circuit.Fail(2);
    EXPECT_EQ(circuit->state(), State::kClosed);
    circuit.Fail();
    EXPECT_EQ(circuit.RemainingOpen(), absl::Seconds(10));
  }
}

TEST(CircuitBreaker, R8_AskingForTheModeThatIsOnChangesNothing) {
  TestCircuit circuit;
  circuit.Fail(2);
  circuit->Automate(kOncall);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  EXPECT_TRUE(circuit.events().empty());
  circuit->Shadow(kOncall);
  circuit.Fail(2);
  circuit->Shadow(kOncall);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  EXPECT_EQ(circuit.events().size(), 1U);
  circuit->Disable(kOncall);
  circuit->Disable(kOncall);
  EXPECT_EQ(circuit.events().size(), 2U);
  EXPECT_EQ(circuit->Snapshot().epoch, 3U);
}

TEST(CircuitBreaker, R8_R1_AskingForShadowAgainMakesTheDueMoveFirst) {
  TestCircuit circuit;
  circuit->Shadow(kOncall);
  circuit.Open();
  circuit.Advance(absl::Seconds(10));
  circuit->Shadow(kOncall);
  EXPECT_EQ(circuit.moves().back().cause, Cause::kOpenDurationElapsed);
}

TEST(CircuitBreaker, R8_ResetIsAutomaticAndClosedFromEveryMode) {
  TestCircuit circuit;
  ForceOpen(circuit);
  circuit->Reset(kOncall);
  circuit.Succeed();
  EXPECT_THAT(KindsFrom(circuit, 2),
              ElementsAre(EventKind::kReset, EventKind::kModeChanged, EventKind::kTransition));
  circuit->Disable(kOncall);
  circuit->Reset(kOncall);
  EXPECT_THAT(KindsFrom(circuit, 5),
              ElementsAre(EventKind::kModeChanged, EventKind::kReset, EventKind::kModeChanged));
  circuit->Shadow(kOncall);
  circuit.Open();
  circuit->Reset(kOncall);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(snapshot.mode, Mode::kAutomatic);
  EXPECT_EQ(snapshot.state, State::kClosed);
  EXPECT_EQ(snapshot.window.recorded, 0);
  EXPECT_EQ(snapshot.totals.success, 1);
  EXPECT_EQ(snapshot.totals.failure, 3);
}

TEST(CircuitBreaker, R8_AModeChangeSaysWhoAndWhyAndIsOneEpoch) {
  TestCircuit circuit;
  ForceOpen(circuit);
  EXPECT_THAT(KindsFrom(circuit, 0), ElementsAre(EventKind::kModeChanged, EventKind::kTransition));
  for (const Event& event : circuit.events()) {
    EXPECT_EQ(event.cause, Cause::kForcedOpen);
    EXPECT_EQ(event.mode_from, Mode::kAutomatic);
    EXPECT_EQ(event.mode_to, Mode::kForcedOpen);
    EXPECT_EQ(event.from, State::kClosed);
    EXPECT_EQ(event.to, State::kOpen);
    EXPECT_EQ(event.actor, "oncall");
    EXPECT_EQ(event.detail, "a drill");
    EXPECT_EQ(event.epoch, 2U);
  }
  circuit->Disable(kOncall);
  EXPECT_THAT(KindsFrom(circuit, 2), ElementsAre(EventKind::kModeChanged, EventKind::kTransition));
  EXPECT_EQ(circuit.events().back().cause, Cause::kDisabled);
  circuit->Automate(kOncall);
  EXPECT_EQ(circuit.events().back().kind, EventKind::kModeChanged);
  EXPECT_EQ(circuit.events().back().cause, Cause::kAutomated);
  EXPECT_EQ(circuit.events().back().epoch, 4U);
}

TEST(CircuitBreaker, R8_R7_EachMakesTheCallsThatAreOutStale) {
  TestCircuit circuit;
  const auto stale = [&](auto act) {
    std::vector<Permit> out = circuit.AcquireMany(3);
    act();
    for (Permit& permit : out) EXPECT_TRUE(permit.RecordFailure());
    EXPECT_EQ(circuit->Snapshot().window.recorded, 0);
    EXPECT_EQ(circuit->Snapshot().consecutive_failures, 0);
    circuit->Reset(kOncall);
  };
  stale([&] { circuit->Reset(kOncall); });
  stale([&] { ForceOpen(circuit); });
  stale([&] { circuit->Disable(kOncall); });
  stale([&] { circuit->Shadow(kOncall); });
  stale([&] { EXPECT_TRUE(circuit->SetPolicy(SmallPolicy(), kOncall).ok()); });
  EXPECT_EQ(circuit->Snapshot().totals.failure, 15);
  EXPECT_EQ(circuit->Snapshot().totals.opened, 1);
}

}  // namespace
}  // namespace fusebox
