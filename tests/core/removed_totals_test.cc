// SPDX-License-Identifier: Apache-2.0
//
// What is left of the circuits that a registry holds no more.
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/circuit_registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/target_sums.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of circuits that there are and that there were.
Totals SumOf(const CircuitRegistry& registry, const std::string& target) {
  Totals sum;
  for (const CircuitSnapshot& circuit : registry.List()) {
    if (circuit.target == target) sum += circuit.totals;
  }
  for (const TargetTotals& removed : registry.RemovedTotals()) {
    if (removed.target == target) sum += removed.totals;
  }
  return sum;
}

TEST(RemovedTotals, P4_AnEvictionTakesNothingFromTheSumsOfItsTarget) {
  CircuitRegistry::Options options;
  options.max_circuits = 10;
  CircuitRegistry registry(std::move(options));
  EXPECT_THAT(registry.RemovedTotals(), IsEmpty());
  for (int i = 1; i <= 100; ++i) {
    const std::string target = i % 2 == 0 ? "even" : "odd";
    const auto circuit =
        registry.GetOrCreate(absl::StrCat(target, "/", i), fusebox_testing::SmallPolicy(), target)
            .value();
    circuit->TryAcquire().permit().RecordSuccess();
    Outcome failure = Outcome::Failure();
    failure.code = 14;
    circuit->TryAcquire().permit().Record(failure);
    EXPECT_EQ(SumOf(registry, target).success, (i + 1) / 2);
    EXPECT_EQ(SumOf(registry, target).failure, (i + 1) / 2);
    EXPECT_EQ(SumOf(registry, target).failures_by_code[14], (i + 1) / 2);
  }
  EXPECT_EQ(registry.size(), 10U);
  EXPECT_THAT(registry.RemovedTotals(), SizeIs(2));
}

TEST(RemovedTotals, AnOperatorsRemovalDoesNeither) {
  CircuitRegistry registry;
  const auto circuit =
      registry.GetOrCreate("inventory/a", fusebox_testing::SmallPolicy(), "inventory").value();
  for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
  EXPECT_FALSE(circuit->TryAcquire().admitted());
  ASSERT_TRUE(registry.Remove("inventory/a").ok());
  const Totals sum = SumOf(registry, "inventory");
  EXPECT_EQ(sum.failure, 3);
  EXPECT_EQ(sum.rejected, 1);
  EXPECT_EQ(sum.opened, 1);
  EXPECT_EQ(sum.Transitions(State::kClosed, State::kOpen), 1);
}

TEST(RemovedTotals, TargetsAreBoundedAndTheRestIsAddedUp) {
  TargetSums removed;
  Totals one;
  one.success = 1;
  constexpr int kMore = 50;
  for (std::size_t i = 0; i < TargetSums::kMaxTargets + kMore; ++i) {
    removed.Add(absl::StrCat("target", i), one);
  }
  removed.Add("target0", one);
  EXPECT_THAT(removed.ByTarget(), SizeIs(TargetSums::kMaxTargets + 1));
  EXPECT_EQ(removed.ByTarget().front().target, "");
  EXPECT_EQ(removed.ByTarget().front().totals.success, kMore);
  EXPECT_EQ(removed.ByTarget()[1].totals.success, 2);
}

}  // namespace
}  // namespace fusebox::internal
