// SPDX-License-Identifier: Apache-2.0
//
// Code of the application's that throws or does not return.
#include "fusebox/user_code.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/event.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/event_delivery.h"
#include "src/core/event_log.h"
#include "src/core/user_code_failures.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

CircuitRegistry::Options OptionsFor(const Clock& clock, EventListener listener) {
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.listener = std::move(listener);
  return options;
}

std::shared_ptr<CircuitBreaker> Circuit(CircuitRegistry& registry, const std::string& name) {
  return registry.GetOrCreate(name, SmallPolicy()).value();
}

void Open(CircuitBreaker& breaker) {
  for (int i = 0; i < 3; ++i) breaker.TryAcquire().permit().RecordFailure();
}

std::vector<std::string> DetailsOf(CircuitRegistry& registry, EventKind kind) {
  std::vector<std::string> details;
  for (const Event& event : registry.EventsSince(0).events) {
    if (event.kind == kind) details.push_back(absl::StrCat(event.circuit, ": ", event.detail));
  }
  return details;
}

// ---- A listener that throws.

TEST(UserCode, AListenerThatThrowsChangesNothingForTheCircuit) {
  FakeClock clock;
  CircuitRegistry registry(
      OptionsFor(clock, [](const Event&) { throw std::runtime_error("not now"); }));
  const auto circuit = Circuit(registry, "a");
  Open(*circuit);
  EXPECT_EQ(circuit->state(), State::kOpen);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  circuit->Reset(Operator("oncall").Because("fixed"));
  EXPECT_EQ(circuit->state(), State::kClosed);
}

TEST(UserCode, AListenerThatThrowsIsCountedAndToldOnceASecond) {
  FakeClock clock;
  CircuitRegistry registry(OptionsFor(clock, [](const Event& event) {
    if (event.kind != EventKind::kUserCodeFailed) throw std::runtime_error("not now");
  }));
  const auto circuit = Circuit(registry, "a");  // one event
  EXPECT_EQ(registry.Stats().user_code_failures, 1);
  Open(*circuit);                                       // two
  circuit->Reset(Operator("oncall").Because("fixed"));  // two
  EXPECT_EQ(registry.Stats().user_code_failures, 5);
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed),
              ElementsAre("a: a listener threw std::runtime_error"));
  clock.Advance(absl::Seconds(1));
  circuit->Reset(Operator("oncall").Because("again"));
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed),
              ElementsAre("a: a listener threw std::runtime_error",
                          "a: a listener threw std::runtime_error; it has thrown 5 times since the "
                          "last such event"));
  EXPECT_EQ(registry.Stats().user_code_failures, 6);
}

TEST(UserCode, AListenerThatThrowsAtEveryEventIsNotToldOfItForEver) {
  FakeClock clock;
  CircuitRegistry registry(OptionsFor(clock, [&](const Event&) {
    clock.Advance(absl::Seconds(2));
    throw std::bad_alloc();
  }));
  const auto circuit = Circuit(registry, "a");
  // Of the addition, and of hearing of that.
  EXPECT_EQ(registry.Stats().user_code_failures, 2);
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed), SizeIs(1));
}

TEST(UserCode, AThrowingListenerDoesNotKeepEventsFromTheNextOne) {
  FakeClock clock;
  CircuitRegistry registry(OptionsFor(clock, [](const Event&) { throw 7; }));
  std::vector<EventKind> heard;
  const auto handle =
      registry.AddListener([&](const Event& event) { heard.push_back(event.kind); });
  Circuit(registry, "a");
  EXPECT_THAT(heard, ElementsAre(EventKind::kCircuitAdded, EventKind::kUserCodeFailed));
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed),
              ElementsAre("a: a listener threw int"));
}

TEST(UserCode, ALoneBreakersListenerMayThrowToo) {
  FakeClock clock;
  std::vector<Event> heard;
  CircuitBreaker::Options options;
  options.clock = &clock;
  options.listener = [&](const Event& event) {
    heard.push_back(event);
    throw std::logic_error("not now");
  };
  const auto breaker = CircuitBreaker::Create("lone", SmallPolicy(), options).value();
  Open(*breaker);
  EXPECT_EQ(breaker->state(), State::kOpen);
  ASSERT_THAT(heard, SizeIs(3));
  EXPECT_EQ(heard[2].kind, EventKind::kUserCodeFailed);
  EXPECT_EQ(heard[2].detail,
            "a listener threw std::logic_error; it has thrown 2 times since the last such event");
}

TEST(UserCode, WithoutAListenerOrALogAReportIsNoEvent) {
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = CircuitBreaker::Create("lone", SmallPolicy(), options).value();
  breaker->ReportUserCodeFailure(UserCode::kPredicate, "std::runtime_error");
  EXPECT_EQ(breaker->state(), State::kClosed);
}

// ---- A clock that throws.

class FailingClock final : public Clock {
 public:
  SteadyTime Now() const override {
    if (failing) throw std::runtime_error("no time");
    return clock.Now();
  }
  absl::Time WallNow() const override {
    if (failing) throw std::runtime_error("no time of day");
    return clock.WallNow();
  }

  FakeClock clock;
  bool failing = false;
};

TEST(UserCode, TheTimeOfAClockThatThrowsStandsStill) {
  FailingClock clock;
  CircuitRegistry registry(OptionsFor(clock, nullptr));
  const auto circuit = Circuit(registry, "a");
  Open(*circuit);
  clock.failing = true;
  clock.clock.Advance(absl::Seconds(5));
  EXPECT_EQ(circuit->TryAcquire().retry_after(), absl::Seconds(10));
  EXPECT_EQ(circuit->Snapshot().state, State::kOpen);
  EXPECT_EQ(registry.clock().Now(), clock.clock.Now() + -absl::Seconds(5));
  EXPECT_GE(registry.Stats().user_code_failures, 2);
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed),
              ElementsAre(testing::StartsWith("a: the clock threw an exception")));
  clock.failing = false;
  clock.clock.Advance(absl::Seconds(5));
  EXPECT_EQ(circuit->state(), State::kHalfOpen);
}

TEST(UserCode, CallsGoOnByAClockThatThrowsFromTheStart) {
  FailingClock clock;
  clock.failing = true;
  CircuitRegistry registry(OptionsFor(clock, nullptr));
  const auto circuit = Circuit(registry, "a");
  EXPECT_TRUE(circuit->TryAcquire().permit().RecordSuccess());
  Open(*circuit);
  EXPECT_FALSE(circuit->TryAcquire().admitted());
}

TEST(UserCode, WhatAClockThrowsOnTheWayWithoutALockIsCountedAtOnce) {
  FailingClock clock;
  CircuitRegistry registry(OptionsFor(clock, nullptr));
  Policy policy = SmallPolicy();
  policy.slow_call_rate = 1;
  policy.slow_call_duration = absl::Seconds(1);
  const auto circuit = registry.GetOrCreate("a", policy).value();
  EXPECT_TRUE(circuit->TryAcquire().permit().RecordSuccess());
  clock.failing = true;
  Permit permit = circuit->TryAcquire().permit();
  EXPECT_EQ(registry.Stats().user_code_failures, 1);
  EXPECT_TRUE(permit.RecordSuccess());
  EXPECT_EQ(registry.Stats().user_code_failures, 2);
  clock.failing = false;
  EXPECT_EQ(circuit->Snapshot().totals.success, 2);
  EXPECT_EQ(registry.Stats().user_code_failures, 2);
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed),
              ElementsAre("a: the clock threw an exception; it has thrown 2 times since the last "
                          "such event"));
}

// ---- Code that others run.

TEST(UserCode, AReportIsCountedAndToldOnceASecondForEachKind) {
  FakeClock clock;
  CircuitRegistry registry(OptionsFor(clock, nullptr));
  const auto circuit = Circuit(registry, "a");
  for (int i = 0; i < 10; ++i) {
    circuit->ReportUserCodeFailure(UserCode::kPredicate, "std::out_of_range");
    circuit->ReportUserCodeFailure(UserCode::kFallback, "std::bad_alloc");
    registry.ReportUserCodeFailure(UserCode::kAuthorizer, "int");
  }
  EXPECT_EQ(registry.Stats().user_code_failures, 30);
  EXPECT_THAT(DetailsOf(registry, EventKind::kUserCodeFailed),
              ElementsAre("a: the classifier's predicate threw std::out_of_range",
                          "a: a fallback threw std::bad_alloc", ": an authorizer threw int"));
}

TEST(UserCode, NamesAreTheEnumeratorsInSnakeCase) {
  EXPECT_EQ(UserCodeName(UserCode::kListener), "listener");
  EXPECT_EQ(UserCodeName(UserCode::kClock), "clock");
  EXPECT_EQ(UserCodeName(UserCode::kCircuitKey), "circuit_key");
  EXPECT_EQ(UserCodeName(UserCode::kPredicate), "predicate");
  EXPECT_EQ(UserCodeName(UserCode::kFallback), "fallback");
  EXPECT_EQ(UserCodeName(UserCode::kAuthorizer), "authorizer");
  EXPECT_EQ(UserCodeName(UserCode::kHealthService), "health_service");
}

// ---- A listener that doesn't return.

// Holds the thread that delivers the first event, until told.
class BlockedListener {
 public:
  void operator()(const Event& event) {
    std::unique_lock<std::mutex> lock(mutex_);
    heard_.push_back(event.sequence);
    if (event.kind == EventKind::kEventsDropped) details_.push_back(event.detail);
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
  }

  void WaitUntilBlocked() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !heard_.empty(); });
  }
  void Release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  // After the release, when nobody delivers any more.
  const std::vector<uint64_t>& heard() const { return heard_; }
  const std::vector<std::string>& details() const { return details_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> heard_;
  std::vector<std::string> details_;
  bool released_ = false;
};

TEST(EventDelivery, ABlockedListenerMissesEventsAndIsToldHowMany) {
  constexpr int64_t kActions = 200'000;
  FakeClock clock;
  BlockedListener listener;
  CircuitRegistry registry(OptionsFor(clock, std::ref(listener)));
  std::shared_ptr<CircuitBreaker> circuit;
  std::thread blocked([&] { circuit = Circuit(registry, "a"); });
  listener.WaitUntilBlocked();
  const auto found = registry.Find("a");
  for (int64_t i = 0; i < kActions; ++i) found->Reset(Operator("oncall").Because("again"));

  // An addition, the actions, and that events are dropped.
  EXPECT_EQ(registry.EventsSince(0).last, static_cast<uint64_t>(kActions + 2));
  const int64_t dropped = registry.Stats().dropped_events;
  EXPECT_EQ(dropped, kActions + 1 - static_cast<int64_t>(EventDelivery::kMaxWaiting));
  EXPECT_THAT(DetailsOf(registry, EventKind::kEventsDropped), IsEmpty());  // long out of the log

  listener.Release();
  blocked.join();
  EXPECT_EQ(registry.Stats().dropped_events, dropped);
  // In order: the one that it was blocked at, the latest, and what it has missed.
  const auto last = static_cast<uint64_t>(kActions + 3);
  ASSERT_THAT(listener.heard(), SizeIs(EventDelivery::kMaxWaiting + 2));
  EXPECT_EQ(registry.EventsSince(0).last, last);
  EXPECT_EQ(static_cast<int64_t>(listener.heard().size()) + dropped, static_cast<int64_t>(last));
  EXPECT_EQ(listener.heard()[0], 1U);
  for (std::size_t i = 1; i < listener.heard().size(); ++i) {
    EXPECT_EQ(listener.heard()[i], last - EventDelivery::kMaxWaiting - 1 + i);
  }
  EXPECT_THAT(
      listener.details(),
      ElementsAre(absl::StrCat(dropped, " events were dropped while a listener did not return")));
}

TEST(EventDelivery, TheLogTellsAtOnceThatEventsAreDropped) {
  FakeClock clock;
  BlockedListener listener;
  CircuitRegistry registry(OptionsFor(clock, std::ref(listener)));
  std::thread blocked([&] { Circuit(registry, "a"); });
  listener.WaitUntilBlocked();
  const auto circuit = registry.Find("a");
  for (std::size_t i = 0; i < EventDelivery::kMaxWaiting; ++i)
    circuit->Reset(Operator("oncall").Because("again"));
  EXPECT_THAT(DetailsOf(registry, EventKind::kEventsDropped), IsEmpty());
  EXPECT_EQ(registry.Stats().dropped_events, 0);
  for (int i = 0; i < 10; ++i) circuit->Reset(Operator("oncall").Because("one too many"));
  EXPECT_THAT(DetailsOf(registry, EventKind::kEventsDropped),
              ElementsAre("a: a listener has not returned, and too many events wait for it: from "
                          "here on the oldest are dropped"));
  EXPECT_EQ(registry.Stats().dropped_events, 11);  // the ten, and one for the event that tells
  listener.Release();
  blocked.join();
}

TEST(EventDelivery, AllCircuitsOfARegistryHaveABoundToo) {
  FakeClock clock;
  std::vector<Event> heard;
  const auto log = std::make_shared<EventLog>(16);
  const auto delivery = std::make_shared<EventDelivery>(
      std::make_shared<UserCodeFailures>(clock),
      [&](const Event& event) { heard.push_back(event); }, log);
  constexpr std::size_t kQueues = EventDelivery::kMaxWaitingOfAll / EventDelivery::kMaxWaiting;
  std::vector<std::unique_ptr<EventQueue>> queues;
  for (std::size_t i = 0; i < kQueues; ++i) {
    queues.push_back(std::make_unique<EventQueue>(delivery));
    for (std::size_t n = 0; n < EventDelivery::kMaxWaiting; ++n) queues.back()->Push(Event());
  }
  EXPECT_EQ(delivery->dropped(), 0);
  EventQueue late(delivery);
  Event event;
  event.circuit = "late";
  for (int i = 0; i < 10; ++i) late.Push(event);
  EXPECT_EQ(delivery->dropped(), 11);  // the ten, and the event that tells of it
  const std::vector<Event> logged = log->Since(0, 16).events;
  ASSERT_THAT(logged, SizeIs(16));
  EXPECT_EQ(logged[6].kind, EventKind::kEventsDropped);  // after the first of the ten
  EXPECT_EQ(logged[6].circuit, "late");
  EXPECT_EQ(logged[6].detail,
            "a listener has not returned, and too many events of all circuits wait for it: from "
            "here on those of circuits of which none waits are dropped");
  EXPECT_NE(logged[7].kind, EventKind::kEventsDropped);

  queues.clear();  // what waits is still delivered
  late.Deliver();
  ASSERT_THAT(heard, SizeIs(EventDelivery::kMaxWaitingOfAll + 1));
  EXPECT_EQ(heard.back().kind, EventKind::kEventsDropped);
  EXPECT_EQ(heard.back().circuit, "");
  EXPECT_EQ(heard.back().time, clock.WallNow());
  EXPECT_EQ(heard.back().detail,
            "11 events of circuits of which none waited were dropped while a listener did not "
            "return");
  late.Push(event);
  late.Deliver();
  EXPECT_EQ(heard.back().circuit, "late");
  EXPECT_EQ(delivery->dropped(), 11);
}

TEST(EventDelivery, ALoneBreakersListenerSeesTheGap) {
  FakeClock clock;
  BlockedListener listener;
  CircuitBreaker::Options options;
  options.clock = &clock;
  options.listener = std::ref(listener);
  const auto breaker = CircuitBreaker::Create("lone", SmallPolicy(), options).value();
  std::thread blocked([&] { breaker->Reset(Operator("oncall").Because("first")); });
  listener.WaitUntilBlocked();
  for (std::size_t i = 0; i < 2 * EventDelivery::kMaxWaiting; ++i)
    breaker->Reset(Operator("oncall").Because("more"));
  listener.Release();
  blocked.join();
  ASSERT_THAT(listener.heard(), SizeIs(EventDelivery::kMaxWaiting + 2));
  EXPECT_EQ(listener.heard()[0], 1U);
  EXPECT_EQ(listener.heard()[1], EventDelivery::kMaxWaiting + 3);
  EXPECT_EQ(listener.heard().back(), 2 * EventDelivery::kMaxWaiting + 3);
}

}  // namespace
}  // namespace fusebox::internal
