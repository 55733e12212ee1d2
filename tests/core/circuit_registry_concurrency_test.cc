// SPDX-License-Identifier: Apache-2.0
//
// One registry and many threads. Worth most under ThreadSanitizer.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"
#include "tests/core/threads.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::kThreads;
using fusebox_testing::RunThreads;
using fusebox_testing::SmallPolicy;

CircuitRegistry::Options OptionsOn(const FakeClock& clock) {
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.seed = 1;
  return options;
}

TEST(CircuitRegistryConcurrency, P3_AllWhoAskForANameGetTheOneCircuit) {
  constexpr int kNames = 200;
  FakeClock clock;
  CircuitRegistry registry(OptionsOn(clock));
  std::array<std::vector<std::shared_ptr<CircuitBreaker>>, kThreads> got;
  RunThreads([&](int thread) {
    for (int i = 0; i < kNames; ++i) {
      got[static_cast<std::size_t>(thread)].push_back(
          *registry.GetOrCreate("circuit " + std::to_string(i), SmallPolicy()));
    }
  });
  for (const auto& breakers : got) EXPECT_EQ(breakers, got[0]);
  EXPECT_EQ(std::set<std::shared_ptr<CircuitBreaker>>(got[0].begin(), got[0].end()).size(),
            static_cast<std::size_t>(kNames));
  EXPECT_EQ(registry.List().size(), static_cast<std::size_t>(kNames));
}

// One call of a circuit, which is taken out in the midst of it if `remove`.
bool CallIsSound(CircuitRegistry& registry, const std::string& name, bool remove) {
  const auto breaker = *registry.GetOrCreate(name, SmallPolicy());
  Admission admission = breaker->TryAcquire();
  if (remove) (void)registry.Remove(name);
  admission.permit().RecordFailure();
  return breaker->name() == name;
}

bool FindIsSound(const CircuitRegistry& registry, const std::string& name) {
  const auto breaker = registry.Find(name);
  return breaker == nullptr || breaker->name() == name;
}

bool ListIsSound(const CircuitRegistry& registry) {
  const std::vector<CircuitSnapshot> all = registry.List();
  return std::is_sorted(
      all.begin(), all.end(),
      [](const CircuitSnapshot& a, const CircuitSnapshot& b) { return a.name < b.name; });
}

// Any operation on any of a few names; false if its answer can't be right.
bool AnyOperation(CircuitRegistry& registry, std::minstd_rand& random) {
  const auto draw = [&](uint32_t n) { return static_cast<uint32_t>(random() >> 8U) % n; };
  const std::string name = "circuit " + std::to_string(draw(6));
  const uint32_t action = draw(100);
  if (action < 60) return CallIsSound(registry, name, draw(2) == 0);
  if (action < 80) return FindIsSound(registry, name);
  if (action < 90) return ListIsSound(registry);
  if (action < 95) return registry.ResetAll(Operator("thread").Because("a drill")) <= 6;
  (void)registry.Remove(name);
  return true;
}

TEST(CircuitRegistryConcurrency, EveryOperationAtOnce) {
  constexpr int kOperations = 2'000;
  FakeClock clock;
  CircuitRegistry registry(OptionsOn(clock));
  std::array<int, kThreads> wrong{};
  RunThreads([&](int thread) {
    std::minstd_rand random(static_cast<uint32_t>(thread + 1));
    for (int i = 0; i < kOperations; ++i) {
      wrong[static_cast<std::size_t>(thread)] += AnyOperation(registry, random) ? 0 : 1;
    }
  });
  for (const int mistakes : wrong) EXPECT_EQ(mistakes, 0);
  for (const CircuitSnapshot& circuit : registry.List()) {
    EXPECT_EQ(circuit.in_flight, 0) << circuit.name;
    EXPECT_TRUE(registry.Remove(circuit.name).ok());
  }
  EXPECT_TRUE(registry.List().empty());
}

// Beside threads whose new keys push circuits out, an operator's word either holds the circuit, or
// comes too late, and who asks is told so.
TEST(CircuitRegistryConcurrency, P4_AnOperatorsWordHoldsACircuitOrFindsItGone) {
  constexpr int kRounds = 3'000;
  FakeClock clock;
  CircuitRegistry::Options options = OptionsOn(clock);
  options.max_circuits = kThreads + 2;
  CircuitRegistry registry(options);
  Policy other = SmallPolicy();
  other.consecutive_failures = 1;
  std::array<int, kThreads> lost{};
  RunThreads([&](int thread) {
    int& mine = lost[static_cast<std::size_t>(thread)];
    const std::string name = "held " + std::to_string(thread);
    for (int i = 0; i < kRounds; ++i) {
      const std::string key = "key " + std::to_string(thread) + " " + std::to_string(i);
      (void)registry.GetOrCreate(key, SmallPolicy());
      const auto circuit = registry.GetOrCreate(name, SmallPolicy());
      if (!circuit.ok()) continue;
      if (!(*circuit)->ForceOpen(Operator("oncall").Because("a drill")).ok()) ++mine;
      if ((*circuit)->removed()) continue;
      if (registry.Find(name) != *circuit) ++mine;
      (*circuit)->Automate(Operator("oncall").Because("a drill"));
      if (!(*circuit)->SetPolicy(other, Operator("oncall").Because("a drill")).ok()) ++mine;
      if ((*circuit)->removed()) continue;
      const auto again = registry.GetOrCreate(name, SmallPolicy());
      if (again.ok() && (*again)->Snapshot().policy != other) ++mine;
      (void)registry.Remove(name);
    }
  });
  for (const int words : lost) EXPECT_EQ(words, 0);
}

}  // namespace
}  // namespace fusebox
