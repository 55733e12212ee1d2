// SPDX-License-Identifier: Apache-2.0
//
// The trip rules by themselves (rule R2).
#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "src/core/rules/consecutive_failures_rule.h"
#include "src/core/rules/failures_in_window_rule.h"
#include "src/core/rules/rate_rule.h"
#include "src/core/rules/trip_rules.h"

namespace fusebox::internal {
namespace {

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
  EXPECT_FALSE(CheckTripRules(policy, {999, 999}, nullptr, {999, 999, 999}).has_value());
  EXPECT_TRUE(CheckTripRules(policy, {0, 0}, nullptr, {1000, 1000, 0}).has_value());
}

}  // namespace
}  // namespace fusebox::internal
