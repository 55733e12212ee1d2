// SPDX-License-Identifier: Apache-2.0
//
// The trip rules by themselves (DESIGN R2).
#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "src/core/rules/consecutive_failures_rule.h"
#include "src/core/rules/failures_in_window_rule.h"
#include "src/core/rules/rate_rule.h"
#include "src/core/rules/trip_rules.h"

namespace fusebox {
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

TEST(RateRule, R2_LooksAtItsOwnFigureAndMinimum) {
  const RateRule failures = RateRule::Failures(Cause::kFailureRate, 0.5, 10);
  EXPECT_FALSE(failures.Check({9, 9, 9}).has_value());
  EXPECT_FALSE(failures.Check({10, 4, 10}).has_value());
  ASSERT_TRUE(failures.Check({10, 5, 0}).has_value());
  EXPECT_EQ(failures.Check({10, 5, 0})->cause, Cause::kFailureRate);

  const RateRule slow = RateRule::SlowCalls(Cause::kProbeSlowCallRate, 0.5, 10);
  EXPECT_FALSE(slow.Check({10, 10, 4}).has_value());
  ASSERT_TRUE(slow.Check({100, 0, 62}).has_value());
  EXPECT_EQ(slow.Check({100, 0, 62})->cause, Cause::kProbeSlowCallRate);
  EXPECT_EQ(slow.Check({100, 0, 62})->detail, "slow call rate 0.62 >= 0.5 over 100 calls");
}

TEST(ConsecutiveFailuresRule, R2_HoldsFromItsLimitOn) {
  EXPECT_FALSE(ConsecutiveFailuresRule{5}.Check(4).has_value());
  EXPECT_TRUE(ConsecutiveFailuresRule{5}.Check(5).has_value());
  EXPECT_TRUE(ConsecutiveFailuresRule{5}.Check(6).has_value());
}

TEST(FailuresInWindowRule, R2_HoldsFromItsLimitOn) {
  EXPECT_FALSE((FailuresInWindowRule{5}.Check({100, 4, 100}).has_value()));
  EXPECT_TRUE((FailuresInWindowRule{5}.Check({5, 5, 0}).has_value()));
}

TEST(TripRules, R2_ARuleThatIsOffNeverHolds) {
  Policy policy;
  policy.consecutive_failures = std::nullopt;
  policy.failures_in_window = 1000;
  EXPECT_FALSE(CheckTripRules(policy, 999, {999, 999, 999}).has_value());
  EXPECT_TRUE(CheckTripRules(policy, 0, {1000, 1000, 0}).has_value());
}

}  // namespace
}  // namespace fusebox
