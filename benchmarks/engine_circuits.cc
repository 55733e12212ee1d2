// SPDX-License-Identifier: Apache-2.0
//
// Finding a circuit, making one, calling one of many, and listing them.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/breaker_loops.h"
#include "benchmarks/fusebox_circuit.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/interceptor_options.h"
#include "fusebox/policy.h"
#include "interceptors/circuit_finder.h"
#include "interceptors/method_settings.h"

namespace {

using fusebox_benchmarks::FuseboxCircuit;
using fusebox_benchmarks::MeasureCreation;
using fusebox_benchmarks::MeasureOneOfMany;
using fusebox_benchmarks::WithCountWindow;

// ---- From a call to its circuit, as an interceptor finds it.

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

// The order in which a thousand are looked up: no one's next is its neighbour.
std::size_t NextOf1000(std::size_t i) { return (i + 379) % 1'000; }

void FloorHashMapFind(benchmark::State& state) {
  static const auto* const kCircuits = [] {
    auto* made = new absl::flat_hash_map<std::string, const std::string*>;
    for (const std::string& method : Methods()) made->emplace(method, &method);
    return made;
  }();
  std::size_t method = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(kCircuits->find(absl::string_view(Methods()[method]))->second);
    method = NextOf1000(method);
  }
}

std::shared_ptr<fusebox::CircuitRegistry> MakeRegistry() {
  fusebox::CircuitRegistry::Options options;
  options.max_circuits = 0;
  return std::make_shared<fusebox::CircuitRegistry>(options);
}

// From a method's name to its circuit.
void LookUp(benchmark::State& state) {
  static auto* const kFinder = new fusebox::internal::CircuitFinder(
      "inventory", MakeRegistry(), fusebox::internal::MethodTable({}, {}, {}, {}),
      fusebox::CircuitScope::kPerMethod, nullptr);
  std::size_t method = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        kFinder->FindCircuit(*kFinder->FindMethod(Methods()[method]), nullptr).breaker);
    method = NextOf1000(method);
  }
}

// A channel that has been called with ten thousand keys, in their order, and what those calls sent.
struct KeyedChannel {
  KeyedChannel()
      : finder("inventory", MakeRegistry(), fusebox::internal::MethodTable({}, {}, {}, {}),
               fusebox::CircuitScope::kPerMethod,
               [](const fusebox::CallInfo& call) { return call.metadata.find("tenant")->second; }),
        method(*finder.FindMethod(Methods()[0])) {
    for (int i = 0; i < 10'000; ++i) {
      calls.push_back({{"tenant", absl::StrCat("tenant-", i)}});
      benchmark::DoNotOptimize(finder.FindCircuit(method, &calls.back()).breaker);
    }
  }

  fusebox::internal::CircuitFinder finder;
  fusebox::internal::ProtectedMethod method;
  std::vector<fusebox::CallInfo::Metadata> calls;
};

// From the key in a call's metadata to its circuit: of a thousand keys, from that one on.
void LookUpKey(benchmark::State& state, std::size_t from) {
  static auto* const kChannel = new KeyedChannel;
  std::size_t key = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        kChannel->finder.FindCircuit(kChannel->method, &kChannel->calls[from + key]).breaker);
    key = NextOf1000(key);
  }
}

// ---- Many circuits.

void OneOfMany(benchmark::State& state) {
  MeasureOneOfMany(
      state, [] { return FuseboxCircuit(WithCountWindow()); },
      static_cast<std::size_t>(state.range(0)));
}

void Create(benchmark::State& state) {
  const fusebox::Policy policy = WithCountWindow();
  MeasureCreation(
      state, [] {}, [&](std::size_t /*i*/) { return FuseboxCircuit(policy); });
}

// Each thousand is the first of a registry.
void CreateInRegistry(benchmark::State& state) {
  const fusebox::Policy policy = WithCountWindow();
  std::shared_ptr<fusebox::CircuitRegistry> registry;
  MeasureCreation(
      state, [&] { registry = MakeRegistry(); },
      [&](std::size_t i) { return FuseboxCircuit(*registry->GetOrCreate(Methods()[i], policy)); });
}

// `List`, and the end of what it returns, of circuits that have been called.
void List(benchmark::State& state) {
  static auto* const kRegistry =
      new std::shared_ptr<fusebox::CircuitRegistry>([count = state.range(0)] {
        auto registry = MakeRegistry();
        for (int64_t i = 0; i < count; ++i) {
          FuseboxCircuit(
              *registry->GetOrCreate(absl::StrCat("inventory/tenant-", i), WithCountWindow()))
              .Call(false);
        }
        return registry;
      }());
  for (auto _ : state) {
    std::size_t circuits = (*kRegistry)->List().size();
    benchmark::DoNotOptimize(circuits);
  }
}

BENCHMARK(FloorHashMapFind)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(LookUp)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK_CAPTURE(LookUpKey, first_1000_of_10000, 0)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK_CAPTURE(LookUpKey, last_1000_of_10000, 9'000)->UseRealTime()->ThreadRange(1, 8);
BENCHMARK(OneOfMany)->UseRealTime()->Arg(10'000)->Arg(100'000);
BENCHMARK(Create)->UseManualTime();
BENCHMARK(CreateInRegistry)->UseManualTime();
BENCHMARK(List)->UseRealTime()->Arg(100'000);

}  // namespace
