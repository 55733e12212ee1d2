// SPDX-License-Identifier: Apache-2.0
//
// What listeners are told, and what they may do (docs/rules.md).
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/event_delivery.h"
#include "src/core/user_code_failures.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::ElementsAre;

std::vector<Cause> CausesOf(const std::vector<Event>& events) {
  std::vector<Cause> causes;
  for (const Event& event : events) causes.push_back(event.cause);
  return causes;
}

std::vector<EventKind> KindsOf(const std::vector<Event>& events) {
  std::vector<EventKind> kinds;
  for (const Event& event : events) kinds.push_back(event.kind);
  return kinds;
}

bool IsOpening(const Event& event) {
  return event.kind == EventKind::kTransition && event.to == State::kOpen;
}

TEST(Events, EachTransitionInOrderWithCauseAndFigures) {
  TestCircuit circuit(SmallPolicy(), "shop/shop.Inventory/Reserve");
  const absl::Time start = circuit.clock().WallNow();
  circuit.Open();
  circuit.WaitUntilHalfOpen();
  circuit.Fail();
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  EXPECT_THAT(CausesOf(circuit.events()),
              ElementsAre(Cause::kConsecutiveFailures, Cause::kConsecutiveFailures, Cause::kNone,
                          Cause::kOpenDurationElapsed, Cause::kProbeFailed, Cause::kProbeFailed,
                          Cause::kNone, Cause::kOpenDurationElapsed, Cause::kProbesSucceeded));
  EXPECT_THAT(
      KindsOf(circuit.events()),
      ElementsAre(EventKind::kRuleExceeded, EventKind::kTransition, EventKind::kFirstRejection,
                  EventKind::kTransition, EventKind::kRuleExceeded, EventKind::kTransition,
                  EventKind::kFirstRejection, EventKind::kTransition, EventKind::kTransition));
  const std::vector<Event> moves = circuit.moves();
  State from = State::kClosed;
  for (const Event& event : moves) {
    EXPECT_EQ(event.circuit, "shop/shop.Inventory/Reserve");
    EXPECT_EQ(event.from, from);
    EXPECT_EQ(event.actor, "");
    from = event.to;
  }
  EXPECT_EQ(from, State::kClosed);
  EXPECT_EQ(moves[0].time, start);
  EXPECT_EQ(moves[0].detail, "3 failures in a row >= 3");
  EXPECT_EQ(moves[1].time, start + absl::Seconds(10));
  EXPECT_EQ(moves[1].detail, "open for 10s");
  EXPECT_EQ(moves[2].detail, "a probe failed after 0 of 2 successes");
  EXPECT_EQ(moves[4].time, start + absl::Seconds(20));
}

TEST(Events, TheRuleThatIsExceededComesBeforeItsTransitionAndSaysTheSame) {
  TestCircuit circuit;
  circuit.Open();
  ASSERT_EQ(circuit.events().size(), 2U);
  const Event& rule = circuit.events()[0];
  const Event& move = circuit.events()[1];
  EXPECT_EQ(rule.kind, EventKind::kRuleExceeded);
  EXPECT_EQ(move.kind, EventKind::kTransition);
  EXPECT_EQ(rule.epoch, 2U);
  EXPECT_EQ(move.epoch, 2U);
  EXPECT_EQ(rule.detail, move.detail);
  EXPECT_EQ(rule.from, State::kClosed);
  EXPECT_EQ(rule.to, State::kOpen);
}

TEST(Events, AResetSaysWhoAndWhy) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(3));
  circuit->Reset(Operator("oncall").Because("the database is back"));
  ASSERT_EQ(circuit.events().size(), 4U);
  EXPECT_EQ(circuit.events()[2].kind, EventKind::kReset);
  EXPECT_EQ(circuit.events()[3].kind, EventKind::kTransition);
  for (std::size_t i = 2; i < 4; ++i) {
    const Event& event = circuit.events()[i];
    EXPECT_EQ(event.from, State::kOpen);
    EXPECT_EQ(event.to, State::kClosed);
    EXPECT_EQ(event.cause, Cause::kReset);
    EXPECT_EQ(event.actor, "oncall");
    EXPECT_EQ(event.detail, "the database is back");
    EXPECT_EQ(event.epoch, 3U);
    EXPECT_EQ(event.time, circuit.clock().WallNow());
  }
}

TEST(Events, AResetOfAClosedCircuitIsToldToo) {
  TestCircuit circuit;
  circuit->Reset(Operator("oncall").Because("a drill"));
  ASSERT_EQ(circuit.events().size(), 1U);
  EXPECT_EQ(circuit.events()[0].kind, EventKind::kReset);
  EXPECT_EQ(circuit.events()[0].from, State::kClosed);
  EXPECT_EQ(circuit.events()[0].to, State::kClosed);
}

TEST(Events, AMoveMadeOnTheWayToAResetHasNoActor) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(10));
  circuit->Reset(Operator("oncall").Because("fixed"));
  EXPECT_THAT(KindsOf(circuit.events()),
              ElementsAre(EventKind::kRuleExceeded, EventKind::kTransition, EventKind::kTransition,
                          EventKind::kReset, EventKind::kTransition));
  EXPECT_EQ(circuit.events()[2].actor, "");
  EXPECT_EQ(circuit.events()[3].actor, "oncall");
  EXPECT_EQ(circuit.events()[4].actor, "oncall");
}

TEST(Events, OrdinaryCallsMakeNone) {
  TestCircuit circuit;
  circuit.Succeed(1000);
  circuit.Fail(2);
  circuit.Ignore(10);
  (void)circuit->Snapshot();
  EXPECT_TRUE(circuit.events().empty());
}

TEST(Events, OnlyTheFirstRejectionOfAnOpeningMakesOne) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(3));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(circuit->TryAcquire().admitted());
  ASSERT_EQ(circuit.events().size(), 3U);
  const Event& event = circuit.events().back();
  EXPECT_EQ(event.kind, EventKind::kFirstRejection);
  EXPECT_EQ(event.from, State::kOpen);
  EXPECT_EQ(event.to, State::kOpen);
  EXPECT_EQ(event.epoch, 2U);
  EXPECT_EQ(event.time, circuit.clock().WallNow());
  circuit.Advance(absl::Seconds(7));
  circuit.Fail();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(circuit->TryAcquire().admitted());
  EXPECT_EQ(std::count_if(circuit.events().begin(), circuit.events().end(),
                          [](const Event& e) { return e.kind == EventKind::kFirstRejection; }),
            2);
}

TEST(Events, ACircuitWithoutListenerWorksAndCounts) {
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = CircuitBreaker::Create("circuit", SmallPolicy(), options).value();
  for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();
  EXPECT_EQ(breaker->Snapshot().totals.opened, 1);
}

// A circuit whose listener is given the circuit itself.
class TalkativeCircuit {
 public:
  using Listener = std::function<void(CircuitBreaker&, const Event&)>;

  explicit TalkativeCircuit(Listener listener) {
    CircuitBreaker::Options options;
    options.clock = &clock_;
    options.listener = [this, told = std::move(listener)](const Event& event) {
      ++depth_;
      deepest_ = std::max(deepest_, depth_);
      events_.push_back(event);
      told(*breaker_, event);
      --depth_;
    };
    breaker_ = CircuitBreaker::Create("circuit", SmallPolicy(), options).value();
  }

  CircuitBreaker* operator->() { return breaker_.get(); }
  const std::vector<Event>& events() const { return events_; }
  int deepest() const { return deepest_; }
  void Open() {
    for (int i = 0; i < 3; ++i) breaker_->TryAcquire().permit().RecordFailure();
  }

 private:
  FakeClock clock_;
  std::vector<Event> events_;
  int depth_ = 0;
  int deepest_ = 0;
  std::shared_ptr<CircuitBreaker> breaker_;
};

TEST(Events, AListenerMayReadItsCircuit) {
  State seen = State::kClosed;
  TalkativeCircuit circuit([&](CircuitBreaker& breaker, const Event&) {
    seen = breaker.Snapshot().state;
    EXPECT_EQ(breaker.state(), seen);
    EXPECT_FALSE(breaker.TryAcquire().admitted());
  });
  circuit.Open();
  EXPECT_EQ(seen, State::kOpen);
  EXPECT_EQ(circuit->Snapshot().totals.rejected, 3);  // at each event, the first rejection's too
}

TEST(Events, AListenerMayResetItsCircuitAndHearsOfItAfterwards) {
  TalkativeCircuit circuit([](CircuitBreaker& breaker, const Event& event) {
    if (IsOpening(event)) breaker.Reset(Operator("listener").Because("never open"));
  });
  circuit.Open();
  EXPECT_EQ(circuit->state(), State::kClosed);
  EXPECT_THAT(CausesOf(circuit.events()),
              ElementsAre(Cause::kConsecutiveFailures, Cause::kConsecutiveFailures, Cause::kReset,
                          Cause::kReset));
  EXPECT_EQ(circuit.deepest(), 1);
}

TEST(Events, AListenerMayMakeCallsThatOpenItsCircuitAgain) {
  int rounds = 0;
  TalkativeCircuit circuit([&](CircuitBreaker& breaker, const Event& event) {
    if (!IsOpening(event) || ++rounds == 3) return;
    breaker.Reset(Operator("listener").Because("again"));
    for (int i = 0; i < 3; ++i) breaker.TryAcquire().permit().RecordFailure();
  });
  circuit.Open();
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_EQ(circuit.events().size(), 10U);  // 3 openings and 2 resets, of two events each
  EXPECT_EQ(circuit.deepest(), 1);
}

TEST(EventQueue, DeliversInOrderAndOnlyOnce) {
  FakeClock clock;
  std::vector<std::string> heard;
  const auto delivery = std::make_shared<EventDelivery>(
      std::make_shared<UserCodeFailures>(clock),
      [&](const Event& event) { heard.push_back(event.detail); }, nullptr);
  EventQueue queue(delivery);
  EXPECT_TRUE(queue.active());
  queue.Deliver();
  for (const char* detail : {"a", "b", "c"}) {
    Event event;
    event.detail = detail;
    queue.Push(event);
  }
  EXPECT_TRUE(heard.empty());
  queue.Deliver();
  queue.Deliver();
  EXPECT_THAT(heard, ElementsAre("a", "b", "c"));
}

TEST(EventQueue, IsInactiveWithoutAnyoneToTell) {
  EventQueue queue(nullptr);
  EXPECT_FALSE(queue.active());
  queue.Push(Event());
  queue.Deliver();
}

TEST(CauseName, IsTheEnumeratorInSnakeCase) {
  EXPECT_EQ(CauseName(Cause::kConsecutiveFailures), "consecutive_failures");
  EXPECT_EQ(CauseName(Cause::kFailuresInWindow), "failures_in_window");
  EXPECT_EQ(CauseName(Cause::kFailureRate), "failure_rate");
  EXPECT_EQ(CauseName(Cause::kSlowCallRate), "slow_call_rate");
  EXPECT_EQ(CauseName(Cause::kOpenDurationElapsed), "open_duration_elapsed");
  EXPECT_EQ(CauseName(Cause::kProbeFailed), "probe_failed");
  EXPECT_EQ(CauseName(Cause::kProbeFailureRate), "probe_failure_rate");
  EXPECT_EQ(CauseName(Cause::kProbeSlowCallRate), "probe_slow_call_rate");
  EXPECT_EQ(CauseName(Cause::kProbeTimeout), "probe_timeout");
  EXPECT_EQ(CauseName(Cause::kProbesSucceeded), "probes_succeeded");
  EXPECT_EQ(CauseName(Cause::kReset), "reset");
  EXPECT_EQ(CauseName(Cause::kNone), "none");
  EXPECT_EQ(CauseName(Cause::kHungCalls), "hung_calls");
  EXPECT_EQ(CauseName(Cause::kRampEnded), "ramp_ended");
  EXPECT_EQ(CauseName(Cause::kForcedOpen), "forced_open");
  EXPECT_EQ(CauseName(Cause::kReleased), "released");
  EXPECT_EQ(CauseName(Cause::kAutomated), "automated");
  EXPECT_EQ(CauseName(Cause::kDisabled), "disabled");
  EXPECT_EQ(CauseName(Cause::kShadowed), "shadowed");
  EXPECT_EQ(CauseName(Cause::kForcedOpenEnded), "forced_open_ended");
  EXPECT_EQ(CauseName(Cause::kPolicyChanged), "policy_changed");
}

TEST(EventKindName, IsTheEnumeratorInSnakeCase) {
  EXPECT_EQ(EventKindName(EventKind::kTransition), "transition");
  EXPECT_EQ(EventKindName(EventKind::kRuleExceeded), "rule_exceeded");
  EXPECT_EQ(EventKindName(EventKind::kRampStarted), "ramp_started");
  EXPECT_EQ(EventKindName(EventKind::kFirstRejection), "first_rejection");
  EXPECT_EQ(EventKindName(EventKind::kReset), "reset");
  EXPECT_EQ(EventKindName(EventKind::kModeChanged), "mode_changed");
  EXPECT_EQ(EventKindName(EventKind::kPolicyChanged), "policy_changed");
  EXPECT_EQ(EventKindName(EventKind::kCircuitAdded), "circuit_added");
  EXPECT_EQ(EventKindName(EventKind::kCircuitRemoved), "circuit_removed");
  EXPECT_EQ(EventKindName(EventKind::kUserCodeFailed), "user_code_failed");
  EXPECT_EQ(EventKindName(EventKind::kEventsDropped), "events_dropped");
  EXPECT_EQ(EventKindName(EventKind::kCallsUnprotected), "calls_unprotected");
}

}  // namespace
}  // namespace fusebox::internal
