// SPDX-License-Identifier: Apache-2.0
//
// The loops in which breakers are measured: the same for Fusebox and for whatever is compared with
// it. A `Breaker` here is a handle, which is movable and has
//
//   bool Call(bool fails);  // asks for one call, which ends at once; whether it was admitted
//
// `make` makes one. All threads of a benchmark call the same circuit, as in a client.
#ifndef FUSEBOX_BENCHMARKS_BREAKER_LOOPS_H_
#define FUSEBOX_BENCHMARKS_BREAKER_LOOPS_H_

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace fusebox_benchmarks {

// A handle of something that can't be moved, for which there is a function `CallOnce(T&, bool)`.
template <typename T>
class Handle {
 public:
  template <typename... Args>
  explicit Handle(std::in_place_t /*tag*/, Args&&... args)
      : breaker_(std::make_unique<T>(std::forward<Args>(args)...)) {}

  bool Call(bool fails) { return CallOnce(*breaker_, fails); }

 private:
  std::unique_ptr<T> breaker_;
};

// Permitted calls, of which one in `every` fails; 0: none.
template <typename Make>
void MeasurePermitted(benchmark::State& state, const Make& make, int every) {
  static std::optional<decltype(make())> breaker;
  if (state.thread_index() == 0) breaker.emplace(make());
  int until_failure = every;
  bool rejected = false;
  for (auto _ : state) {
    const bool fails = every != 0 && --until_failure == 0;
    if (fails) until_failure = every;
    rejected |= !breaker->Call(fails);
  }
  if (rejected) state.SkipWithError("a call was rejected");
}

// Calls of a circuit that rejects most of them, or all.
template <typename Make>
void MeasureRejected(benchmark::State& state, const Make& make) {
  static std::optional<decltype(make())> breaker;
  if (state.thread_index() == 0) breaker.emplace(make());
  int64_t rejected = 0;
  for (auto _ : state) rejected += breaker->Call(false) ? 0 : 1;
  // A few are too few to tell by.
  if (state.iterations() > 1'000 && rejected * 2 < state.iterations()) {
    state.SkipWithError("calls were admitted");
  }
}

// Numbers below `bound`, which must be below 2^32, without a pattern that a processor can learn.
class RandomBelow {
 public:
  explicit RandomBelow(std::size_t bound) : bound_(bound) {}

  std::size_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(((state_ >> 32) * bound_) >> 32);
  }

 private:
  const uint64_t bound_;
  uint64_t state_ = 0x9E3779B97F4A7C15;
};

// A permitted success on one of that many circuits, at random: more than the caches hold. All have
// been called before. For one thread.
template <typename Make>
void MeasureOneOfMany(benchmark::State& state, const Make& make, std::size_t circuits) {
  static std::vector<decltype(make())> breakers;
  if (breakers.size() != circuits) {
    breakers.clear();
    breakers.reserve(circuits);
    for (std::size_t i = 0; i < circuits; ++i) breakers.push_back(make());
    for (auto& breaker : breakers) breaker.Call(false);
  }
  RandomBelow random(circuits);
  bool rejected = false;
  for (auto _ : state) rejected |= !breakers[random.Next()].Call(false);
  if (rejected) state.SkipWithError("a call was rejected");
}

// Making a circuit, of a thousand; not the end of them. `start` comes before each thousand, off the
// clock, and `make(i)` makes the i-th of them. For one thread, with `UseManualTime`.
template <typename Start, typename Make>
void MeasureCreation(benchmark::State& state, const Start& start, const Make& make) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kBatch = 1'000;
  std::vector<decltype(make(0))> made;
  made.reserve(kBatch);
  while (state.KeepRunningBatch(kBatch)) {
    start();
    const Clock::time_point before = Clock::now();
    for (std::size_t i = 0; i < kBatch; ++i) made.push_back(make(i));
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - before).count());
    made.clear();
  }
}

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_BREAKER_LOOPS_H_
