// SPDX-License-Identifier: Apache-2.0
//
// What it takes to move many circuits to other overrides, and how long a call waits meanwhile.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"

namespace {

using Circuits = std::vector<std::shared_ptr<fusebox::CircuitBreaker>>;

fusebox::PolicyOverrides OpensFor(absl::Duration duration) {
  fusebox::PolicyOverrides overrides;
  fusebox::DependencyOverrides& all = overrides.dependencies.emplace_back();
  all.dependency = "*";
  all.default_policy.values.open_duration = duration;
  all.default_policy.fields = {{"open_duration", "benchmark.yaml:1"}};
  return overrides;
}

std::unique_ptr<fusebox::CircuitRegistry> MakeRegistry(int64_t circuits, Circuits& all) {
  fusebox::CircuitRegistry::Options options;
  options.max_circuits = 0;
  auto registry = std::make_unique<fusebox::CircuitRegistry>(options);
  for (int64_t i = 0; i < circuits; ++i) {
    const std::string name = absl::StrCat("inventory/shop.Inventory", i % 50, "/Method", i);
    all.push_back(*registry->GetOrCreate(name, fusebox::Policy::InternalApi(), "inventory"));
  }
  return registry;
}

// Makes calls of all circuits one after the other, and keeps the longest one.
class Caller {
 public:
  explicit Caller(const Circuits& circuits)
      : thread_([this, &circuits] {
          for (std::size_t i = 0; !stop_; i = (i + 1) % circuits.size()) Call(*circuits[i]);
        }) {}
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { Stop(); }

  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  double longest_micros() const { return static_cast<double>(longest_) / 1e3; }

 private:
  void Call(fusebox::CircuitBreaker& circuit) {
    const auto start = std::chrono::steady_clock::now();
    fusebox::Admission admission = circuit.TryAcquire();
    if (admission.admitted()) admission.permit().RecordSuccess();
    const auto took = std::chrono::steady_clock::now() - start;
    longest_ = std::max<int64_t>(
        longest_, std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  }

  std::atomic<bool> stop_{false};
  int64_t longest_ = 0;
  std::thread thread_;
};

// Every circuit gets another policy.
void BM_MoveToOtherOverrides(benchmark::State& state) {
  Circuits circuits;
  const auto registry = MakeRegistry(state.range(0), circuits);
  const fusebox::PolicyOverrides a = OpensFor(absl::Seconds(5));
  const fusebox::PolicyOverrides b = OpensFor(absl::Seconds(6));
  bool even = false;
  Caller caller(circuits);
  for (auto _ : state) {
    even = !even;
    const auto result = registry->SetOverrides(even ? a : b, fusebox::Operator("benchmark"));
    if (!result.ok() || result->differences.size() != circuits.size()) {
      state.SkipWithError("not every circuit has moved");
    }
  }
  caller.Stop();
  state.counters["longest_call_us"] = caller.longest_micros();
}
BENCHMARK(BM_MoveToOtherOverrides)
    ->Arg(100)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// None does.
void BM_SetTheSameOverrides(benchmark::State& state) {
  Circuits circuits;
  const auto registry = MakeRegistry(state.range(0), circuits);
  const fusebox::PolicyOverrides overrides = OpensFor(absl::Seconds(5));
  static_cast<void>(registry->SetOverrides(overrides, fusebox::Operator("benchmark")));
  for (auto _ : state) {
    const auto result = registry->SetOverrides(overrides, fusebox::Operator("benchmark"));
    if (!result.ok() || !result->differences.empty()) state.SkipWithError("a circuit has moved");
  }
}
BENCHMARK(BM_SetTheSameOverrides)->Arg(10'000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
