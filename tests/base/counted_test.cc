// SPDX-License-Identifier: Apache-2.0
#include "src/base/counted.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

TEST(Counted, OneIsNotMany) {
  EXPECT_EQ(Counted(1, "call"), "1 call");
  EXPECT_EQ(Counted(int64_t{0}, "call"), "0 calls");
  EXPECT_EQ(Counted(uint64_t{21}, "call"), "21 calls");
  EXPECT_EQ(Counted(1, "success", "successes"), "1 success");
  EXPECT_EQ(Counted(2, "success", "successes"), "2 successes");
}

}  // namespace
}  // namespace fusebox::internal
