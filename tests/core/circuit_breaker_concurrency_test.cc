// SPDX-License-Identifier: Apache-2.0
//
// One circuit and many threads. Worth most under ThreadSanitizer; what is asserted holds anyhow.
// Threads count for themselves and the main thread compares, so that nothing but the library is
// shared by them.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/core/threads.h"

namespace fusebox {
namespace {

using fusebox_testing::Barrier;
using fusebox_testing::FakeClock;
using fusebox_testing::kThreads;
using fusebox_testing::NoRulePolicy;
using fusebox_testing::ProbeCallsPolicy;
using fusebox_testing::RunThreads;
using fusebox_testing::SmallPolicy;

constexpr int kOperations = 10'000;

// What one thread has seen.
struct Tally {
  int64_t success = 0;
  int64_t failure = 0;
  int64_t ignored = 0;
  int64_t admitted = 0;
  int64_t rejected = 0;
  int64_t most_probes_out = 0;
  bool snapshots_sound = true;
};

Tally Sum(const std::array<Tally, kThreads>& tallies) {
  Tally sum;
  for (const Tally& tally : tallies) {
    sum.success += tally.success;
    sum.failure += tally.failure;
    sum.ignored += tally.ignored;
    sum.admitted += tally.admitted;
    sum.rejected += tally.rejected;
    sum.most_probes_out = std::max(sum.most_probes_out, tally.most_probes_out);
    sum.snapshots_sound = sum.snapshots_sound && tally.snapshots_sound;
  }
  return sum;
}

// Every snapshot has to be one moment's: its figures must agree with each other.
bool IsSound(const CircuitSnapshot& snapshot) {
  const Totals& totals = snapshot.totals;
  const int64_t opened = totals.Transitions(State::kClosed, State::kOpen) +
                         totals.Transitions(State::kHalfOpen, State::kOpen);
  return totals.opened == opened && snapshot.in_flight >= snapshot.probes_in_flight &&
         (snapshot.next_probe || snapshot.awaits_connection) == (snapshot.state == State::kOpen) &&
         !(snapshot.next_probe && snapshot.awaits_connection) &&
         (snapshot.state == State::kHalfOpen || snapshot.probes_in_flight == 0) &&
         (snapshot.state == State::kClosed || snapshot.window.recorded == 0) &&
         snapshot.window.recorded >= snapshot.window.failures;
}

void EndCall(Permit permit, uint32_t choice, Tally& tally) {
  switch (choice % 8) {
    case 0:
      ++tally.success;
      permit.RecordSuccess();
      break;
    case 1:
      ++tally.ignored;  // dropped
      break;
    case 2:
      ++tally.ignored;
      permit.Ignore();
      break;
    case 3:
    case 4:
      ++tally.success;
      permit.RecordSuccess();
      break;
    default:
      ++tally.failure;
      permit.Record(Outcome::Failure(14, "refused"));
      break;
  }
}

// Calls, drops, late results, reads and resets, while time moves on; the circuit keeps opening and
// closing meanwhile.
Tally WorkOn(CircuitBreaker& breaker, FakeClock& clock, int thread) {
  std::minstd_rand random(static_cast<uint32_t>(thread + 1));
  const auto draw = [&] { return static_cast<uint32_t>(random() >> 8U); };
  Tally tally;
  std::vector<Permit> out;
  for (int i = 0; i < kOperations; ++i) {
    const uint32_t action = draw() % 100;
    if (action < 45) {
      const bool connected = draw() % 4 != 0;
      Admission admission = breaker.TryAcquire([&] { return connected; });
      ++(admission ? tally.admitted : tally.rejected);
      if (admission) out.push_back(std::move(admission).permit());
    } else if (action < 85 && !out.empty()) {
      std::swap(out[draw() % out.size()], out.back());
      Permit permit = std::move(out.back());
      out.pop_back();
      EndCall(std::move(permit), draw(), tally);
    } else if (action < 90) {
      const CircuitSnapshot snapshot = breaker.Snapshot();
      tally.most_probes_out = std::max(tally.most_probes_out, snapshot.probes_in_flight);
      tally.snapshots_sound = tally.snapshots_sound && IsSound(snapshot);
    } else if (action < 92) {
      (void)breaker.state();
    } else if (action < 93) {
      breaker.Reset(Operator("thread").Because("a drill"));
    } else {
      clock.Advance(absl::Seconds(draw() % 6));
    }
  }
  tally.ignored += static_cast<int64_t>(out.size());
  return tally;  // and what is still out is dropped
}

// On a busy machine the thread that delivers may fall so far behind that events are dropped: the
// circuit's numbers have a gap there.
bool AllWereTold(const std::vector<Event>& events) {
  uint64_t told = 0;
  for (const Event& event : events) {
    if (event.sequence != ++told || event.kind == EventKind::kEventsDropped) return false;
  }
  return true;
}

void ExpectEventsInOrder(const std::vector<Event>& events) {
  State at = State::kClosed;
  uint64_t epoch = 1;
  uint64_t told = 0;
  bool exceeded = false;
  for (const Event& event : events) {
    // What was dropped is told with the state of what was told before it.
    if (event.kind == EventKind::kEventsDropped) continue;
    ASSERT_GT(event.sequence, told);
    if (event.sequence != told + 1) {
      at = event.from;
      ASSERT_GE(event.epoch, epoch);
      epoch = event.epoch;
      exceeded = false;
    }
    told = event.sequence;
    // One move may have several events, the transition last; each is of the same epoch.
    ASSERT_EQ(event.from, at);
    ASSERT_GE(event.epoch, epoch);
    ASSERT_LE(event.epoch, epoch + 1);
    epoch = event.epoch;
    if (exceeded) {
      ASSERT_EQ(event.kind, EventKind::kTransition);
    }
    exceeded = event.kind == EventKind::kRuleExceeded;
    if (event.kind == EventKind::kTransition) {
      ASSERT_NE(event.from, event.to);
      at = event.to;
    } else if (event.kind == EventKind::kFirstRejection) {
      ASSERT_EQ(event.from, State::kOpen);
      ASSERT_EQ(event.to, State::kOpen);
    }
  }
}

// Listens from many threads, one at a time as promised.
class EventLog {
 public:
  EventListener Listener() {
    return [this](const Event& event) {
      overlapped_ = overlapped_ || inside_.exchange(true);
      events_.push_back(event);
      inside_ = false;
    };
  }
  const std::vector<Event>& events() const { return events_; }
  bool overlapped() const { return overlapped_; }

 private:
  std::vector<Event> events_;  // unguarded: the queue in front of a listener is what orders it
  std::atomic<bool> inside_{false};
  bool overlapped_ = false;
};

void ExpectEverythingAddsUp(const Policy& policy) {
  FakeClock clock;
  EventLog log;
  CircuitBreaker::Options options;
  options.clock = &clock;
  options.seed = 1;
  options.listener = log.Listener();
  const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
  std::array<Tally, kThreads> tallies;
  RunThreads([&](int i) { tallies[static_cast<std::size_t>(i)] = WorkOn(*breaker, clock, i); });

  const Tally sum = Sum(tallies);
  const CircuitSnapshot end = breaker->Snapshot();
  EXPECT_EQ(end.totals.success, sum.success);
  EXPECT_EQ(end.totals.failure, sum.failure);
  EXPECT_EQ(end.totals.ignored, sum.ignored);
  EXPECT_EQ(end.totals.rejected, sum.rejected);
  EXPECT_EQ(sum.success + sum.failure + sum.ignored, sum.admitted);
  EXPECT_EQ(end.in_flight, 0);
  EXPECT_LE(sum.most_probes_out, *policy.half_open.max_concurrent);
  EXPECT_TRUE(sum.snapshots_sound);

  EXPECT_FALSE(log.overlapped());
  ExpectEventsInOrder(log.events());
  Totals told;
  for (const Event& event : log.events()) {
    if (event.kind != EventKind::kTransition) continue;
    ++told.transitions
          .Edit()[static_cast<std::size_t>(event.from)][static_cast<std::size_t>(event.to)];
  }
  if (AllWereTold(log.events())) {
    EXPECT_EQ(told.transitions, end.totals.transitions);
  }
  // It was no idle run: every kind of move was made.
  EXPECT_GT(end.totals.Transitions(State::kClosed, State::kOpen), 0);
  EXPECT_GT(end.totals.Transitions(State::kOpen, State::kHalfOpen), 0);
  EXPECT_GT(end.totals.Transitions(State::kHalfOpen, State::kOpen), 0);
  EXPECT_GT(end.totals.Transitions(State::kHalfOpen, State::kClosed), 0);
}

TEST(CircuitBreakerConcurrency, R9_EverythingAddsUpWithASuccessThreshold) {
  Policy policy = SmallPolicy();
  policy.half_open.verdict = SuccessThreshold{1};
  policy.jitter = 0.5;
  policy.backoff_multiplier = 1.5;
  ExpectEverythingAddsUp(policy);
}

TEST(CircuitBreakerConcurrency, R9_EverythingAddsUpWithProbeCallsAndATimeWindow) {
  Policy policy = ProbeCallsPolicy(3, 0.5);
  policy.window = TimeWindow{absl::Seconds(20), 4};
  policy.minimum_calls = 8;
  policy.slow_call_duration = absl::Seconds(2);
  ExpectEverythingAddsUp(policy);
}

Permit CallOf(CircuitBreaker& breaker) {
  Admission admission = breaker.TryAcquire();
  return std::move(admission).permit();
}
Permit ProbeOf(CircuitBreaker& breaker) {
  return breaker.TryAcquire([] { return Reach::kAsk; }).TakeProbe();
}

// A fresh HALF_OPEN, or OPEN whose probe is due; all threads asking at once and none giving back
// before all have asked: who is in has to be exactly as many as there are places, round after
// round.
void ExpectExactlyAdmitted(const Policy& policy, int expected,
                           Permit (*acquire)(CircuitBreaker&) = CallOf) {
  constexpr int kRounds = 200;
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
  for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();

  Barrier barrier(kThreads);
  std::array<std::atomic<int>, kRounds> admitted{};
  RunThreads([&](int thread) {
    for (std::atomic<int>& round : admitted) {
      if (thread == 0) clock.Advance(absl::Seconds(15));
      barrier.Wait();
      std::vector<Permit> permits;
      for (int i = 0; i < 3; ++i) {
        if (Permit permit = acquire(*breaker)) permits.push_back(std::move(permit));
      }
      round.fetch_add(static_cast<int>(permits.size()), std::memory_order_relaxed);
      barrier.Wait();
      for (Permit& permit : permits) permit.RecordFailure();  // opens it for the next round
      barrier.Wait();
    }
  });
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(admitted[static_cast<std::size_t>(round)].load(), expected) << round;
  }
  EXPECT_EQ(breaker->Snapshot().in_flight, 0);
}

TEST(CircuitBreakerConcurrency, R5_NeverMoreThanMaxConcurrentProbes) {
  Policy policy = SmallPolicy();
  policy.half_open.max_concurrent = 5;
  ExpectExactlyAdmitted(policy, 5);
}

TEST(CircuitBreakerConcurrency, R5_NeverMoreThanProbeCalls) {
  Policy policy = ProbeCallsPolicy(4, 0.5);
  policy.half_open.max_concurrent = 100;
  ExpectExactlyAdmitted(policy, 4);
}

TEST(CircuitBreakerConcurrency, R21_OneIsAskedAtATime) {
  Policy policy = SmallPolicy();
  policy.health_probe = HealthProbe{};
  ExpectExactlyAdmitted(policy, 1, ProbeOf);
}

// CLOSED, and so without the lock: all threads ask at once, and then give back.
TEST(CircuitBreakerConcurrency, R12_ExactlyMaxInFlight) {
  constexpr int kRounds = 300;
  constexpr int kManyThreads = 40;
  constexpr int kMost = 50;
  Policy policy = SmallPolicy();
  policy.max_in_flight = kMost;
  const auto breaker = CircuitBreaker::Create("circuit", policy).value();
  Barrier barrier(kManyThreads);
  std::array<std::atomic<int>, kRounds> admitted{};
  RunThreads(kManyThreads, [&](int) {
    for (std::atomic<int>& round : admitted) {
      std::vector<Permit> permits;
      for (int i = 0; i < 3; ++i) {
        if (Permit permit = breaker->TryAcquire().permit()) permits.push_back(std::move(permit));
      }
      round.fetch_add(static_cast<int>(permits.size()), std::memory_order_relaxed);
      barrier.Wait();
      for (Permit& permit : permits) permit.RecordSuccess();
      barrier.Wait();
    }
  });
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(admitted[static_cast<std::size_t>(round)].load(), kMost) << round;
  }
  const CircuitSnapshot end = breaker->Snapshot();
  EXPECT_EQ(end.in_flight, 0);
  EXPECT_EQ(end.totals.success, kRounds * kMost);
  EXPECT_EQ(end.totals.too_many_calls, kRounds * (3 * kManyThreads - kMost));
  EXPECT_EQ(end.totals.rejected, 0);
}

// However calls end, and whatever an operator does meanwhile: no place is lost, and none is there
// twice.
TEST(CircuitBreakerConcurrency, R12_NoPlaceIsLost) {
  constexpr int64_t kMost = 5;
  const auto with_limit = [](std::optional<int64_t> most) {
    Policy policy = SmallPolicy();
    policy.max_in_flight = most;
    return policy;
  };
  for (const bool limit_goes : {false, true}) {
    SCOPED_TRACE(limit_goes);
    FakeClock clock;
    CircuitBreaker::Options options;
    options.clock = &clock;
    const auto breaker = CircuitBreaker::Create("circuit", with_limit(kMost), options).value();
    const Operator by("test");
    RunThreads([&](int thread) {
      std::minstd_rand random(static_cast<uint32_t>(thread + 1));
      std::vector<Permit> out;
      Tally tally;
      for (int i = 0; i < kOperations; ++i) {
        if (Permit permit = breaker->TryAcquire().permit()) out.push_back(std::move(permit));
        if (!out.empty() && random() % 2 == 0) {
          EndCall(std::move(out.back()), static_cast<uint32_t>(random() >> 8U), tally);
          out.pop_back();
        }
        if (random() % 16 == 0) clock.Advance(absl::Seconds(1));
        if (thread > 0 || random() % 8 != 0) continue;
        switch (random() % 6) {
          case 0:
            breaker->Shadow(by);
            break;
          case 1:
            breaker->Disable(by);
            break;
          case 2:
            ASSERT_TRUE(breaker->SetPolicy(with_limit(kMost + 3), by).ok());
            break;
          case 3:
            ASSERT_TRUE(
                breaker->SetPolicy(with_limit(limit_goes ? std::optional<int64_t>() : kMost), by)
                    .ok());
            break;
          default:
            breaker->Automate(by);
            breaker->Reset(by);
            break;
        }
      }
    });
    ASSERT_TRUE(breaker->SetPolicy(with_limit(kMost), by).ok());
    breaker->Automate(by);
    breaker->Reset(by);
    EXPECT_EQ(breaker->Snapshot().in_flight, 0);
    std::vector<Permit> out;
    while (static_cast<int64_t>(out.size()) <= kMost) {
      Permit permit = breaker->TryAcquire().permit();
      if (!permit) break;
      out.push_back(std::move(permit));
    }
    EXPECT_EQ(out.size(), kMost);
  }
}

// Whoever looks while calls come and go.
TEST(CircuitBreakerConcurrency, R12_NoMoreSeemToBeInFlight) {
  Policy policy = SmallPolicy();
  policy.max_in_flight = 1;
  const auto breaker = CircuitBreaker::Create("circuit", policy).value();
  RunThreads([&](int thread) {
    for (int i = 0; i < kOperations; ++i) {
      if (thread == 0) {
        const int64_t in_flight = breaker->Snapshot().in_flight;
        ASSERT_GE(in_flight, 0);
        ASSERT_LE(in_flight, 1);
      } else {
        breaker->TryAcquire().permit().RecordSuccess();
      }
    }
  });
}

// A limit that is far away rejects nothing, nor does it while it goes.
TEST(CircuitBreakerConcurrency, R12_ALimitThatGoesRejectsNothing) {
  Policy unlimited = SmallPolicy();
  Policy limited = unlimited;
  limited.max_in_flight = 1'000;
  for (int round = 0; round < 2'000; ++round) {
    const auto breaker = CircuitBreaker::Create("circuit", limited).value();
    RunThreads(3, [&](int thread) {
      if (thread == 0) {
        ASSERT_TRUE(breaker->SetPolicy(unlimited, Operator("test")).ok());
        return;
      }
      for (int i = 0; i < 200; ++i) {
        Admission admission = breaker->TryAcquire();
        ASSERT_TRUE(admission.admitted()) << static_cast<int>(admission.reason());
        admission.permit().RecordSuccess();
      }
    });
    ASSERT_EQ(breaker->Snapshot().in_flight, 0);
  }
}

// One call is out for each thread, so never enough to open the circuit, however they end, while
// time goes on and an operator moves the circuit; and afterwards it takes as many as before.
TEST(CircuitBreakerConcurrency, R14_CallsThatHaveEndedHangNoMore) {
  for (const bool limited : {false, true}) {
    SCOPED_TRACE(limited);
    FakeClock clock;
    CircuitBreaker::Options options;
    options.clock = &clock;
    Policy policy = NoRulePolicy();
    policy.hung_calls = HungCalls{kThreads + 1, absl::Seconds(8)};
    if (limited) policy.max_in_flight = kThreads + 2;
    const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
    const Operator by("test");
    RunThreads([&](int thread) {
      std::minstd_rand random(static_cast<uint32_t>(thread + 1));
      Tally tally;
      for (int i = 0; i < kOperations; ++i) {
        Permit permit = breaker->TryAcquire().permit();
        ASSERT_TRUE(permit);
        if (random() % 4 == 0) clock.Advance(absl::Milliseconds(300));
        if (random() % 8 == 0) permit.ReceiveMessage();
        EndCall(std::move(permit), static_cast<uint32_t>(random() >> 8U), tally);
        if (thread > 0 || random() % 32 != 0) continue;
        if (random() % 4 == 0) {
          breaker->Disable(by);
          breaker->Automate(by);
        } else {
          breaker->Reset(by);
        }
      }
    });
    ASSERT_EQ(breaker->Snapshot().totals.opened, 0);
    ASSERT_EQ(breaker->Snapshot().in_flight, 0);

    const auto wait = [&] {
      for (int i = 0; i < 5; ++i) {
        clock.Advance(absl::Seconds(2));
        breaker->TryAcquire().permit().RecordSuccess();  // a look
      }
    };
    std::vector<Permit> out;
    while (out.size() < kThreads) out.push_back(breaker->TryAcquire().permit());
    wait();
    EXPECT_EQ(breaker->state(), State::kClosed);
    out.push_back(breaker->TryAcquire().permit());
    wait();
    EXPECT_EQ(breaker->state(), State::kOpen);
    EXPECT_EQ(breaker->Snapshot().last_opening->cause, Cause::kHungCalls);
  }
}

TEST(CircuitBreakerConcurrency, R2_AFailureStormOpensOnce) {
  constexpr int kRounds = 200;
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = CircuitBreaker::Create("circuit", SmallPolicy(), options).value();
  Barrier barrier(kThreads);
  RunThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      Admission admission = breaker->TryAcquire();
      barrier.Wait();
      admission.permit().RecordFailure();
      barrier.Wait();
      if (thread == 0) breaker->Reset(Operator("thread").Because("next round"));
      barrier.Wait();
    }
  });
  const Totals totals = breaker->Snapshot().totals;
  EXPECT_EQ(totals.opened, kRounds);
  EXPECT_EQ(totals.failure, kRounds * kThreads);
  EXPECT_EQ(totals.rejected, 0);
}

TEST(CircuitBreakerConcurrency, R7_APermitMayBeGivenBackOnAnotherThread) {
  constexpr int kRounds = 500;
  FakeClock clock;
  CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = CircuitBreaker::Create("circuit", SmallPolicy(), options).value();
  Barrier barrier(kThreads);
  std::array<Permit, kThreads> handed;
  RunThreads([&](int thread) {
    const auto mine = static_cast<std::size_t>(thread);
    for (int round = 0; round < kRounds; ++round) {
      handed[mine] = breaker->TryAcquire().permit();
      barrier.Wait();
      handed[(mine + 1) % kThreads].RecordSuccess();
      barrier.Wait();
    }
  });
  EXPECT_EQ(breaker->Snapshot().totals.success, kRounds * kThreads);
  EXPECT_EQ(breaker->Snapshot().in_flight, 0);
}

TEST(CircuitBreakerConcurrency, AListenerMayUseTheCircuitOnEveryThread) {
  FakeClock clock;
  std::shared_ptr<CircuitBreaker> breaker;
  EventLog log;
  CircuitBreaker::Options options;
  options.clock = &clock;
  options.listener = [&, told = log.Listener()](const Event& event) {
    told(event);
    (void)breaker->Snapshot();
    const bool opening = event.kind == EventKind::kTransition && event.to == State::kOpen;
    if (opening) breaker->Reset(Operator("listener").Because("never open"));
  };
  breaker = CircuitBreaker::Create("circuit", SmallPolicy(), options).value();
  RunThreads([&](int) {
    for (int i = 0; i < 1'000; ++i) {
      Admission admission = breaker->TryAcquire();
      admission.permit().RecordFailure();
    }
  });
  EXPECT_FALSE(log.overlapped());
  ExpectEventsInOrder(log.events());
  EXPECT_EQ(breaker->state(), State::kClosed);
  const CircuitSnapshot end = breaker->Snapshot();
  EXPECT_EQ(end.totals.failure + end.totals.rejected, 1'000 * kThreads);
}

// Whatever way each call comes, with the lock or without: the credit of all of them is one.
TEST(CircuitBreakerConcurrency, R6_ThreadsOnTheRampShareItsCreditExactly) {
  constexpr int kCalls = 20'000;
  for (int round = 0; round < 3; ++round) {
    FakeClock clock;
    CircuitBreaker::Options options;
    options.clock = &clock;
    Policy policy;
    policy.consecutive_failures = 1;
    policy.half_open.verdict = SuccessThreshold{1};
    policy.jitter = 0;
    policy.ramp = Ramp{absl::Hours(10), 0.05};
    const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
    breaker->TryAcquire().permit().RecordFailure();
    clock.Advance(absl::Seconds(30));
    breaker->TryAcquire().permit().RecordSuccess();
    ASSERT_TRUE(breaker->Snapshot().ramping);
    std::atomic<int64_t> admitted{0};
    RunThreads([&](int /*thread*/) {
      for (int i = 0; i < kCalls; ++i) {
        Admission admission = breaker->TryAcquire();
        if (!admission) continue;
        ++admitted;
        admission.permit().RecordSuccess();
      }
    });
    EXPECT_EQ(admitted, kThreads * kCalls / 20);
    EXPECT_EQ(breaker->Snapshot().totals.rejected, kThreads * kCalls - admitted);
    EXPECT_EQ(breaker->Snapshot().window.recorded, 100);
  }
}

}  // namespace
}  // namespace fusebox
