// SPDX-License-Identifier: Apache-2.0
//
// What the breaker costs a call, beside floors that are measured in the same run: read the ratios,
// not the nanoseconds. `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true` gives
// medians; `scripts/bench` does that and prints the ratios.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "interceptors/circuit_finder.h"
#include "interceptors/method_settings.h"
#include "src/core/window/count_window.h"

namespace {

// ---- Floors.

void FloorAtomicAdd(benchmark::State& state) {
  static std::atomic<int64_t> counter{0};
  for (auto _ : state) counter.fetch_add(1);
}

void FloorClockRead(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(fusebox::Clock::Real().Now());
}

void FloorMutexTwice(benchmark::State& state) {
  static std::mutex mutex;
  static int64_t counter = 0;
  for (auto _ : state) {
    for (int i = 0; i < 2; ++i) {
      const std::lock_guard<std::mutex> lock(mutex);
      benchmark::DoNotOptimize(++counter);
    }
  }
}

// Full method names, as many as a large client's.
const std::vector<std::string>& Methods() {
  static const auto* const kMethods = [] {
    auto* made = new std::vector<std::string>;
    for (int i = 0; i < 1000; ++i) {
      made->push_back(
          absl::StrCat("/shop.inventory.v1.Inventory", i / 20, "/ReserveItems", i % 20));
    }
    return made;
  }();
  return *kMethods;
}

// The order in which methods are looked up: no one's next is its neighbour.
std::size_t NextMethod(std::size_t method) { return (method + 379) % Methods().size(); }

void FloorHashMapFind(benchmark::State& state) {
  static const auto* const kCircuits = [] {
    auto* made = new absl::flat_hash_map<std::string, const std::string*>;
    for (const std::string& method : Methods()) made->emplace(method, &method);
    return made;
  }();
  std::size_t method = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(kCircuits->find(absl::string_view(Methods()[method]))->second);
    method = NextMethod(method);
  }
}

// ---- Policies.

fusebox::Policy ConsecutiveOnly() { return fusebox::Policy::Fixed(); }

fusebox::Policy WithCountWindow() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.failure_rate = 0.5;
  policy.window = fusebox::CountWindow{100};
  return policy;
}

fusebox::Policy WithTimeWindow() {
  fusebox::Policy policy = WithCountWindow();
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  return policy;
}

fusebox::Policy WithSlowCalls() {
  fusebox::Policy policy = WithCountWindow();
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  return policy;
}

// A policy that the failures of a benchmark never open.
fusebox::Policy Unopened(fusebox::Policy policy) {
  if (policy.failure_rate) {
    policy.consecutive_failures.reset();
    policy.failure_rate = 0.99;
  }
  return policy;
}

fusebox::Policy WithMaxInFlight() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.max_in_flight = 1'000;
  return policy;
}

fusebox::Policy WithHungCalls() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.hung_calls = fusebox::HungCalls{100, absl::Seconds(10)};
  return policy;
}

// ---- The breaker. One circuit for all threads, as in a client.

std::shared_ptr<fusebox::CircuitBreaker> Make(const fusebox::Policy& policy) {
  return *fusebox::CircuitBreaker::Create("benchmark", policy);
}

void Permitted(benchmark::State& state, const fusebox::Policy& policy) {
  static std::shared_ptr<fusebox::CircuitBreaker> breaker;
  if (state.thread_index() == 0) breaker = Make(policy);
  for (auto _ : state) {
    fusebox::Admission admission = breaker->TryAcquire();
    admission.permit().RecordSuccess();
  }
}

// One call in `every` fails: what a window costs that isn't all successes.
void PermittedWithFailures(benchmark::State& state, const fusebox::Policy& policy, int every) {
  static std::shared_ptr<fusebox::CircuitBreaker> breaker;
  if (state.thread_index() == 0) breaker = Make(policy);
  int calls = 0;
  for (auto _ : state) {
    fusebox::Admission admission = breaker->TryAcquire();
    if (++calls % every == 0) {
      admission.permit().RecordFailure();
    } else {
      admission.permit().RecordSuccess();
    }
  }
}

void Rejected(benchmark::State& state) {
  static std::shared_ptr<fusebox::CircuitBreaker> breaker;
  if (state.thread_index() == 0) {
    fusebox::Policy policy;
    policy.consecutive_failures = 1;
    policy.open_duration = absl::Hours(1);
    policy.max_open_duration = absl::Hours(1);
    breaker = Make(policy);
    breaker->TryAcquire().permit().RecordFailure();
  }
  for (auto _ : state) {
    fusebox::Admission admission = breaker->TryAcquire();
    benchmark::DoNotOptimize(admission.admitted());
  }
}

// HALF_OPEN, and all its probes are out.
void RejectedHalfOpen(benchmark::State& state) {
  static std::shared_ptr<fusebox::CircuitBreaker> breaker;
  static fusebox::Permit probe;
  if (state.thread_index() == 0) {
    fusebox::Policy policy;
    policy.consecutive_failures = 1;
    policy.open_duration = absl::Milliseconds(1);
    policy.half_open.max_concurrent = 1;
    policy.half_open.probe_timeout = absl::Hours(1);
    breaker = Make(policy);
    breaker->TryAcquire().permit().RecordFailure();
    do {
      probe = breaker->TryAcquire().permit();
    } while (!probe);
  }
  for (auto _ : state) {
    fusebox::Admission admission = breaker->TryAcquire();
    benchmark::DoNotOptimize(admission.admitted());
  }
  if (state.thread_index() == 0) probe = fusebox::Permit();
}

// What a thread's successes cost under the lock when the window is told of all of them at once; in
// a window full of failed and slow calls, which is the worst.
void ManySuccesses(benchmark::State& state) {
  constexpr int64_t kSize = 1'000'000;
  fusebox::internal::CountWindowRing full(fusebox::CountWindow{kSize});
  for (int64_t i = 0; i < kSize; ++i) full.Add({true, true}, fusebox::SteadyTime());
  for (auto _ : state) {
    state.PauseTiming();
    fusebox::internal::CountWindowRing window = full;
    state.ResumeTiming();
    window.AddSuccesses(state.range(0), 0, fusebox::SteadyTime());
    benchmark::DoNotOptimize(window.Counts(fusebox::SteadyTime()));
  }
}

// From a method's name to its circuit, as an interceptor finds it for each call.
void LookUp(benchmark::State& state) {
  static auto* const kFinder = new fusebox::internal::CircuitFinder(
      "inventory", std::make_shared<fusebox::CircuitRegistry>(),
      fusebox::internal::MethodTable({}, {}, {}, {}), fusebox::CircuitScope::kPerMethod, nullptr);
  std::size_t method = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        kFinder->FindCircuit(*kFinder->FindMethod(Methods()[method]), nullptr).breaker);
    method = NextMethod(method);
  }
}

#define FUSEBOX_BENCHMARK(...) BENCHMARK_CAPTURE(__VA_ARGS__)->UseRealTime()->ThreadRange(1, 4)

BENCHMARK(FloorAtomicAdd)->UseRealTime()->ThreadRange(1, 4);
BENCHMARK(FloorClockRead)->UseRealTime()->ThreadRange(1, 4);
BENCHMARK(FloorMutexTwice)->UseRealTime()->ThreadRange(1, 4);
BENCHMARK(FloorHashMapFind)->UseRealTime()->ThreadRange(1, 4);
FUSEBOX_BENCHMARK(Permitted, default_policy, fusebox::Policy());
FUSEBOX_BENCHMARK(Permitted, consecutive, ConsecutiveOnly());
FUSEBOX_BENCHMARK(Permitted, count_window, WithCountWindow());
FUSEBOX_BENCHMARK(Permitted, time_window, WithTimeWindow());
FUSEBOX_BENCHMARK(Permitted, slow_calls, WithSlowCalls());
#define FUSEBOX_WITH_FAILURES(name, ...)                                                 \
  FUSEBOX_BENCHMARK(PermittedWithFailures, name##_1_of_100, Unopened(__VA_ARGS__), 100); \
  FUSEBOX_BENCHMARK(PermittedWithFailures, name##_1_of_10, Unopened(__VA_ARGS__), 10);   \
  FUSEBOX_BENCHMARK(PermittedWithFailures, name##_1_of_2, Unopened(__VA_ARGS__), 2)
FUSEBOX_WITH_FAILURES(default_policy, fusebox::Policy());
FUSEBOX_WITH_FAILURES(count_window, WithCountWindow());
FUSEBOX_WITH_FAILURES(time_window, WithTimeWindow());
FUSEBOX_BENCHMARK(Permitted, max_in_flight, WithMaxInFlight());
FUSEBOX_BENCHMARK(Permitted, hung_calls, WithHungCalls());
BENCHMARK(RejectedHalfOpen)->UseRealTime()->ThreadRange(1, 4);
BENCHMARK(Rejected)->UseRealTime()->ThreadRange(1, 4);
BENCHMARK(ManySuccesses)->Arg(100'000)->Arg(999'999);
BENCHMARK(LookUp)->UseRealTime()->ThreadRange(1, 4);

}  // namespace

BENCHMARK_MAIN();
