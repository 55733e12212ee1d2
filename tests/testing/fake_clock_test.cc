// SPDX-License-Identifier: Apache-2.0
#include "fusebox/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox_testing {
namespace {

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock;
  const fusebox::SteadyTime start = clock.Now();
  const absl::Time wall_start = clock.WallNow();
  EXPECT_EQ(clock.Now(), start);
  EXPECT_EQ(wall_start, absl::FromUnixSeconds(1893456000));
  clock.Advance(absl::Seconds(30));
  EXPECT_EQ(clock.Now() - start, absl::Seconds(30));
  EXPECT_EQ(clock.CoarseNow(), clock.Now());
  EXPECT_EQ(clock.WallNow() - wall_start, absl::Seconds(30));
  clock.Advance(-absl::Seconds(10));
  EXPECT_EQ(clock.Now() - start, absl::Seconds(20));
  clock.Set(start);
  EXPECT_EQ(clock.Now(), start);
}

TEST(FakeClock, R13_JumpsByAnyAmount) {
  FakeClock clock;
  clock.Advance(absl::InfiniteDuration());
  EXPECT_EQ(clock.Now().nanos(), std::numeric_limits<int64_t>::max());
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(clock.Now().nanos(), std::numeric_limits<int64_t>::max());
}

TEST(FakeClock, IsMovedByManyThreads) {
  FakeClock clock;
  const fusebox::SteadyTime start = clock.Now();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int step = 0; step < 1000; ++step) clock.Advance(absl::Milliseconds(1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(clock.Now() - start, absl::Seconds(4));
}

}  // namespace
}  // namespace fusebox_testing
