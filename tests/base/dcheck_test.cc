// SPDX-License-Identifier: Apache-2.0
//
// The checks where they are on, whatever the build: what holds goes on, and what doesn't hold ends
// the process with where and what.
#define FUSEBOX_DCHECKS 1
#include "src/base/dcheck.h"

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

TEST(Dcheck, WhatHoldsIsEvaluatedOnceAndGoesOn) {
  int evaluated = 0;
  FUSEBOX_DCHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(DcheckDeathTest, WhatDoesNotHoldEndsTheProcessWithItsPlaceAndText) {
  const int places = 0;
  EXPECT_DEATH(FUSEBOX_DCHECK(places > 0), "dcheck_test\\.cc:[0-9]+: must hold: places > 0");
}

TEST(Dcheck, IsAnExpression) {
  const bool empty = true;
  const int size = empty ? (FUSEBOX_DCHECK(empty), 0) : 1;
  EXPECT_EQ(size, 0);
}

}  // namespace
}  // namespace fusebox::internal
