// SPDX-License-Identifier: Apache-2.0
#include "src/base/text.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

TEST(DurationText, IsAbseilsOfWholeMilliseconds) {
  std::vector<int64_t> all = {1, 999, 1'000, 1'001, 1'010, 1'100, 59'999, 60'000, 60'001};
  for (int64_t i = 0; i < 5'000; ++i) all.push_back(i * i * 37 + i);
  all.push_back(int64_t{365} * 24 * 3'600'000);
  for (const int64_t milliseconds : all) {
    const absl::Duration duration = absl::Milliseconds(milliseconds);
    EXPECT_EQ(DurationText(duration), absl::FormatDuration(duration));
  }
}

TEST(DurationText, RoundsUpToAMillisecond) {
  EXPECT_EQ(DurationText(absl::Seconds(27.4)), "27.4s");
  EXPECT_EQ(DurationText(absl::Seconds(90)), "1m30s");
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0");
  EXPECT_EQ(DurationText(absl::Nanoseconds(1)), "1ms");
  EXPECT_EQ(DurationText(absl::Seconds(1) + absl::Nanoseconds(1)), "1.001s");
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "inf");
}

TEST(RoundedText, HasTheDigitsThatCount) {
  EXPECT_EQ(RoundedText(0, 3), "0");
  EXPECT_EQ(RoundedText(0.01234, 3), "0.0123");
  EXPECT_EQ(RoundedText(0.5, 3), "0.5");
  EXPECT_EQ(RoundedText(4, 3), "4");
  EXPECT_EQ(RoundedText(12.34, 2), "12");
  EXPECT_EQ(RoundedText(124.96, 3), "125");
  EXPECT_EQ(RoundedText(100, 2), "100");
  EXPECT_EQ(RoundedText(1'234.5, 3), "1234");
  EXPECT_EQ(RoundedText(-2.5, 1), "-2");
}

TEST(NumberText, TellsEveryNumberFromItsNeighbours) {
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(1), "1");
  EXPECT_EQ(NumberText(1.0000001), "1.0000001");
  EXPECT_EQ(NumberText(std::nextafter(1.0, 2.0)), "1.0000000000000002");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::denorm_min()), "-5e-324");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
}

}  // namespace
}  // namespace fusebox::internal
