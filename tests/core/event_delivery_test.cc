// SPDX-License-Identifier: Apache-2.0
//
// Which threads are with the listeners: listeners that don't return, and those that cause events.
#include "src/core/event_delivery.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/event.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/core/threads.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::RunThreads;
using fusebox_testing::SmallPolicy;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

const Operator kOperator = Operator("oncall").Because("a drill");

CircuitRegistry::Options OptionsFor(EventListener listener) {
  CircuitRegistry::Options options;
  options.listener = std::move(listener);
  return options;
}

std::shared_ptr<CircuitBreaker> Circuit(CircuitRegistry& registry, const std::string& name) {
  return registry.GetOrCreate(name, SmallPolicy()).value();
}

// Doesn't return from the events of a circuit until they are let go.
class GatedListener {
 public:
  struct Heard {
    std::string circuit;
    EventKind kind;
    uint64_t sequence;
    std::thread::id thread;
  };

  void operator()(const Event& event) {
    std::unique_lock<std::mutex> lock(mutex_);
    heard_.push_back({event.circuit, event.kind, event.sequence, std::this_thread::get_id()});
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return all_go_ || closed_.count(event.circuit) == 0; });
    --inside_;
  }

  void Close(const std::string& circuit) {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_.insert(circuit);
  }
  void LetGo(const std::string& circuit) {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_.erase(circuit);
    changed_.notify_all();
  }
  void LetAllGo() {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_go_ = true;
    changed_.notify_all();
  }

  // A thread tells that it is past its events.
  void CountDone() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++done_;
    changed_.notify_all();
  }
  // Until this many threads are with it or done. How many are with it.
  int WaitForThreads(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return inside_ + done_ == count; });
    return inside_;
  }
  void WaitFor(const std::string& circuit) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return HasHeardOf(circuit); });
  }

  std::vector<Heard> heard() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return heard_;
  }
  bool HasHeard(const std::string& circuit) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return HasHeardOf(circuit);
  }

 private:
  bool HasHeardOf(const std::string& circuit) const {
    return std::any_of(heard_.begin(), heard_.end(),
                       [&](const Heard& heard) { return heard.circuit == circuit; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Heard> heard_;
  std::set<std::string> closed_;
  bool all_go_ = false;
  int inside_ = 0;
  int done_ = 0;
};

// Of each circuit, the numbers of its events as they were heard.
std::map<std::string, std::vector<uint64_t>> ByCircuit(
    const std::vector<GatedListener::Heard>& heard) {
  std::map<std::string, std::vector<uint64_t>> sequences;
  for (const auto& event : heard) sequences[event.circuit].push_back(event.sequence);
  return sequences;
}

constexpr int kMostInside = static_cast<int>(EventDelivery::kMostInside);

TEST(EventDelivery, AListenerThatDoesNotReturnHoldsAFewThreadsAndNoOthers) {
  constexpr int kCallers = 16;
  GatedListener listener;
  CircuitRegistry registry(OptionsFor(std::ref(listener)));
  const auto name = [](int i) { return absl::StrCat("key", i); };
  for (int i = 0; i < kCallers; ++i) listener.Close(name(i));
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&, i] {
      const auto circuit = Circuit(registry, name(i));
      circuit->Reset(kOperator);
      circuit->Reset(kOperator);
      listener.CountDone();
    });
  }
  EXPECT_EQ(listener.WaitForThreads(kCallers), kMostInside);
  EXPECT_THAT(listener.heard(), SizeIs(kMostInside));
  // Whoever comes now isn't held either.
  Circuit(registry, "late")->Reset(kOperator);
  EXPECT_FALSE(listener.HasHeard("late"));

  listener.LetAllGo();
  for (std::thread& thread : threads) thread.join();
  const auto sequences = ByCircuit(listener.heard());
  EXPECT_THAT(sequences, SizeIs(kCallers + 1));
  for (const auto& [circuit, heard] : sequences) {
    EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end())) << circuit;
    EXPECT_THAT(heard, SizeIs(circuit == "late" ? 2 : 3)) << circuit;
  }
  EXPECT_EQ(registry.Stats().dropped_events, 0);
}

// In which a circuit was after the event.
struct After {
  uint64_t epoch;
  State state;
  Mode mode;
};
bool operator==(const After& a, const After& b) {
  return a.epoch == b.epoch && a.state == b.state && a.mode == b.mode;
}
After AfterOf(const Event& event) { return {event.epoch, event.to, event.mode_to}; }

// The event of that kind, and the one before it, of the only circuit.
std::pair<After, After> WithTheOneBefore(const CircuitRegistry& registry, EventKind kind,
                                         absl::string_view detail) {
  std::pair<After, After> found{};
  const std::vector<Event> events = registry.EventsSince(0).events;
  for (std::size_t i = 1; i < events.size(); ++i) {
    if (events[i].kind != kind || !absl::StrContains(events[i].detail, detail)) continue;
    found = {AfterOf(events[i]), AfterOf(events[i - 1])};
  }
  return found;
}

TEST(EventDelivery, WhatIsToldOfAListenerThatThrewComesAfterWhatHasMovedMeanwhile) {
  std::shared_ptr<CircuitBreaker> circuit;
  CircuitRegistry registry(OptionsFor([&](const Event& event) {
    if (event.kind != EventKind::kReset) return;
    EXPECT_TRUE(circuit->ForceOpen(kOperator).ok());  // is told after this
    throw std::runtime_error("a drill");
  }));
  circuit = Circuit(registry, "circuit");
  circuit->Reset(kOperator);
  const auto [thrown, before] =
      WithTheOneBefore(registry, EventKind::kUserCodeFailed, "a listener threw");
  EXPECT_EQ(before, (After{3, State::kOpen, Mode::kForcedOpen}));
  EXPECT_EQ(thrown, before);
}

TEST(EventDelivery, WhatIsToldOfDroppedEventsComesAfterWhatHasMovedMeanwhile) {
  std::shared_ptr<CircuitBreaker> circuit;
  int resets = 0;
  CircuitRegistry registry(OptionsFor([&](const Event& event) {
    if (event.kind != EventKind::kReset) return;
    if (++resets == 1) {
      for (std::size_t i = 0; i <= EventDelivery::kMaxWaiting; ++i) circuit->Reset(kOperator);
    } else if (resets == 2) {  // the first of those that were not dropped
      EXPECT_TRUE(circuit->ForceOpen(kOperator).ok());
    }
  }));
  circuit = Circuit(registry, "circuit");
  circuit->Reset(kOperator);
  const auto [dropped, before] =
      WithTheOneBefore(registry, EventKind::kEventsDropped, "events were dropped while");
  EXPECT_EQ(before.mode, Mode::kForcedOpen);
  EXPECT_EQ(dropped, before);
}

TEST(EventDelivery, WhatIsDroppedForOthersIsToldOfTheirCircuit) {
  GatedListener listener;
  CircuitRegistry registry(OptionsFor(std::ref(listener)));
  std::vector<std::thread> threads;
  for (int i = 0; i < kMostInside; ++i) {
    listener.Close(absl::StrCat("key", i));
    threads.emplace_back([&, i] { Circuit(registry, absl::StrCat("key", i)); });
  }
  EXPECT_EQ(listener.WaitForThreads(kMostInside), kMostInside);
  const auto circuit = Circuit(registry, "other");
  for (std::size_t i = 0; i < 2 * EventDelivery::kMaxWaiting; ++i) circuit->Reset(kOperator);
  const auto dropped = static_cast<int64_t>(EventDelivery::kMaxWaiting) + 2;
  EXPECT_EQ(registry.Stats().dropped_events, dropped);
  listener.LetAllGo();
  for (std::thread& thread : threads) thread.join();
  std::vector<std::pair<std::string, std::string>> told;
  for (const Event& event : registry.EventsSince(0).events) {
    if (event.kind == EventKind::kEventsDropped) told.emplace_back(event.circuit, event.detail);
  }
  EXPECT_THAT(
      told,
      ElementsAre(
          Pair("other",
               "a listener has not returned, and too many events wait for it: from here on the "
               "oldest are dropped"),
          Pair("other",
               absl::StrCat(dropped, " events were dropped while a listener did not return"))));
  EXPECT_THAT(ByCircuit(listener.heard())["other"], SizeIs(EventDelivery::kMaxWaiting + 1));
}

TEST(EventDelivery, AThreadThatDeliversForOthersGoesOnceAnotherHasCome) {
  GatedListener listener;
  CircuitRegistry registry(OptionsFor(std::ref(listener)));
  std::map<std::string, std::thread> threads;
  const auto call = [&](const std::string& key) {
    listener.Close(key);
    threads.emplace(key, [&, key] { Circuit(registry, key); });
    listener.WaitFor(key);
  };
  for (const char* key : {"a", "b", "c", "d"}) call(key);
  listener.Close("waits");
  Circuit(registry, "waits");
  listener.LetGo("a");
  listener.WaitFor("waits");  // by the thread of `a`, which has done what it came for
  call("e");                  // so one more may come
  Circuit(registry, "waits too");
  EXPECT_FALSE(listener.HasHeard("waits too"));

  listener.LetGo("waits");
  threads["a"].join();  // though an event waits
  EXPECT_FALSE(listener.HasHeard("waits too"));
  listener.LetGo("e");
  threads["e"].join();
  const std::vector<GatedListener::Heard> heard = listener.heard();
  ASSERT_THAT(heard, SizeIs(7));
  EXPECT_EQ(heard.back().circuit, "waits too");
  EXPECT_EQ(heard[4].thread, heard[0].thread);
  EXPECT_EQ(heard[6].thread, heard[5].thread);

  listener.LetAllGo();
  for (const char* key : {"b", "c", "d"}) threads[key].join();
}

TEST(EventDelivery, AListenerThatBringsBackWhatWasRemovedIsNotCalledWithinItself) {
  constexpr int kTimes = 200;
  int depth = 0;
  int deepest = 0;
  int times = 0;
  std::vector<uint64_t> heard;
  CircuitRegistry* registry = nullptr;
  CircuitRegistry::Options options = OptionsFor([&](const Event& event) {
    deepest = std::max(deepest, ++depth);
    heard.push_back(event.sequence);
    if (event.kind == EventKind::kCircuitRemoved && times < kTimes) {
      ++times;
      Circuit(*registry, event.circuit);
    }
    --depth;
  });
  options.max_circuits = 3;
  CircuitRegistry full(std::move(options));
  registry = &full;
  for (const char* name : {"a", "b", "c", "d"}) Circuit(full, name);
  EXPECT_EQ(times, kTimes);
  EXPECT_EQ(deepest, 1);
  EXPECT_THAT(heard, SizeIs(full.EventsSince(0).last));
}

TEST(EventDelivery, ListenersOfTwoRegistriesMayCauseEventsInEachOther) {
  constexpr int kTimes = 100;
  int times = 0;
  std::array<int, 2> depths{};
  std::array<int, 2> deepest{};
  std::array<std::size_t, 2> heard{};
  std::array<std::unique_ptr<CircuitRegistry>, 2> registries;
  const auto listener = [&](std::size_t mine) {
    return [&, mine](const Event&) {
      deepest[mine] = std::max(deepest[mine], ++depths[mine]);
      ++heard[mine];
      if (times < kTimes) Circuit(*registries[1 - mine], absl::StrCat("key", times++));
      --depths[mine];
    };
  };
  for (std::size_t i : {0U, 1U}) {
    registries[i] = std::make_unique<CircuitRegistry>(OptionsFor(listener(i)));
  }
  Circuit(*registries[0], "first");
  EXPECT_EQ(times, kTimes);
  EXPECT_THAT(deepest, Each(1));
  for (std::size_t i : {0U, 1U}) EXPECT_EQ(heard[i], registries[i]->EventsSince(0).last);
}

// Of circuits of one name, the later one may be told of first.
TEST(EventDelivery, TheSequenceIsTheOrderOfCircuitsOfOneName) {
  GatedListener listener;
  CircuitRegistry registry(OptionsFor(std::ref(listener)));
  const auto first = Circuit(registry, "a");
  listener.Close("a");
  std::thread blocked([&] { first->Reset(kOperator); });
  EXPECT_EQ(listener.WaitForThreads(1), 1);
  EXPECT_TRUE(registry.Remove("a", kOperator).ok());
  std::thread second([&] { Circuit(registry, "a"); });
  EXPECT_EQ(listener.WaitForThreads(2), 2);
  listener.LetAllGo();
  second.join();
  blocked.join();
  std::vector<EventKind> kinds;
  std::vector<uint64_t> sequences;
  for (const auto& heard : listener.heard()) {
    kinds.push_back(heard.kind);
    sequences.push_back(heard.sequence);
  }
  EXPECT_THAT(kinds, ElementsAre(EventKind::kCircuitAdded, EventKind::kReset,
                                 EventKind::kCircuitAdded, EventKind::kCircuitRemoved));
  EXPECT_THAT(sequences, ElementsAre(1, 2, 4, 3));
}

TEST(EventDelivery, AThreadThatEndsInAListenerGivesItsPlaceBack) {
  bool ending = true;
  std::vector<std::string> heard;
  CircuitRegistry registry(OptionsFor([&](const Event& event) {
    if (ending) pthread_exit(nullptr);
    heard.push_back(event.circuit);
  }));
  for (int i = 0; i < 2 * kMostInside; ++i) {
    std::thread([&, i] { Circuit(registry, absl::StrCat("key", i)); }).join();
  }
  ending = false;
  Circuit(registry, "next");
  EXPECT_THAT(heard, ElementsAre("next"));
}

// Whatever threads and listeners do at the same time, each event is told, one of a circuit at the
// same time and in their order, or counted as dropped.
TEST(EventDelivery, NothingIsForgotten) {
  constexpr int kThreads = 8;
  constexpr int kCircuits = 12;
  constexpr int kSteps = 400;
  struct PerCircuit {
    std::atomic<int> inside{0};
    uint64_t last = 0;  // guarded by being alone
  };
  std::array<PerCircuit, kCircuits> circuits;
  std::atomic<uint64_t> heard{0};
  std::atomic<int> more{1'000};
  std::vector<std::shared_ptr<CircuitBreaker>> breakers;
  CircuitRegistry registry(OptionsFor([&](const Event& event) {
    PerCircuit& mine = circuits[static_cast<std::size_t>(std::stoi(event.circuit))];
    EXPECT_EQ(mine.inside.fetch_add(1), 0);
    EXPECT_GT(event.sequence, mine.last);
    mine.last = event.sequence;
    if (event.sequence % 3 == 0 && more.fetch_sub(1) > 0) {
      breakers[event.sequence % kCircuits]->Reset(kOperator);
    }
    mine.inside.fetch_sub(1);
    heard.fetch_add(1);
  }));
  {
    const int had = more.exchange(0);  // until all are there
    for (int i = 0; i < kCircuits; ++i) breakers.push_back(Circuit(registry, absl::StrCat(i)));
    more.store(had);
  }
  RunThreads(kThreads, [&](int thread) {
    for (int step = 0; step < kSteps; ++step) {
      breakers[static_cast<std::size_t>(thread * step + step) % kCircuits]->Reset(kOperator);
    }
  });
  EXPECT_EQ(heard.load() + static_cast<uint64_t>(registry.Stats().dropped_events),
            registry.EventsSince(0).last);
}

}  // namespace
}  // namespace fusebox::internal
