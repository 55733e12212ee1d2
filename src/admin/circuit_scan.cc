// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_scan.h"

#include <cstdint>
#include <utility>

#include "src/base/glob.h"

namespace fusebox::internal {
namespace {

// What it takes to get at a circuit, and at what it is in.
constexpr int64_t kStepsForCircuit = 50;
constexpr int64_t kStepsForSnapshot = 1'000;

}  // namespace

std::optional<CircuitScan::Match> CircuitScan::NextMatch(const CircuitFilter& filter,
                                                         WorkBudget& budget) {
  while (!budget.spent()) {
    std::shared_ptr<CircuitBreaker> circuit = Next();
    if (circuit == nullptr) return std::nullopt;
    position_ = circuit->name();
    budget.Spend(kStepsForCircuit + filter.StepsForName(position_.size()));
    if (!filter.MatchesName(circuit->name(), circuit->target())) continue;
    if (!filter.MatchesState(circuit->state())) continue;  // which is far cheaper
    CircuitSnapshot snapshot = circuit->Snapshot();
    if (!filter.MatchesState(snapshot.state, snapshot.mode)) {
      budget.Spend(kStepsForSnapshot);
      continue;
    }
    return Match{std::move(circuit), std::move(snapshot)};
  }
  return std::nullopt;
}

int64_t CountFitting(const CircuitRegistry& registry, const std::string& pattern,
                     WorkBudget& budget) {
  if (IsPlainName(pattern)) {
    budget.Spend(kStepsForCircuit);
    return registry.Find(pattern) == nullptr ? 0 : 1;
  }
  const std::string glob = ShortestGlob(pattern);
  const int64_t weight = WeightOfGlob(glob);
  int64_t count = 0;
  CircuitCursor circuits(registry);
  while (const std::shared_ptr<CircuitBreaker> circuit = circuits.Next()) {
    budget.Spend(kStepsForCircuit + StepsForGlobs(weight, circuit->name().size()));
    if (GlobMatches(glob, circuit->name())) ++count;
  }
  return count;
}

}  // namespace fusebox::internal
