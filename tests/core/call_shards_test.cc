// SPDX-License-Identifier: Apache-2.0
//
// What threads count by themselves, and the numbers that they have for it.
#include "src/core/call_shards.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "src/base/thread_index.h"
#include "src/core/in_flight.h"
#include "tests/core/threads.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::Barrier;

// More than there are shards for one thread alone.
constexpr int kManyThreads = 40;

// Every shard's run, as the window would be told of it.
uint32_t TakeAll(CallShards& shards) {
  uint32_t taken = 0;
  shards.ForEach([&](CallShard& shard) { taken += shard.Take().count; });
  return taken;
}

int64_t Granted(CallShards& shards) {
  int64_t granted = 0;
  shards.ForEach([&](CallShard& shard) { granted += shard.granted.load(); });
  return granted;
}

// Runs `body(0)` to `body(count - 1)`, all alive at the same time, each in its turn.
template <typename Body>
void InTurn(int count, Body body) {
  Barrier barrier(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < count; ++turn) {
        if (turn == i) body(i);
        barrier.Wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SumCalls, R17_CallsThatComeAndGoMeanwhileAreNotInFlight) {
  int64_t returned = 100;
  int64_t granted = 105;
  int looks = 0;
  // This thread stands still in its first look, and 8,000 calls come and go.
  const CallSums sums = SumCalls([&] { return returned; },
                                 [&] {
                                   const int64_t gone = looks++ == 0 ? 8'000 : 0;
                                   returned += gone;
                                   granted += gone;
                                   return granted;
                                 });
  EXPECT_EQ(sums.in_flight, 5);
  EXPECT_EQ(sums.granted, 8'105);
  EXPECT_EQ(looks, 2);
}

TEST(SumCalls, R17_TheLeastOfAFewLooksWhereCallsNeverPause) {
  int64_t returned = 0;
  int64_t granted = 3;
  int64_t gone = 50;
  const auto come_and_go = [&] {
    gone -= 10;
    returned += gone;
    granted += gone;
    return granted;
  };
  EXPECT_EQ(SumCalls([&] { return returned; }, come_and_go).in_flight, 3 + 10);
}

TEST(CallShards, ThereAreNoneBeforeTheFirstCall) {
  CallShards shards;
  int count = 0;
  shards.ForEach([&](CallShard&) { ++count; });
  EXPECT_EQ(count, 0);
  shards.Mine().CountGranted();
  shards.ForEach([&](CallShard&) { ++count; });
  EXPECT_EQ(count, 1);
}

TEST(CallShards, AThreadHasAShardToItselfFromItsFirstCallOn) {
  CallShards shards;
  EXPECT_EQ(shards.Own(), nullptr);
  shards.Mine().CountGranted();
  ASSERT_NE(shards.Own(), nullptr);
  EXPECT_EQ(shards.Own()->granted.load(), 1);
  std::thread([&] {
    EXPECT_EQ(shards.Own(), nullptr);
    shards.Mine().CountGranted();
    EXPECT_NE(shards.Own(), nullptr);
  }).join();
}

TEST(CallShards, BeyondTheExclusiveOnesThreadsShareAndLoseNothing) {
  CallShards shards;
  InTurn(kManyThreads, [&](int thread) {
    CallShards::Handle mine = shards.Mine();
    if (!mine.ExtendRun(SuccessRun::Tag{1, 0})) {
      // The first one of this shard.
      EXPECT_EQ(mine.StartRun(SuccessRun::Tag{1, 0}).count, 0U) << thread;
      EXPECT_TRUE(mine.ExtendRun(SuccessRun::Tag{1, 0}));
    }
    mine.CountGranted();
  });
  int count = 0;
  shards.ForEach([&](CallShard&) { ++count; });
  EXPECT_LE(count, 32);
  EXPECT_LT(count, kManyThreads);
  EXPECT_EQ(Granted(shards), kManyThreads);
  EXPECT_EQ(TakeAll(shards), static_cast<uint32_t>(kManyThreads));
}

TEST(CallShards, ThreadsHaveLinesOfTheirOwnAndTheLastOnesShareEvenly) {
  CallShards shards;
  std::map<const CallShard*, int> threads;  // that count in it
  InTurn(64, [&](int) {
    std::map<const CallShard*, int64_t> before;
    shards.ForEach([&](const CallShard& shard) { before[&shard] = shard.granted.load(); });
    shards.Mine().CountGranted();
    shards.ForEach([&](const CallShard& shard) {
      if (shard.granted.load() != before[&shard]) ++threads[&shard];
    });
  });
  int alone = 0;
  for (const auto& [shard, count] : threads) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(shard) % kCacheLine, 0U);
    EXPECT_LE(count, 6);
    alone += count == 1 ? 1 : 0;
  }
  EXPECT_GE(alone, 23);  // 24, if the thread of the test has no number
  EXPECT_EQ(threads.size(), static_cast<std::size_t>(alone) + 8);
}

TEST(CallShards, ASharersNewRunEndsTheOthersRun) {
  CallShards shards;
  // Two of the threads that share one shard; the numbers of the others come between.
  InTurn(kManyThreads, [&](int thread) {
    CallShards::Handle mine = shards.Mine();
    const SuccessRun::Tag own{1, thread};
    mine.StartRun(own);
    EXPECT_TRUE(mine.ExtendRun(own));
  });
  uint32_t left = 0;
  int count = 0;
  shards.ForEach([&](CallShard& shard) {
    ++count;
    left += shard.Take().count;
  });
  EXPECT_EQ(left, static_cast<uint32_t>(count));  // one each: of the last run alone
}

TEST(CallShards, WhatCallsUsuallyTakeIsAMeanThatForgets) {
  CallShards shards;
  EXPECT_EQ(shards.UsualLatency(), absl::ZeroDuration());
  CallShards::Handle mine = shards.Mine();
  mine.NoteLatency(absl::Milliseconds(100));
  EXPECT_EQ(shards.UsualLatency(), absl::Milliseconds(100));
  mine.NoteLatency(absl::Milliseconds(180));
  EXPECT_EQ(shards.UsualLatency(), absl::Milliseconds(110));
  for (int i = 0; i < 100; ++i) mine.NoteLatency(absl::Seconds(2));
  EXPECT_GT(shards.UsualLatency(), absl::Milliseconds(1999));
  EXPECT_LE(shards.UsualLatency(), absl::Seconds(2));
}

TEST(CallShards, ALatencyOfAnyLengthIsKnownOnceItIsNoted) {
  for (const absl::Duration latency : {absl::Seconds(-1), absl::ZeroDuration(), absl::Hours(99)}) {
    CallShards shards;
    shards.Mine().NoteLatency(latency);
    EXPECT_GT(shards.UsualLatency(), absl::ZeroDuration()) << latency;
  }
}

TEST(ThreadIndex, LivingThreadsHaveDifferentOnes) {
  std::set<int> indices = {ThreadIndex()};
  InTurn(kManyThreads, [&](int) {
    EXPECT_TRUE(indices.insert(ThreadIndex()).second);
    EXPECT_EQ(ThreadIndex(), ThreadIndex());
  });
  EXPECT_EQ(indices.size(), static_cast<std::size_t>(kManyThreads) + 1);
}

TEST(ThreadIndex, TheSmallestFreeOneIsUsedAgain) {
  const int mine = ThreadIndex();
  std::set<int> indices;
  for (int i = 0; i < 100; ++i) std::thread([&] { indices.insert(ThreadIndex()); }).join();
  EXPECT_EQ(indices.size(), 1U);
  EXPECT_EQ(indices.count(mine), 0U);
}

TEST(ThreadIndex, WhoGetsANumberNextGoesOnWithItsCounters) {
  CallShards shards;
  for (int i = 0; i < 100; ++i) std::thread([&] { shards.Mine().CountGranted(); }).join();
  int count = 0;
  shards.ForEach([&](CallShard& shard) {
    ++count;
    EXPECT_EQ(shard.granted.load(), 100);
  });
  EXPECT_EQ(count, 1);
}

// Counts when its thread destroys its thread-local objects.
struct CountAtThreadEnd {
  CountAtThreadEnd() = default;
  CountAtThreadEnd(const CountAtThreadEnd&) = delete;
  CountAtThreadEnd& operator=(const CountAtThreadEnd&) = delete;
  ~CountAtThreadEnd() {
    if (shards != nullptr) shards->Mine().CountGranted();
  }

  CallShards* shards = nullptr;
};

TEST(ThreadIndex, AThreadThatEndsTakesNoneForGood) {
  CallShards shards;
  int first = kNoThreadIndex;
  std::thread([&] { first = ThreadIndex(); }).join();
  for (int i = 0; i < kManyThreads; ++i) {
    std::thread([&] {
      thread_local CountAtThreadEnd
          late;  // made before the thread's number, and so destroyed after
      late.shards = &shards;
      shards.Mine().CountGranted();
    }).join();
  }
  EXPECT_EQ(Granted(shards), 2 * kManyThreads);
  std::thread([&] { EXPECT_EQ(ThreadIndex(), first); }).join();
}

}  // namespace
}  // namespace fusebox::internal
