// SPDX-License-Identifier: Apache-2.0
//
// What the breaker costs a call, beside floors and baselines (engine_baselines.cc) that are
// measured in the same run: read the ratios, not the nanoseconds. Finding and making circuits is in
// engine_circuits.cc. `scripts/bench` runs it all, and tools/bench-table makes a table of it.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "benchmarks/benchmark_policies.h"
#include "benchmarks/breaker_loops.h"
#include "benchmarks/fusebox_circuit.h"
#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "src/core/window/count_window.h"

namespace {

using fusebox_benchmarks::ConsecutiveOnly;
using fusebox_benchmarks::FuseboxCircuit;
using fusebox_benchmarks::MakeHalfOpen;
using fusebox_benchmarks::MakeOpen;
using fusebox_benchmarks::MakeRamping;
using fusebox_benchmarks::MeasurePermitted;
using fusebox_benchmarks::MeasureRejected;
using fusebox_benchmarks::Unopened;
using fusebox_benchmarks::WithBothLimits;
using fusebox_benchmarks::WithCountWindow;
using fusebox_benchmarks::WithHungCalls;
using fusebox_benchmarks::WithMaxInFlight;
using fusebox_benchmarks::WithSlowCalls;
using fusebox_benchmarks::WithTimeWindow;

// ---- The breaker. One circuit for all threads, as in a client.

void Permitted(benchmark::State& state, const fusebox::Policy& policy) {
  MeasurePermitted(
      state, [&] { return FuseboxCircuit(policy); }, 0);
}

// One call in `every` fails: what a window costs that isn't all successes.
void PermittedWithFailures(benchmark::State& state, const fusebox::Policy& policy, int every) {
  MeasurePermitted(
      state, [&] { return FuseboxCircuit(policy); }, every);
}

void Rejected(benchmark::State& state) {
  MeasureRejected(state, [] { return MakeOpen(); });
}

// HALF_OPEN, and all its probes are out.
void RejectedHalfOpen(benchmark::State& state) {
  MeasureRejected(state, [] { return MakeHalfOpen(1, 1); });
}

// As many probes as there can be, less one for each thread.
void Probe(benchmark::State& state) {
  MeasurePermitted(
      state, [] { return MakeHalfOpen(1'000, 992); }, 0);
}

// On the ramp, where it admits one call of twenty, which succeeds.
void Ramping(benchmark::State& state) {
  MeasureRejected(state, [] { return MakeRamping(); });
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

#define FUSEBOX_BENCHMARK(...) BENCHMARK_CAPTURE(__VA_ARGS__)->UseRealTime()->ThreadRange(1, 8)

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
FUSEBOX_BENCHMARK(Permitted, both_limits, WithBothLimits());
BENCHMARK(Rejected)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(RejectedHalfOpen)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(Ramping)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(Probe)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(ManySuccesses)->Arg(100'000)->Arg(999'999);

}  // namespace

BENCHMARK_MAIN();
