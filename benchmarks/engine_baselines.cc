// SPDX-License-Identifier: Apache-2.0
//
// Floors, and the baselines of baselines.h in the loops in which the breaker is measured.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "benchmarks/baselines.h"
#include "benchmarks/breaker_loops.h"
#include "fusebox/clock.h"

namespace fusebox_benchmarks {

template <typename Window>
bool CallOnce(BasicMutexBreaker<Window>& breaker, bool fails) {
  const auto epoch = breaker.TryAcquire();
  if (!epoch) return false;
  breaker.Record(*epoch, fails);
  return true;
}

// It admits all.
bool CallOnce(Recorder& recorder, bool fails) {
  recorder.Record(fails);
  return true;
}

namespace {

// ---- Floors.

void FloorAtomicAdd(benchmark::State& state) {
  static std::atomic<int64_t> counter{0};
  for (auto _ : state) counter.fetch_add(1);
}

void FloorClockRead(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(fusebox::Clock::Real().Now());
}

void FloorCoarseClockRead(benchmark::State& state) {
  timespec time{};
  for (auto _ : state) {
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    benchmark::DoNotOptimize(time.tv_nsec);
  }
}

void LockAndUnlock(benchmark::State& state, int times) {
  static std::mutex mutex;
  static int64_t counter = 0;
  for (auto _ : state) {
    for (int i = 0; i < times; ++i) {
      const std::lock_guard<std::mutex> lock(mutex);
      benchmark::DoNotOptimize(++counter);
    }
  }
}
void FloorMutex(benchmark::State& state) { LockAndUnlock(state, 1); }
void FloorMutexTwice(benchmark::State& state) { LockAndUnlock(state, 2); }

// As many cache lines as this memory has, each of which says which one is next: one circle through
// all of them, in an order that can't be foreseen.
class Circle {
 public:
  explicit Circle(int64_t bytes) : lines_(static_cast<std::size_t>(bytes) / sizeof(Line)) {
    std::vector<std::size_t> order(lines_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::minstd_rand(1));
    for (std::size_t i = 0; i < order.size(); ++i) {
      lines_[order[i]].next = &lines_[order[(i + 1) % order.size()]];
    }
  }

  struct alignas(64) Line {
    const Line* next = nullptr;
  };
  const Line* first() const { return lines_.data(); }

 private:
  std::vector<Line> lines_;
};

void FloorCacheMiss(benchmark::State& state) {
  static auto* const kCircles = new std::map<int64_t, Circle>;  // by MiB, kept, as they take long
  const auto made = kCircles->try_emplace(state.range(0), state.range(0) << 20).first;
  const Circle::Line* line = made->second.first();
  for (auto _ : state) {
    line = line->next;
    benchmark::DoNotOptimize(line);
  }
}

// ---- Baselines.

MutexBreakerOptions NeverOpen() {
  MutexBreakerOptions options;
  options.failure_rate = 0.99;
  return options;
}

MutexBreakerOptions WithMaxInFlight() {
  MutexBreakerOptions options = NeverOpen();
  options.max_in_flight = 1'000;
  return options;
}

MutexBreakerOptions OpenFor(std::chrono::nanoseconds duration) {
  MutexBreakerOptions options;
  options.minimum_calls = 1;
  options.open_duration = duration;
  options.probes = 1;
  return options;
}

void PermittedByMutex(benchmark::State& state, int every, const MutexBreakerOptions& options) {
  MeasurePermitted(
      state, [&] { return Handle<MutexBreaker>(std::in_place, options); }, every);
}

void PermittedByTime(benchmark::State& state, int every, const MutexBreakerOptions& options) {
  MeasurePermitted(
      state, [&] { return Handle<MutexTimeBreaker>(std::in_place, options); }, every);
}

void Recorded(benchmark::State& state, int every, std::nullopt_t /*options*/) {
  MeasurePermitted(
      state, [] { return Handle<Recorder>(std::in_place); }, every);
}

void Rejected(benchmark::State& state) {
  MeasureRejected(state, [] {
    Handle<MutexBreaker> breaker(std::in_place, OpenFor(std::chrono::hours(1)));
    breaker.Call(true);
    return breaker;
  });
}

// A breaker of which the one probe is out.
class HalfOpenBreaker {
 public:
  HalfOpenBreaker()
      : breaker_(std::make_unique<MutexBreaker>(OpenFor(std::chrono::nanoseconds(1)))) {
    CallOnce(*breaker_, true);
    while (!breaker_->TryAcquire()) {
    }
  }
  bool Call(bool fails) { return CallOnce(*breaker_, fails); }

 private:
  std::unique_ptr<MutexBreaker> breaker_;
};

void RejectedHalfOpen(benchmark::State& state) {
  MeasureRejected(state, [] { return HalfOpenBreaker(); });
}

template <typename Baseline>
void OneOfMany(benchmark::State& state) {
  MeasureOneOfMany(
      state, [] { return Handle<Baseline>(std::in_place); },
      static_cast<std::size_t>(state.range(0)));
}

template <typename Baseline>
void Create(benchmark::State& state) {
  MeasureCreation(
      state, [] {}, [](std::size_t /*i*/) { return Handle<Baseline>(std::in_place); });
}

BENCHMARK(FloorAtomicAdd)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(FloorClockRead)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(FloorCoarseClockRead)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(FloorMutex)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(FloorMutexTwice)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(FloorCacheMiss)->UseRealTime()->Arg(1)->Arg(13)->Arg(130);

// Under names that say what is measured in the column of which baseline.
#define FUSEBOX_THREADED(name, benchmark) benchmark->Name(name)->UseRealTime()->ThreadRange(1, 8)
#define FUSEBOX_PERMITTED(name, function, ...)                                                 \
  FUSEBOX_THREADED(name, BENCHMARK_CAPTURE(function, all, 0, __VA_ARGS__));                    \
  FUSEBOX_THREADED(name "_1_of_100", BENCHMARK_CAPTURE(function, 1_of_100, 100, __VA_ARGS__)); \
  FUSEBOX_THREADED(name "_1_of_10", BENCHMARK_CAPTURE(function, 1_of_10, 10, __VA_ARGS__));    \
  FUSEBOX_THREADED(name "_1_of_2", BENCHMARK_CAPTURE(function, 1_of_2, 2, __VA_ARGS__))
FUSEBOX_PERMITTED("Permitted<MutexBreaker>/count_window", PermittedByMutex, NeverOpen());
FUSEBOX_PERMITTED("Permitted<MutexBreaker>/time_window", PermittedByTime, NeverOpen());
FUSEBOX_PERMITTED("Permitted<Recorder>/count_window", Recorded, std::nullopt);
FUSEBOX_THREADED("Permitted<MutexBreaker>/max_in_flight",
                 BENCHMARK_CAPTURE(PermittedByMutex, max_in_flight, 0, WithMaxInFlight()));
FUSEBOX_THREADED("Rejected<MutexBreaker>", BENCHMARK(Rejected));
FUSEBOX_THREADED("RejectedHalfOpen<MutexBreaker>", BENCHMARK(RejectedHalfOpen));
BENCHMARK(OneOfMany<MutexBreaker>)->UseRealTime()->Arg(10'000)->Arg(100'000);
BENCHMARK(OneOfMany<Recorder>)->UseRealTime()->Arg(10'000)->Arg(100'000);
BENCHMARK(Create<MutexBreaker>)->UseManualTime();
BENCHMARK(Create<Recorder>)->UseManualTime();

}  // namespace
}  // namespace fusebox_benchmarks
