// SPDX-License-Identifier: Apache-2.0
//
// The values that a snapshot has few of, or shares.
#include "fusebox/boxed.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;

using Text = Boxed<std::string>;
using Counts = BoxedCounts<std::array<int64_t, 3>>;

TEST(Boxed, IsNoneOrAValue) {
  Text text;
  EXPECT_FALSE(text.has_value());
  EXPECT_FALSE(text);
  EXPECT_EQ(text, std::nullopt);
  EXPECT_EQ(text.value_or("none"), "none");
  EXPECT_EQ(std::optional<std::string>(text), std::nullopt);

  text = std::string("here");
  EXPECT_TRUE(text);
  EXPECT_NE(text, std::nullopt);
  EXPECT_EQ(*text, "here");
  EXPECT_EQ(text->size(), 4U);
  EXPECT_EQ(text.value_or("none"), "here");
  EXPECT_EQ(std::optional<std::string>(text), "here");

  text = std::nullopt;
  EXPECT_FALSE(text);
}

TEST(Boxed, IsCopiedWhole) {
  Text text = std::string("here");
  Text copy = text;
  *copy = "there";
  EXPECT_EQ(*text, "here");
  text = copy;
  EXPECT_EQ(*text, "there");
  const Text& same = text;
  text = same;
  EXPECT_EQ(*text, "there");
  const Text moved = std::move(copy);
  EXPECT_EQ(*moved, "there");
}

TEST(Boxed, IsEqualByItsValue) {
  EXPECT_EQ(Text(), Text());
  EXPECT_EQ(Text("a"), Text("a"));
  EXPECT_NE(Text("a"), Text("b"));
  EXPECT_NE(Text("a"), Text());
  EXPECT_NE(Text(), Text("a"));
  EXPECT_EQ(Text("a"), std::string("a"));
  EXPECT_NE(Text(), std::string());
}

TEST(BoxedCounts, AreZeroUntilTheyAreEdited) {
  Counts counts;
  EXPECT_FALSE(counts.was_edited());
  EXPECT_EQ(counts[2], 0);
  EXPECT_EQ(counts.size(), 3U);
  EXPECT_EQ(counts, Counts());
  const Counts before = counts;
  counts.Edit()[2] = 5;
  EXPECT_TRUE(counts.was_edited());
  EXPECT_EQ(counts[2], 5);
  EXPECT_EQ(before[2], 0);
  EXPECT_NE(counts, before);
  int64_t sum = 0;
  for (const int64_t count : counts) sum += count;
  EXPECT_EQ(sum, 5);
  counts.Edit()[2] = 0;
  EXPECT_EQ(counts, before) << "zeros are equal, edited or not";
}

TEST(SharedPolicy, ReadsAsAPolicyAndIsThere) {
  EXPECT_EQ(*SharedPolicy(), Policy());
  SharedPolicy shared = SmallPolicy();
  EXPECT_EQ(shared->consecutive_failures, SmallPolicy().consecutive_failures);
  EXPECT_EQ(shared, SmallPolicy());
  EXPECT_NE(shared, SharedPolicy());
  Policy policy = shared;
  policy.jitter = 0.5;
  EXPECT_NE(shared, policy) << "it is a copy";
  policy = shared;
  EXPECT_EQ(policy, *shared);
}

TEST(SharedPolicy, OfASnapshotOutlivesTheCircuitsPolicyAndTheCircuit) {
  auto circuit = std::make_unique<TestCircuit>(SmallPolicy());
  const CircuitSnapshot before = (*circuit)->Snapshot();
  const CircuitSnapshot again = (*circuit)->Snapshot();
  EXPECT_EQ(&*before.policy, &*again.policy) << "it is shared";
  Policy other = SmallPolicy();
  other.consecutive_failures = 7;
  ASSERT_TRUE((*circuit)->SetPolicy(other, Operator("test")).ok());
  EXPECT_EQ((*circuit)->Snapshot().policy->consecutive_failures, 7);
  circuit = nullptr;
  EXPECT_EQ(before.policy, SmallPolicy());
}

// A list of many circuits takes as many bytes.
TEST(CircuitSnapshot, IsSmall) { EXPECT_LE(sizeof(CircuitSnapshot), 328U); }

}  // namespace
}  // namespace fusebox
