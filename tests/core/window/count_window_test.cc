// SPDX-License-Identifier: Apache-2.0
#include "src/core/window/count_window.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

// The same by the plainest means.
WindowCounts CountsOf(const std::deque<WindowEntry>& entries) {
  WindowCounts counts;
  for (const WindowEntry& entry : entries) {
    ++counts.recorded;
    counts.failures += entry.failure ? 1 : 0;
    counts.slow += entry.slow ? 1 : 0;
  }
  return counts;
}

void ExpectSame(const WindowCounts& got, const WindowCounts& want) {
  EXPECT_EQ(got.recorded, want.recorded);
  EXPECT_EQ(got.failures, want.failures);
  EXPECT_EQ(got.slow, want.slow);
}

TEST(CountWindowRing, R3_StartsEmpty) {
  ExpectSame(CountWindowRing(CountWindow{5}).Counts(SteadyTime()), WindowCounts());
}

TEST(CountWindowRing, R3_HoldsTheLastOnesAndForgetsTheOldestFirst) {
  CountWindowRing window(CountWindow{3});
  window.Add({true, true}, SteadyTime());
  window.Add({true, false}, SteadyTime());
  window.Add({false, true}, SteadyTime());
  ExpectSame(window.Counts(SteadyTime()), {3, 2, 2});
  window.Add({false, false}, SteadyTime());
  ExpectSame(window.Counts(SteadyTime()), {3, 1, 1});
  window.Add({false, false}, SteadyTime());
  ExpectSame(window.Counts(SteadyTime()), {3, 0, 1});
  window.Add({false, false}, SteadyTime());
  ExpectSame(window.Counts(SteadyTime()), {3, 0, 0});
}

TEST(CountWindowRing, R3_WrapsAroundLikeAQueueAtEverySize) {
  std::mt19937 random(1);
  for (const int64_t size : {1, 2, 3, 31, 32, 33, 63, 64, 65, 100}) {
    CountWindowRing window(CountWindow{size});
    std::deque<WindowEntry> queue;
    for (int i = 0; i < 1000; ++i) {
      const WindowEntry entry{random() % 3 == 0, random() % 4 == 0};
      window.Add(entry, SteadyTime());
      queue.push_back(entry);
      if (queue.size() > static_cast<std::size_t>(size)) queue.pop_front();
      ExpectSame(window.Counts(SteadyTime()), CountsOf(queue));
    }
  }
}

TEST(CountWindowRing, R3_TheLargestWindowIsExactToo) {
  constexpr int64_t kSize = 1'000'000;
  CountWindowRing window(CountWindow{kSize});
  for (int64_t i = 0; i < kSize; ++i) window.Add({true, false}, SteadyTime());
  ExpectSame(window.Counts(SteadyTime()), {kSize, kSize, 0});
  for (int64_t i = 0; i < kSize - 1; ++i) window.Add({false, true}, SteadyTime());
  ExpectSame(window.Counts(SteadyTime()), {kSize, 1, kSize - 1});
}

// Whatever the window holds, whole words of successes are what single ones are.
TEST(CountWindowRing, R3_ManySuccessesAreAsManySingleOnes) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 2000; ++run) {
    const int64_t size = 1 + static_cast<int64_t>(random() % (run % 2 == 0 ? 100 : 2000));
    CountWindowRing at_once(CountWindow{size});
    CountWindowRing one_by_one(CountWindow{size});
    const uint64_t failing = random() % 4;  // none at all, to most of them
    for (int step = 0; step < 5; ++step) {
      for (auto left = random() % static_cast<uint64_t>(size + 10); left > 0; --left) {
        const WindowEntry entry{random() % 4 < failing, random() % 4 < failing};
        at_once.Add(entry, SteadyTime());
        one_by_one.Add(entry, SteadyTime());
      }
      const auto count = static_cast<int64_t>(random() % static_cast<uint64_t>(2 * size + 2));
      at_once.AddSuccesses(count, 0, SteadyTime());
      for (int64_t i = 0; i < count; ++i) one_by_one.Add({}, SteadyTime());
      ExpectSame(at_once.Counts(SteadyTime()), one_by_one.Counts(SteadyTime()));
      ASSERT_EQ(at_once.PlaceAt(SteadyTime()), one_by_one.PlaceAt(SteadyTime()));
    }
    // And what they leave behind is the same, to the last entry.
    for (int64_t i = 0; i < size; ++i) {
      at_once.Add({true, false}, SteadyTime());
      one_by_one.Add({true, false}, SteadyTime());
      ExpectSame(at_once.Counts(SteadyTime()), one_by_one.Counts(SteadyTime()));
    }
  }
}

TEST(CountWindowRing, C6_AnEntryTurnsIntoAFailureWhileTheWindowHoldsIt) {
  CountWindowRing window(CountWindow{3});
  window.Add({false, true}, SteadyTime());
  const int64_t place = window.PlaceAt(SteadyTime());
  window.Add({}, SteadyTime());
  window.AddSuccesses(2, 0, SteadyTime());
  EXPECT_TRUE(window.TurnIntoFailure(place, SteadyTime()));
  EXPECT_TRUE(window.TurnIntoFailure(place, SteadyTime()));  // it is one already
  ExpectSame(window.Counts(SteadyTime()), {3, 1, 0});
  EXPECT_FALSE(window.TurnIntoFailure(place - 1, SteadyTime()));
  window.Add({}, SteadyTime());
  EXPECT_FALSE(window.TurnIntoFailure(place, SteadyTime()));
  ExpectSame(window.Counts(SteadyTime()), {3, 0, 0});
}

}  // namespace
}  // namespace fusebox::internal
