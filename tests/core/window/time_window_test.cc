// SPDX-License-Identifier: Apache-2.0
#include "src/core/window/time_window.h"

#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

SteadyTime At(absl::Duration since_zero) { return SteadyTime::FromSinceZero(since_zero); }

const TimeWindow kTenSeconds{absl::Seconds(10), 10};

TEST(TimeWindowBuckets, R3_TheCurrentPartialSliceIsOneOfThem) {
  TimeWindowBuckets window(kTenSeconds, At(absl::Seconds(100)));
  window.Add({true, true}, At(absl::Seconds(100)));
  EXPECT_EQ(window.Counts(At(absl::Seconds(109.999))).recorded, 1);
  EXPECT_EQ(window.Counts(At(absl::Seconds(110))).recorded, 0);
}

TEST(TimeWindowBuckets, R3_SlicesAreAlignedToTheClocksZeroNotToTheFirstCall) {
  // Made and used at 100.9: the slice is [100, 101), so it leaves at 110, not at 110.9.
  TimeWindowBuckets window(kTenSeconds, At(absl::Seconds(100.9)));
  window.Add({false, false}, At(absl::Seconds(100.9)));
  EXPECT_EQ(window.Counts(At(absl::Seconds(110) - absl::Nanoseconds(1))).recorded, 1);
  EXPECT_EQ(window.Counts(At(absl::Seconds(110))).recorded, 0);
}

TEST(TimeWindowBuckets, R3_SlicesLeaveOneByOne) {
  TimeWindowBuckets window(kTenSeconds, At(absl::ZeroDuration()));
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i <= second; ++i) {
      window.Add({i == 0, i == 1}, At(absl::Seconds(second + 0.5)));
    }
  }
  int64_t left = 55;
  for (int second = 9; second < 20; ++second) {
    const WindowCounts counts = window.Counts(At(absl::Seconds(second + 0.9)));
    EXPECT_EQ(counts.recorded, left) << second;
    EXPECT_EQ(counts.failures, 19 - second) << second;
    left -= second - 8;
  }
}

TEST(TimeWindowBuckets, R3_OneBucketForgetsAllAtOnce) {
  TimeWindowBuckets window(TimeWindow{absl::Seconds(1), 1}, At(absl::ZeroDuration()));
  window.Add({}, At(absl::Seconds(0.1)));
  window.Add({}, At(absl::Seconds(0.9)));
  EXPECT_EQ(window.Counts(At(absl::Seconds(0.999))).recorded, 2);
  EXPECT_EQ(window.Counts(At(absl::Seconds(1))).recorded, 0);
}

TEST(TimeWindowBuckets, R13_JumpsOverManySlicesEmptyIt) {
  for (const int slices : {10, 11, 12, 19, 20, 21, 25, 100, 1'000'000}) {
    TimeWindowBuckets window(kTenSeconds, At(absl::ZeroDuration()));
    for (int second = 0; second < 10; ++second) window.Add({}, At(absl::Seconds(second)));
    const SteadyTime then = At(absl::Seconds(9 + slices));
    EXPECT_EQ(window.Counts(then).recorded, 0) << slices;
    window.Add({true, false}, then);
    EXPECT_EQ(window.Counts(then).recorded, 1) << slices;
    EXPECT_EQ(window.Counts(then + absl::Seconds(10)).recorded, 0) << slices;
  }
}

TEST(TimeWindowBuckets, R13_AJumpAcrossTheClocksWholeRangeIsSafe) {
  const SteadyTime first = SteadyTime::FromNanos(std::numeric_limits<int64_t>::min());
  const SteadyTime last = SteadyTime::FromNanos(std::numeric_limits<int64_t>::max());
  TimeWindowBuckets window(TimeWindow{absl::Milliseconds(1), 1}, first);
  window.Add({}, first);
  EXPECT_EQ(window.Counts(last).recorded, 0);
  window.Add({}, last);
  EXPECT_EQ(window.Counts(last).recorded, 1);
}

TEST(TimeWindowBuckets, R3_SlicesBeforeZeroAreAsLongAsThoseAfter) {
  TimeWindowBuckets window(TimeWindow{absl::Seconds(2), 2}, At(absl::Seconds(-5)));
  window.Add({}, At(absl::Seconds(-0.5)));  // the slice [-1, 0)
  EXPECT_EQ(window.Counts(At(absl::Seconds(0.5))).recorded, 1);
  EXPECT_EQ(window.Counts(At(absl::Seconds(1))).recorded, 0);
}

// The same by the plainest means: a list of all calls ever.
class ListOfCalls {
 public:
  ListOfCalls(int64_t slice_nanos, int64_t buckets)
      : slice_nanos_(slice_nanos), buckets_(buckets) {}

  void Add(WindowEntry entry, int64_t now) { calls_.emplace_back(SliceOf(now), entry); }
  WindowCounts Counts(int64_t now) const {
    WindowCounts counts;
    for (const auto& [slice, entry] : calls_) {
      if (slice <= SliceOf(now) - buckets_) continue;
      ++counts.recorded;
      counts.failures += entry.failure ? 1 : 0;
      counts.slow += entry.slow ? 1 : 0;
    }
    return counts;
  }

 private:
  int64_t SliceOf(int64_t nanos) const {
    int64_t slice = nanos / slice_nanos_;
    while (slice * slice_nanos_ > nanos) --slice;
    return slice;
  }

  const int64_t slice_nanos_;
  const int64_t buckets_;
  std::vector<std::pair<int64_t, WindowEntry>> calls_;
};

TEST(TimeWindowBuckets, R3_IsWhatAListOfCallsSays) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const int64_t buckets = 1 + static_cast<int64_t>(random() % 12);
    const absl::Duration duration =
        absl::Milliseconds(buckets) + absl::Nanoseconds(static_cast<int64_t>(random() % 1'000'000));
    // Every other round passes the clock's zero.
    int64_t now = round % 2 == 0 ? -20'000'000 : static_cast<int64_t>(random());
    TimeWindowBuckets window(TimeWindow{duration, buckets}, SteadyTime::FromNanos(now));
    ListOfCalls list(absl::ToInt64Nanoseconds(duration) / buckets, buckets);
    for (int i = 0; i < 300; ++i) {
      now += static_cast<int64_t>(random() % (random() % 20 == 0 ? 20'000'000 : 400'000));
      if (random() % 2 == 0) {
        const WindowEntry entry{random() % 2 == 0, random() % 3 == 0};
        window.Add(entry, SteadyTime::FromNanos(now));
        list.Add(entry, now);
      }
      const WindowCounts got = window.Counts(SteadyTime::FromNanos(now));
      ASSERT_EQ(got.recorded, list.Counts(now).recorded);
      ASSERT_EQ(got.failures, list.Counts(now).failures);
      ASSERT_EQ(got.slow, list.Counts(now).slow);
    }
  }
}

}  // namespace
}  // namespace fusebox::internal
