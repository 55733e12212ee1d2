// SPDX-License-Identifier: Apache-2.0
//
// Everything at once, on as many threads as have counters of their own and on more: calls, modes,
// resets, policies and a clock that moves, on a circuit that keeps opening and closing.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/core/threads.h"

namespace fusebox {
namespace {

using fusebox_testing::Barrier;
using fusebox_testing::FakeClock;
using fusebox_testing::RunThreads;
using fusebox_testing::SmallPolicy;

constexpr int64_t kMostProbes = 4;
const Operator kOperator = Operator("thread").Because("a drill");

std::vector<Policy> Policies() {
  Policy plain = SmallPolicy();
  plain.half_open.verdict = SuccessThreshold{1};

  Policy rates = SmallPolicy();
  rates.consecutive_failures = 4;
  rates.failure_rate = 0.5;
  rates.minimum_calls = 8;
  rates.window = TimeWindow{absl::Seconds(8), 4};
  rates.slow_call_duration = absl::Seconds(3);
  rates.slow_call_rate = 0.9;
  rates.half_open.max_concurrent = kMostProbes;
  rates.half_open.verdict = ProbeCalls{3};

  Policy limits = plain;
  limits.ramp = Ramp{absl::Seconds(4), 0.25};
  limits.max_in_flight = 12;
  limits.hung_calls = HungCalls{6, absl::Seconds(8)};
  return {plain, rates, limits};
}

struct Tally {
  int64_t admitted = 0;
  int64_t rejected = 0;
  int64_t too_many = 0;
  int64_t success = 0;
  int64_t failure = 0;
  int64_t ignored = 0;
  bool sound = true;

  Tally& operator+=(const Tally& other) {
    admitted += other.admitted;
    rejected += other.rejected;
    too_many += other.too_many;
    success += other.success;
    failure += other.failure;
    ignored += other.ignored;
    sound = sound && other.sound;
    return *this;
  }
};

// One thread's work on one circuit.
class Worker {
 public:
  Worker(CircuitBreaker& breaker, FakeClock& clock, uint32_t seed)
      : breaker_(breaker), clock_(clock), random_(seed), policies_(Policies()) {}

  Tally Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    tally_.ignored += static_cast<int64_t>(out_.size());
    out_.clear();
    return tally_;
  }

 private:
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  void Step() {
    const uint32_t action = Below(1000);
    if (action < 440) {
      Acquire();
    } else if (action < 930) {
      Return();
    } else if (action < 960) {
      Look();
    } else if (action < 985) {
      clock_.Advance(absl::Milliseconds(Below(3'000)));
    } else {
      Operate();
    }
  }

  void Acquire() {
    Admission admission = breaker_.TryAcquire();
    if (admission) {
      ++tally_.admitted;
      out_.push_back(std::move(admission).permit());
    } else if (admission.reason() == RejectionReason::kTooManyCalls) {
      ++tally_.too_many;
    } else {
      ++tally_.rejected;
    }
  }

  void Return() {
    if (out_.empty()) return;
    std::swap(out_[Below(static_cast<uint32_t>(out_.size()))], out_.back());
    const uint32_t outcome = Below(10);
    if (outcome < 5) {
      ++tally_.success;
      out_.back().RecordSuccess();
    } else if (outcome < 8) {
      ++tally_.failure;
      out_.back().RecordFailure();
    } else {
      ++tally_.ignored;
    }
    out_.pop_back();
  }

  void Look() {
    const CircuitSnapshot s = breaker_.Snapshot();
    const Totals& totals = s.totals;
    tally_.sound = tally_.sound && s.in_flight >= 0 && s.probes_in_flight >= 0 &&
                   s.probes_in_flight <= *s.policy->half_open.max_concurrent &&
                   s.probes_in_flight <= s.in_flight && s.window.failures <= s.window.recorded &&
                   s.window.recorded <= totals.success + totals.failure && s.epoch >= epoch_;
    epoch_ = s.epoch;
  }

  void Operate() {
    switch (Below(8)) {
      case 0:
        breaker_.Reset(kOperator);
        break;
      case 1:
        (void)breaker_.ForceOpen(kOperator, absl::Seconds(1));
        break;
      case 2:
        breaker_.Disable(kOperator);
        break;
      case 3:
        breaker_.Shadow(kOperator);
        break;
      case 4:
        (void)breaker_.SetPolicy(policies_[Below(3)], kOperator);
        break;
      default:
        breaker_.Automate(kOperator);
        break;
    }
  }

  CircuitBreaker& breaker_;
  FakeClock& clock_;
  std::mt19937 random_;
  const std::vector<Policy> policies_;
  std::vector<Permit> out_;
  Tally tally_;
  uint64_t epoch_ = 0;
};

// One circuit's events: in order, one epoch for each move, and no move without.
void ExpectEventsInOrder(const std::vector<Event>& events, const CircuitSnapshot& end) {
  State state = State::kClosed;
  Mode mode = Mode::kAutomatic;
  uint64_t epoch = 1;
  uint64_t sequence = 0;
  Totals told;
  Event last;
  for (const Event& event : events) {
    ASSERT_GT(event.sequence, sequence);
    sequence = event.sequence;
    if (event.kind == EventKind::kEventsDropped) continue;
    if (event.kind == EventKind::kFirstRejection || event.kind == EventKind::kCircuitAdded) {
      ASSERT_EQ(event.epoch, epoch);
      ASSERT_EQ(event.from, state);
      ASSERT_EQ(event.to, state);
      continue;
    }
    if (event.epoch == epoch) {
      // One more of the same move.
      ASSERT_EQ(event.cause, last.cause);
      ASSERT_EQ(event.from, last.from);
      ASSERT_EQ(event.to, last.to);
    } else {
      ASSERT_EQ(event.epoch, epoch + 1);
      ASSERT_EQ(event.from, state);
      ASSERT_EQ(event.mode_from, mode);
    }
    if (event.kind == EventKind::kTransition) {
      ASSERT_NE(event.from, event.to);
      ++told.transitions
            .Edit()[static_cast<std::size_t>(event.from)][static_cast<std::size_t>(event.to)];
    }
    epoch = event.epoch;
    state = event.to;
    mode = event.mode_to;
    last = event;
  }
  EXPECT_EQ(epoch, end.epoch);
  EXPECT_EQ(state, end.state);
  EXPECT_EQ(mode, end.mode);
  EXPECT_EQ(told.transitions, end.totals.transitions);
}

std::vector<Event> EventsOf(const std::vector<Event>& all, const CircuitBreaker& breaker) {
  std::vector<Event> events;
  for (const Event& event : all) {
    if (event.circuit == breaker.name()) events.push_back(event);
  }
  return events;
}

class EverythingAtOnce : public ::testing::TestWithParam<int> {};

TEST_P(EverythingAtOnce, AddsUpExactly) {
  const int threads = GetParam();
  FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.seed = 1;
  options.event_capacity = 10'000'000;
  std::atomic<int64_t> heard{0};
  options.listener = [&](const Event&) { heard.fetch_add(1, std::memory_order_relaxed); };
  CircuitRegistry registry(options);
  const std::shared_ptr<CircuitBreaker> circuits[] = {
      registry.GetOrCreate("a", Policies()[0]).value(),
      registry.GetOrCreate("b", Policies()[1]).value()};
  std::vector<std::vector<Tally>> tallies(2, std::vector<Tally>(static_cast<std::size_t>(threads)));
  RunThreads(threads, [&](int thread) {
    // Alternately, so that a thread's counters in one circuit are not those in the other.
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t which = (i + static_cast<std::size_t>(thread)) % 2;
      Worker worker(*circuits[which], clock, static_cast<uint32_t>(thread) * 2 + 1);
      tallies[which][static_cast<std::size_t>(thread)] = worker.Run(64'000 / threads);
    }
  });

  std::vector<CircuitSnapshot> ends;
  ends.reserve(2);
  for (const auto& circuit : circuits) ends.push_back(circuit->Snapshot());
  const EventBatch batch = registry.EventsSince(0);
  EXPECT_EQ(batch.missed, 0U);
  // Some are dropped if the thread that tells them has to wait for the processor for long.
  EXPECT_EQ(static_cast<int64_t>(batch.events.size()),
            heard.load() + registry.Stats().dropped_events);
  for (std::size_t which = 0; which < 2; ++which) {
    Tally sum;
    for (const Tally& tally : tallies[which]) sum += tally;
    const CircuitSnapshot& end = ends[which];
    EXPECT_TRUE(sum.sound);
    EXPECT_EQ(sum.admitted, sum.success + sum.failure + sum.ignored);
    EXPECT_EQ(end.totals.success, sum.success);
    EXPECT_EQ(end.totals.failure, sum.failure);
    EXPECT_EQ(end.totals.ignored, sum.ignored);
    EXPECT_EQ(end.totals.rejected, sum.rejected);
    EXPECT_EQ(end.totals.too_many_calls, sum.too_many);
    EXPECT_EQ(end.in_flight, 0);
    EXPECT_EQ(end.probes_in_flight, 0);
    ExpectEventsInOrder(EventsOf(batch.events, *circuits[which]), end);
    // It was no idle run.
    EXPECT_GT(end.totals.opened, 10);
    EXPECT_GT(end.totals.would_reject, 0);
    EXPECT_GT(end.totals.Transitions(State::kHalfOpen, State::kOpen), 0);
    EXPECT_GT(end.totals.Transitions(State::kHalfOpen, State::kClosed), 0);
  }
}

// Every thread's calls of one epoch come back in a later one, all at the same time: nothing moves.
TEST_P(EverythingAtOnce, R7_NoLateResultMovesTheMachine) {
  constexpr int kRounds = 60;
  const int threads = GetParam();
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = CircuitBreaker::Create("circuit", Policies()[1], options).value();
  Barrier barrier(threads);
  RunThreads(threads, [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Permit> late;
      for (int i = 0; i < 4; ++i) {
        breaker->TryAcquire().permit().RecordSuccess();  // runs that are left behind
        late.push_back(breaker->TryAcquire().permit());
      }
      barrier.Wait();
      if (thread == 0) breaker->Reset(kOperator);
      barrier.Wait();
      for (std::size_t i = 0; i < late.size(); ++i) {
        ASSERT_TRUE(i % 2 == 0 ? late[i].RecordFailure() : late[i].RecordSuccess());
      }
      barrier.Wait();
      if (thread == 0) {
        const CircuitSnapshot snapshot = breaker->Snapshot();
        ASSERT_EQ(snapshot.epoch, static_cast<uint64_t>(round) + 2);
        ASSERT_EQ(snapshot.state, State::kClosed);
        ASSERT_EQ(snapshot.window.recorded, 0);
        ASSERT_EQ(snapshot.consecutive_failures, 0);
        ASSERT_EQ(snapshot.in_flight, 0);
      }
      barrier.Wait();
    }
  });
}

// Successes that threads count by themselves all reach the window.
TEST_P(EverythingAtOnce, R3_NoSuccessIsLostOnItsWayToTheWindow) {
  constexpr int kRounds = 40;
  constexpr int kCalls = 50;
  const int threads = GetParam();
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  Policy policy = SmallPolicy();
  policy.window = TimeWindow{absl::Hours(1), 60};
  const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
  Barrier barrier(threads);
  RunThreads(threads, [&](int thread) {
    for (int round = 1; round <= kRounds; ++round) {
      for (int i = 0; i < kCalls; ++i) breaker->TryAcquire().permit().RecordSuccess();
      if (thread == 0) clock.Advance(absl::Seconds(20));  // into another slice now and then
      barrier.Wait();
      if (thread == 0) {
        ASSERT_EQ(breaker->Snapshot().window.recorded, int64_t{round} * kCalls * threads);
      }
      barrier.Wait();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Threads, EverythingAtOnce, ::testing::Values(8, 40),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace fusebox
