// SPDX-License-Identifier: Apache-2.0
#include "src/core/exact.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

TEST(RateReached, R2_IsExactForEveryQuotientUpTo200) {
  for (int64_t whole = 1; whole <= 200; ++whole) {
    for (int64_t part = 1; part <= whole; ++part) {
      const double rate = static_cast<double>(part) / static_cast<double>(whole);
      ASSERT_TRUE(RateReached(part, whole, rate)) << part << " of " << whole;
      ASSERT_FALSE(RateReached(part - 1, whole, rate)) << part << " of " << whole;
    }
  }
}

TEST(RateReached, R2_IsExactForMultiplesOfAQuotient) {
  // 1/3 as people write it, over windows of 3, 6, 9, ... calls.
  for (int64_t denominator = 2; denominator <= 20; ++denominator) {
    for (int64_t times = 1; times <= 50; ++times) {
      const double rate = 1.0 / static_cast<double>(denominator);
      ASSERT_TRUE(RateReached(times, denominator * times, rate)) << denominator << ' ' << times;
      ASSERT_FALSE(RateReached(times - 1, denominator * times, rate));
      ASSERT_FALSE(RateReached(times, denominator * times + 1, rate));
    }
  }
}

TEST(RateReached, R2_IsExactForEveryDecimal) {
  EXPECT_TRUE(RateReached(7, 100, 0.07));
  EXPECT_FALSE(RateReached(6, 100, 0.07));
  EXPECT_TRUE(RateReached(3, 30, 0.1));
  EXPECT_FALSE(RateReached(2, 30, 0.1));
  EXPECT_TRUE(RateReached(29, 100, 0.29));
  EXPECT_FALSE(RateReached(28, 100, 0.29));
  EXPECT_TRUE(RateReached(57, 100, 0.57));
  EXPECT_TRUE(RateReached(1'000'000, 1'000'000, 1.0));
  EXPECT_FALSE(RateReached(999'999, 1'000'000, 1.0));
  EXPECT_TRUE(RateReached(1, 1'000'000, 0.000001));
  EXPECT_FALSE(RateReached(0, 1'000'000, 0.000001));
}

TEST(RateReached, R2_HoldsFromTheNearestDoubleOn) {
  // The double next above a quotient's is more than the quotient, and the one below is less.
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto whole = static_cast<int64_t>(random() >> (1 + random() % 62)) + 1;
    const int64_t part = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(whole));
    if (whole >= int64_t{1} << 53) continue;  // no double of its own
    const volatile double rate = static_cast<double>(part) / static_cast<double>(whole);
    if (sizeof(void*) < 8) continue;  // the i387 may round that twice
    ASSERT_TRUE(RateReached(part, whole, rate)) << part << " of " << whole;
    ASSERT_TRUE(RateReached(part, whole, std::nextafter(rate, 0)));
    ASSERT_FALSE(RateReached(part, whole, std::nextafter(rate, 2)));
  }
}

TEST(RateReached, R2_HalfwayBetweenTwoDoublesIsRoundedToTheEvenOne) {
  // 2^53 + 1 halves lie halfway between two of the doubles from 2^52 to 2^53.
  const double even = 0.5;                          // mantissa 2^52
  const double odd = std::nextafter(even, 1);       // 2^52 + 1
  const double next_even = std::nextafter(odd, 1);  // 2^52 + 2
  const int64_t whole = int64_t{1} << 55;
  const int64_t half = whole / 2;
  EXPECT_FALSE(RateReached(half + 2, whole, odd));
  EXPECT_TRUE(RateReached(half + 3, whole, odd));
  EXPECT_TRUE(RateReached(half + 6, whole, next_even));
  EXPECT_FALSE(RateReached(half + 5, whole, next_even));
  // Below a power of two they are twice as dense.
  EXPECT_TRUE(RateReached(half - 1, whole, even));
  EXPECT_FALSE(RateReached(half - 2, whole, even));
}

TEST(RateReached, R2_TakesTheSmallestRatesAndTheLargestCounts) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(RateReached(1, most, std::numeric_limits<double>::denorm_min()));
  EXPECT_TRUE(RateReached(1, most, 1e-300));
  EXPECT_FALSE(RateReached(0, most, std::numeric_limits<double>::denorm_min()));
  EXPECT_FALSE(RateReached(1, most, 1e-18));
  EXPECT_TRUE(RateReached(10, most, 1e-18));
  EXPECT_TRUE(RateReached(most, most, 1));
  EXPECT_FALSE(RateReached(most / 2, most, 0.75));
}

TEST(BillionthsOf, IsTheNearestOne) {
  EXPECT_EQ(BillionthsOf(0), 0);
  EXPECT_EQ(BillionthsOf(1), 1'000'000'000);
  EXPECT_EQ(BillionthsOf(0.1), 100'000'000);
  EXPECT_EQ(BillionthsOf(1.5), 1'500'000'000);
  EXPECT_EQ(BillionthsOf(100), 100'000'000'000);
  EXPECT_EQ(BillionthsOf(1e-9), 1);
  EXPECT_EQ(BillionthsOf(0.4e-9), 0);
  EXPECT_EQ(BillionthsOf(0.6e-9), 1);
  EXPECT_EQ(BillionthsOf(1e-300), 0);
  EXPECT_EQ(BillionthsOf(0.123456789), 123'456'789);
  for (int64_t i = 0; i <= 1'000'000'000; i += 99'991) {
    ASSERT_EQ(BillionthsOf(static_cast<double>(i) / 1e9), i);
  }
}

TEST(Scaled, RoundsTowardsZeroAndOverflowsNowhere) {
  const int64_t year = int64_t{365} * 24 * 3600 * kOne;
  EXPECT_EQ(Scaled(year, 2 * kOne - 1), 2 * year - year / kOne);
  EXPECT_EQ(Scaled(3, kOne / 2), 1);
  EXPECT_EQ(Scaled(-3, kOne / 2), -1);
}

}  // namespace
}  // namespace fusebox::internal
