// SPDX-License-Identifier: Apache-2.0
//
// The policy that needs no numbers on forty threads: its probes, slow start and limits, questions
// in place of probes, connections that come and go, and candidates, with operators in between.
// Worth most under ThreadSanitizer; what is asserted holds anyhow.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
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

// More than there are counters for threads of their own.
constexpr int kManyThreads = 40;

const Operator kOperator = Operator("thread").Because("a drill");

Outcome Overload(absl::Duration pushback = absl::ZeroDuration()) {
  Outcome overload = Outcome::FromStatus(absl::ResourceExhaustedError("busy"));
  overload.pushback = pushback;
  return overload;
}

// ---- Forty threads that ask at the same moment.

Policy SteadyAdaptive() {
  Policy policy = Policy::Adaptive();
  policy.jitter = 0;
  return policy;
}

std::shared_ptr<CircuitBreaker> MakeCircuit(const Policy& policy, const Clock& clock) {
  CircuitBreaker::Options options;
  options.clock = &clock;
  options.seed = 1;
  return CircuitBreaker::Create("circuit", policy, options).value();
}

void Fail(CircuitBreaker& breaker) {
  while (breaker.state() == State::kClosed) breaker.TryAcquire().permit().RecordFailure();
}

// Rounds in which each thread asks once, and what was admitted ends when all have asked: as
// `outcome` says.
class Rounds {
 public:
  Rounds(CircuitBreaker& breaker, FakeClock& clock, absl::Duration between)
      : breaker_(breaker), clock_(clock), between_(between) {}

  // Calls `expect(before, admitted)` after each round, with what the circuit was like before it.
  template <typename Expect>
  void Run(int rounds, const Outcome& outcome, Expect expect) {
    Barrier barrier(kManyThreads);
    std::atomic<int> admitted{0};
    CircuitSnapshot before;
    RunThreads(kManyThreads, [&](int thread) {
      for (int round = 0; round < rounds; ++round) {
        if (thread == 0) {
          clock_.Advance(between_);
          before = breaker_.Snapshot();
        }
        barrier.Wait();
        Admission admission = breaker_.TryAcquire();
        if (admission) admitted.fetch_add(1, std::memory_order_relaxed);
        barrier.Wait();
        if (thread == 0) expect(before, admitted.exchange(0, std::memory_order_relaxed));
        if (admission) admission.permit().Record(outcome);
        barrier.Wait();
      }
    });
    EXPECT_EQ(breaker_.Snapshot().in_flight, 0);
  }

 private:
  CircuitBreaker& breaker_;
  FakeClock& clock_;
  const absl::Duration between_;
};

TEST(AdaptiveConcurrency, R16_OneProbeAtATime) {
  FakeClock clock;
  const auto breaker = MakeCircuit(SteadyAdaptive(), clock);
  Fail(*breaker);
  // Each probe that fails makes a gap, which is never longer.
  Rounds(*breaker, clock, absl::Seconds(30))
      .Run(100, Outcome::Failure(), [](const CircuitSnapshot& before, int admitted) {
        EXPECT_EQ(before.state, State::kOpen);
        EXPECT_EQ(admitted, 1);
      });
  EXPECT_EQ(breaker->Snapshot().totals.opened, 1);
}

TEST(AdaptiveConcurrency, R17_AsManyAsTheWindowIsWide) {
  FakeClock clock;
  const auto breaker = MakeCircuit(SteadyAdaptive(), clock);
  Fail(*breaker);
  clock.Advance(absl::Milliseconds(50));
  breaker->TryAcquire().permit().RecordSuccess();
  ASSERT_EQ(breaker->Snapshot().limit, 2);
  int limited = 0;
  Rounds(*breaker, clock, absl::Milliseconds(200))
      .Run(20, Outcome::Success(), [&](const CircuitSnapshot& before, int admitted) {
        const double limit = before.limit.value_or(kManyThreads);
        EXPECT_EQ(admitted, std::min(kManyThreads, static_cast<int>(limit)));
        limited += before.limit ? 1 : 0;
      });
  // 2, 4, 8, 16, 32 and then all, for a second.
  EXPECT_GE(limited, 10);
  EXPECT_EQ(breaker->state(), State::kClosed);
  EXPECT_EQ(breaker->Snapshot().totals.rejected, 38 + 36 + 32 + 24 + 8);
}

TEST(AdaptiveConcurrency, R18_OneCutForWhatIsOutAtTheSameTime) {
  FakeClock clock;
  const auto breaker = MakeCircuit(SteadyAdaptive(), clock);
  std::optional<double> limit;
  Rounds(*breaker, clock, absl::Milliseconds(1))
      .Run(8, Overload(), [&](const CircuitSnapshot& before, int admitted) {
        EXPECT_EQ(before.state, State::kClosed);
        if (limit) {
          EXPECT_NEAR(*before.limit, *limit, 0.01);
        }
        EXPECT_EQ(admitted, before.limit ? static_cast<int>(*before.limit) : kManyThreads);
        limit = 0.7 * admitted;
      });
  EXPECT_LT(*limit, 3);
}

// ---- Everything at once.

// What a thread has seen. A question (R21) that was asked counts as a call.
struct Tally {
  int64_t admitted = 0;
  int64_t asked = 0;
  int64_t success = 0;
  int64_t failure = 0;
  int64_t ignored = 0;
  int64_t rejected = 0;
  int64_t limited = 0;  // of those
  int64_t too_many = 0;
  bool sound = true;

  Tally& operator+=(const Tally& other) {
    admitted += other.admitted;
    asked += other.asked;
    success += other.success;
    failure += other.failure;
    ignored += other.ignored;
    rejected += other.rejected;
    limited += other.limited;
    too_many += other.too_many;
    sound = sound && other.sound;
    return *this;
  }
};

// What the dependency is like now. Threads take turns in changing it.
enum class Weather { kWell, kFailing, kShedding, kUnreachable };

struct World {
  FakeClock clock;
  // Relaxed: a number alone.
  std::atomic<Weather> weather{Weather::kWell};
};

// Which policies there are, and whether operators act: the first is the one at the beginning.
struct Case {
  std::string name;
  std::vector<Policy> policies;
  bool operators = false;
};

// One thread's work.
class Worker {
 public:
  Worker(CircuitBreaker& breaker, World& world, const Case& rules, int number)
      : breaker_(breaker),
        world_(world),
        rules_(rules),
        random_(static_cast<uint32_t>(number) * 2 + 1) {}

  Tally Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    tally_.ignored += static_cast<int64_t>(out_.size());
    out_.clear();
    return tally_;
  }

 private:
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  // Well half of the time.
  Weather DrawWeather() {
    const uint32_t lot = Below(6);
    return lot < 3 ? Weather::kWell : static_cast<Weather>(lot - 2);
  }
  Weather weather() const { return world_.weather.load(std::memory_order_relaxed); }

  void Step() {
    const uint32_t action = Below(1'000);
    if (action < 440) {
      Acquire();
    } else if (action < 910) {
      Return();
    } else if (action < 940) {
      Look();
    } else if (action < 990) {
      world_.clock.Advance(absl::Milliseconds(Below(60)));
    } else if (action < 994) {
      world_.weather.store(DrawWeather(), std::memory_order_relaxed);
    } else if (rules_.operators) {
      Operate();
    }
  }

  Reach Way() {
    if (weather() == Weather::kUnreachable) return Reach::kNone;
    return Below(4) == 0 ? Reach::kCall : Reach::kAsk;
  }

  void Acquire() {
    Admission admission =
        Below(8) == 0 ? breaker_.TryAcquire() : breaker_.TryAcquire([&] { return Way(); });
    if (admission) {
      ++tally_.admitted;
      out_.push_back(std::move(admission).permit());
      return;
    }
    const bool too_many = admission.reason() == RejectionReason::kTooManyCalls;
    ++(too_many ? tally_.too_many : tally_.rejected);
    tally_.limited += admission.reason() == RejectionReason::kLimited ? 1 : 0;
    if (Permit probe = admission.TakeProbe()) {
      ++tally_.asked;
      out_.push_back(std::move(probe));
    }
  }

  void Return() {
    if (out_.empty()) return;
    std::swap(out_[Below(static_cast<uint32_t>(out_.size()))], out_.back());
    Permit permit = std::move(out_.back());
    out_.pop_back();
    if (Below(16) == 0) {
      ++tally_.ignored;  // dropped
      return;
    }
    switch (weather()) {
      case Weather::kWell:
        Succeed(std::move(permit));
        break;
      case Weather::kFailing:
        ++tally_.failure;
        permit.Record(Outcome::Failure(static_cast<int>(4 + 10 * Below(2)), "down"));
        break;
      case Weather::kShedding:
        if (Below(2) == 0) return Succeed(std::move(permit));
        ++tally_.failure;
        permit.Record(Overload(absl::Milliseconds(Below(3) * 20)));
        break;
      case Weather::kUnreachable:
        ++tally_.failure;
        permit.RecordFailure();
        break;
    }
  }

  void Succeed(Permit permit) {
    ++tally_.success;
    const uint32_t how = Below(8);
    if (how == 0) {
      permit.ReceiveMessage();
      out_.push_back(std::move(permit));  // a stream that goes on
      --tally_.success;
    } else if (how == 1) {
      const FirstMessage first = permit.RecordFirstMessage();
      if (Below(2) == 0) return;
      ++tally_.failure;
      breaker_.ReportFailure(Outcome::Failure(14, "broke"), first);
    } else {
      permit.RecordSuccess();
    }
  }

  void Look() {
    const CircuitSnapshot s = breaker_.Snapshot();
    const bool open = s.state == State::kOpen;
    // Of an OPEN circuit one of these is known, unless an operator holds it open for good.
    const int known = (s.next_probe ? 1 : 0) + (s.awaits_connection ? 1 : 0) +
                      (open && s.probes_in_flight > 0 ? 1 : 0);
    const bool held = s.mode == Mode::kForcedOpen;
    tally_.sound = tally_.sound && s.in_flight >= s.probes_in_flight && s.probes_in_flight >= 0 &&
                   (held || known == (open ? 1 : 0)) && (!open || s.probes_in_flight <= 1) &&
                   (!s.limit || (!open && *s.limit > 0)) &&
                   s.window.failures <= s.window.recorded && s.epoch >= epoch_ && Sound(s.shadow);
    epoch_ = s.epoch;
  }

  static bool Sound(const std::optional<ShadowCounts>& shadow) {
    return !shadow ||
           (shadow->rejected <= shadow->calls && shadow->would_admit <= shadow->rejected &&
            shadow->would_reject <= shadow->calls - shadow->rejected);
  }

  void Operate() {
    switch (Below(8)) {
      case 0:
        breaker_.Reset(kOperator);
        break;
      case 1:
        (void)breaker_.ForceOpen(kOperator, absl::Milliseconds(200));
        break;
      case 2:
        breaker_.Disable(kOperator);
        break;
      case 3:
        breaker_.Shadow(kOperator);
        break;
      case 4: {
        const auto count = static_cast<uint32_t>(rules_.policies.size());
        (void)breaker_.SetPolicy(rules_.policies[Below(count)], kOperator);
        break;
      }
      default:
        breaker_.Automate(kOperator);
        break;
    }
  }

  CircuitBreaker& breaker_;
  World& world_;
  const Case& rules_;
  std::mt19937 random_;
  std::vector<Permit> out_;
  Tally tally_;
  uint64_t epoch_ = 0;
};

Policy Asking(Policy policy) {
  policy.health_probe = HealthProbe{};
  return policy;
}

Policy Beside(Policy policy, const Policy& candidate) {
  policy.shadow_policy = candidate;
  return policy;
}

Policy FixedLimited() {
  Policy policy = SmallPolicy();
  policy.open_duration = absl::Milliseconds(200);
  policy.overload_limit = OverloadLimit{};
  policy.max_in_flight = 400;
  return policy;
}

std::vector<Case> Cases() {
  const Policy adaptive = Policy::Adaptive();
  const std::vector<Policy> all = {adaptive, Asking(adaptive), Beside(FixedLimited(), adaptive),
                                   FixedLimited(), Beside(Asking(adaptive), FixedLimited())};
  return {{"Adaptive", {adaptive}, false},
          {"AdaptiveWithQuestions", {Asking(adaptive)}, false},
          {"FixedWithQuestionsAndLimits", {Asking(FixedLimited())}, false},
          {"FixedBesideAdaptive", {Beside(FixedLimited(), adaptive)}, false},
          {"AdaptiveBesideFixed", {Beside(adaptive, FixedLimited())}, false},
          {"AllWithOperators", all, true}};
}

class AdaptiveAtOnce : public ::testing::TestWithParam<Case> {
 protected:
  // A registry keeps all its events.
  AdaptiveAtOnce() {
    CircuitRegistry::Options options;
    options.clock = &world_.clock;
    options.seed = 1;
    options.event_capacity = 10'000'000;
    registry_ = std::make_unique<CircuitRegistry>(options);
    breaker_ = registry_->GetOrCreate("a", GetParam().policies.front()).value();
  }

  Tally Work() {
    std::vector<Tally> tallies(kManyThreads);
    RunThreads(kManyThreads, [&](int thread) {
      Worker worker(*breaker_, world_, GetParam(), thread);
      tallies[static_cast<std::size_t>(thread)] = worker.Run(3'000);
    });
    Tally sum;
    for (const Tally& tally : tallies) sum += tally;
    return sum;
  }

  // Each move from where the last one went, and as many as the circuit has counted.
  void ExpectEventsInOrder() const {
    const CircuitSnapshot end = breaker_->Snapshot();
    State state = State::kClosed;
    uint64_t epoch = 0;
    Totals told;
    for (const Event& event : registry_->EventsSince(0).events) {
      if (event.circuit != breaker_->name()) continue;
      ASSERT_GE(event.epoch, epoch);
      epoch = event.epoch;
      if (event.kind != EventKind::kTransition) continue;
      ASSERT_EQ(event.from, state);
      state = event.to;
      ++told.transitions
            .Edit()[static_cast<std::size_t>(event.from)][static_cast<std::size_t>(event.to)];
    }
    EXPECT_EQ(state, end.state);
    EXPECT_LE(epoch, end.epoch);  // an OPEN circuit whose probe is due begins one, unseen
    EXPECT_EQ(told.transitions, end.totals.transitions);
  }

  int64_t Told(EventKind kind) const {
    int64_t told = 0;
    for (const Event& event : registry_->EventsSince(0).events) told += event.kind == kind ? 1 : 0;
    return told;
  }

  // One more outage: whatever became of the circuit, a dependency that is well again is called
  // again.
  void ExpectRecovers() {
    breaker_->Automate(kOperator);
    while (breaker_->state() != State::kOpen) {
      Admission admission = breaker_->TryAcquire();
      if (admission) admission.permit().RecordFailure();
      world_.clock.Advance(absl::Milliseconds(100));
    }
    for (int i = 0; i < 1'000; ++i) {
      world_.clock.Advance(absl::Milliseconds(100));
      Admission admission = breaker_->TryAcquire([] { return Reach::kAsk; });
      if (Permit probe = admission.TakeProbe()) probe.RecordSuccess();
      if (admission) admission.permit().RecordSuccess();
    }
    EXPECT_EQ(breaker_->state(), State::kClosed);
    EXPECT_FALSE(breaker_->Snapshot().limit);
  }

  World world_;
  std::unique_ptr<CircuitRegistry> registry_;
  std::shared_ptr<CircuitBreaker> breaker_;
};

TEST_P(AdaptiveAtOnce, R9_AddsUpExactly) {
  const Tally sum = Work();
  const CircuitSnapshot end = breaker_->Snapshot();
  EXPECT_TRUE(sum.sound);
  EXPECT_EQ(end.totals.success, sum.success);
  EXPECT_EQ(end.totals.failure, sum.failure);
  EXPECT_EQ(end.totals.ignored, sum.ignored);
  EXPECT_EQ(end.totals.rejected, sum.rejected);
  EXPECT_EQ(end.totals.too_many_calls, sum.too_many);
  EXPECT_EQ(end.in_flight, 0);
  EXPECT_EQ(end.probes_in_flight, 0);
  if (end.shadow && !GetParam().operators) {
    EXPECT_EQ(end.shadow->calls, sum.admitted + sum.rejected + sum.too_many);
    EXPECT_EQ(end.shadow->rejected, sum.rejected + sum.too_many);
  }
  ExpectEventsInOrder();

  // It was no idle run.
  EXPECT_GT(sum.limited, 0);
  EXPECT_GT(end.totals.opened, 0);
  const Policy& policy = GetParam().policies.front();
  if (policy.adaptive_recovery) {
    EXPECT_GT(Told(EventKind::kSlowStartBegan), 0);
    EXPECT_GT(Told(EventKind::kProbeFailed), 0);
  }
  if (policy.health_probe) {
    EXPECT_GT(sum.asked, 0);
  }
  if (policy.shadow_policy) {
    EXPECT_GT(Told(EventKind::kShadowOpened), 0);
  }

  ExpectRecovers();
}

INSTANTIATE_TEST_SUITE_P(Policies, AdaptiveAtOnce, ::testing::ValuesIn(Cases()),
                         [](const auto& parameter) { return parameter.param.name; });

// Beside a policy that is equal, both are one, on forty threads too.
TEST(AdaptiveConcurrency, R23_AnEqualCandidateIsOneWithThePolicy) {
  World world;
  const Case rules{"", {Beside(SteadyAdaptive(), SteadyAdaptive())}, false};
  const auto breaker = MakeCircuit(rules.policies.front(), world.clock);
  RunThreads(kManyThreads, [&](int thread) { Worker(*breaker, world, rules, thread).Run(2'000); });
  const CircuitSnapshot end = breaker->Snapshot();
  EXPECT_EQ(end.shadow->would_reject, 0);
  EXPECT_EQ(end.shadow->would_admit, 0);
  EXPECT_EQ(end.shadow->would_open, end.totals.opened);
  EXPECT_EQ(end.shadow->state, end.state);
  EXPECT_GT(end.totals.opened, 0);
}

}  // namespace
}  // namespace fusebox
