// SPDX-License-Identifier: Apache-2.0
//
// What one thread sees of a run. What several do at the same time is in call_shards_test.cc and
// circuit_breaker_concurrency_test.cc.
#include "src/core/success_run.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

using Tag = SuccessRun::Tag;

// As the only owner, and as one of several.
class SuccessRunTest : public testing::TestWithParam<bool> {
 protected:
  bool Extend(Tag tag) { return run_.Extend(tag, /*exclusive=*/GetParam()); }

  SuccessRun run_;
};

INSTANTIATE_TEST_SUITE_P(Owners, SuccessRunTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "Exclusive" : "Shared"; });

TEST_P(SuccessRunTest, IsExtendedByItsOwnTagAlone) {
  EXPECT_FALSE(Extend({1, 0}));
  EXPECT_EQ(run_.Start({1, 7}).count, 0U);
  EXPECT_TRUE(Extend({1, 7}));
  EXPECT_TRUE(Extend({1, 7}));
  EXPECT_FALSE(Extend({1, 8}));
  EXPECT_FALSE(Extend({2, 7}));
  // By all their digits.
  EXPECT_FALSE(Extend({1, 7 + (int64_t{1} << 32)}));
  EXPECT_FALSE(Extend({1 + (uint64_t{1} << 32), 7}));
  const SuccessRun::Untold untold = run_.Take();
  EXPECT_EQ(untold.count, 2U);
  EXPECT_EQ(untold.tag.epoch, 1U);
  EXPECT_EQ(untold.tag.slice, 7);
}

TEST_P(SuccessRunTest, WhatWasTakenIsNotTakenAgain) {
  run_.Start({1, 0});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Extend({1, 0}));
  EXPECT_EQ(run_.Take().count, 3U);
  EXPECT_EQ(run_.Take().count, 0U);
  EXPECT_TRUE(Extend({1, 0}));
  EXPECT_EQ(run_.Take().count, 1U);
}

TEST_P(SuccessRunTest, ANewOneGivesWhatTheOldOneWasNotAskedFor) {
  run_.Start({1, 4});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Extend({1, 4}));
  EXPECT_EQ(run_.Take().count, 5U);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Extend({1, 4}));
  const SuccessRun::Untold old = run_.Start({2, -3});
  EXPECT_EQ(old.count, 2U);
  EXPECT_EQ(old.tag.epoch, 1U);
  EXPECT_EQ(old.tag.slice, 4);
  EXPECT_EQ(run_.Take().count, 0U);
  EXPECT_FALSE(Extend({1, 4}));
  EXPECT_TRUE(Extend({2, -3}));
  const SuccessRun::Untold untold = run_.Take();
  EXPECT_EQ(untold.count, 1U);
  EXPECT_EQ(untold.tag.slice, -3);
}

TEST_P(SuccessRunTest, AFullOneTakesNoMore) {
  run_.Start({1, 0});
  for (uint64_t i = 0; i < SuccessRun::kMostSuccesses; ++i) ASSERT_TRUE(Extend({1, 0}));
  EXPECT_FALSE(Extend({1, 0}));
  EXPECT_EQ(run_.Start({1, 0}).count, SuccessRun::kMostSuccesses);
  EXPECT_TRUE(Extend({1, 0}));
}

}  // namespace
}  // namespace fusebox::internal
