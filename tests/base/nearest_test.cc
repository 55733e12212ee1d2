// SPDX-License-Identifier: Apache-2.0
#include "src/base/nearest.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

using testing::ElementsAre;

TEST(Suggest, NamesThatAFewLettersAwayOrThatItIsAPartOf) {
  const std::set<std::string> names = {"inventory/shop.Inventory/Reserve",
                                       "inventory/shop.Inventory/Release",
                                       "payments/shop.Payments/Charge"};
  using testing::ElementsAre;
  EXPECT_THAT(Nearest({"inventroy/*"}, names), testing::SizeIs(2));
  EXPECT_THAT(Nearest({"inventory/shop.Inventory/Reserv"}, names),
              ElementsAre("inventory/shop.Inventory/Reserve", "inventory/shop.Inventory/Release"));
  EXPECT_THAT(Nearest({"Payments/Charge"}, names), ElementsAre("payments/shop.Payments/Charge"));
  EXPECT_THAT(Nearest({"PAYMENTS/*"}, names), ElementsAre("payments/shop.Payments/Charge"));
  EXPECT_THAT(Nearest({"nothing/like.That/AtAll"}, names), testing::IsEmpty());
}

TEST(Nearest, IsAskedFor) {
  EXPECT_EQ(DidYouMean({}), "");
  EXPECT_EQ(DidYouMean({"a"}), "did you mean a?");
  EXPECT_EQ(DidYouMean({"a", "b", "c"}), "did you mean a, b or c?");
}

}  // namespace
}  // namespace fusebox::internal
