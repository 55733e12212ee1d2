// SPDX-License-Identifier: Apache-2.0
//
// Random orders as a text: whatever the registry takes is read as it was written.
#include "src/admin/orders_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy_patch.h"
#include "fusebox/testing/fake_clock.h"
#include "src/policy/every_field.h"
#include "tests/support/hostile_texts.h"
#include "tests/support/policy_maker.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::PolicyMaker;
using testing::ElementsAre;
using testing::HasSubstr;

// Of all fields: those that have a value, parts and alternatives as a whole.
std::vector<std::string> AllPaths() {
  std::vector<std::string> paths;
  VisitEveryField([&](const std::string& path, const auto&...) { paths.push_back(path); });
  const std::size_t own = paths.size();
  for (std::size_t i = 0; i < own; ++i) {
    if (paths[i] != "shadow_policy") paths.push_back("shadow_policy." + paths[i]);
  }
  return paths;
}

class OrdersTextPropertyTest : public testing::TestWithParam<unsigned> {
 protected:
  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  Policy AnyPolicy() {
    return PolicyMaker([this](std::size_t end) { return Below(end); }).Make();
  }

  // `depth`: of what may be below it.
  PolicyPatch AnyPatch(int depth) {
    PolicyPatch patch;
    patch.values = AnyPolicy();
    const std::size_t paths = Below(20) == 0 ? 300 : Below(6);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < paths; ++i) {
      const std::string& path = paths_[Below(paths_.size())];
      if (taken.insert(path).second) patch.fields.push_back({path, ""});
    }
    if (depth == 0) return patch;
    for (std::size_t i = Below(6); i > 3; --i) patch.below.push_back(AnyPatch(depth - 1));
    return patch;
  }

  std::string AnyText() {
    std::string text;
    for (std::size_t i = 1 + Below(4); i > 0; --i)
      absl::StrAppend(&text, texts_[Below(texts_.size())]);
    return text;
  }

  StandingOrder AnyOrder() {
    StandingOrder order;
    order.pattern = AnyText();
    order.action = static_cast<OrderAction>(1 + Below(5));
    if (order.action == OrderAction::kSetPolicy) order.change = AnyPatch(2);
    order.by = Operator(AnyText()).Because(AnyText());
    if (Below(2) == 0) {
      const absl::Duration year = 365 * absl::Hours(24);
      const absl::Duration ttls[] = {absl::Milliseconds(1), year, year - absl::Nanoseconds(1),
                                     absl::Seconds(5) + absl::Nanoseconds(Below(1'000'000'000))};
      order.ttl = ttls[Below(4)];
    }
    return order;
  }

  // What a change makes of any policy is what another one does.
  void ExpectSame(const PolicyPatch& a, const PolicyPatch& b) {
    for (int i = 0; i < 10; ++i) {
      const Policy base = AnyPolicy();
      ASSERT_EQ(Patched(base, a), Patched(base, b));
    }
    for (const std::string& path : paths_) {
      ASSERT_EQ(FindField(a, path) == nullptr, FindField(b, path) == nullptr) << path;
    }
    if (!a.below.empty()) return;
    ASSERT_EQ(a.fields, b.fields);
  }

  std::mt19937 random_{GetParam()};
  const std::vector<std::string> paths_ = AllPaths();
  const std::vector<std::string> texts_ = fusebox_testing::HostileTexts();
};

TEST_P(OrdersTextPropertyTest, WhatTheRegistryTakesIsReadAsItWasWritten) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  CircuitRegistry registry(std::move(options));
  OrdersWriter writer;
  int taken = 0;
  for (int i = 0; i < 1'000; ++i) {
    clock.Advance(absl::Nanoseconds(Below(1'000'000'000)));
    if (!registry.GiveOrder(AnyOrder()).ok()) continue;
    if (++taken % 10 != 0) continue;
    const std::vector<StandingOrder> orders = registry.Orders();
    const OrdersWritten written = writer.Write(orders);
    ASSERT_THAT(written.left_out, ElementsAre());
    ASSERT_EQ(written.text, OrdersToText(orders).text) << "whatever it has written before";
    const auto read = OrdersFromText(written.text);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_THAT(read->left_out, ElementsAre());
    ASSERT_EQ(read->orders.size(), orders.size());
    for (std::size_t j = 0; j < orders.size(); ++j) {
      const StandingOrder& back = read->orders[j];
      ASSERT_EQ(back.id, orders[j].id);
      ASSERT_EQ(back.pattern, orders[j].pattern);
      ASSERT_EQ(back.action, orders[j].action);
      ASSERT_EQ(back.by.who, orders[j].by.who);
      ASSERT_EQ(back.by.why, orders[j].by.why);
      ASSERT_EQ(back.from, orders[j].from);
      ASSERT_EQ(back.ttl, orders[j].ttl);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(orders[j].change, back.change)) << written.text;
    }
    for (const StandingOrder& order : orders) {
      // It may have gone with another one.
      if (Below(2) == 0) registry.RevokeOrder(order.id, {}).IgnoreError();
    }
  }
  EXPECT_GT(taken, 100);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OrdersTextPropertyTest, testing::Values(1, 2, 3, 4));

StandingOrder Change(std::string path) {
  StandingOrder order;
  order.id = 7;
  order.pattern = "pay/*";
  order.action = OrderAction::kSetPolicy;
  order.change.fields = {{std::move(path), ""}};
  return order;
}

// Each with the error that it is left out with.
TEST(OrdersText, LeavesOutWhatWouldNotBeReadAsItIs) {
  StandingOrder endless = Change("open_duration");
  endless.change.values.open_duration = absl::InfiniteDuration();
  StandingOrder long_ago = Change("jitter");
  long_ago.from = absl::InfinitePast();
  StandingOrder far_off = Change("jitter");
  far_off.from = absl::FromCivil(absl::CivilYear(10'000), absl::UTCTimeZone());
  StandingOrder deep = Change("shadow_policy");
  for (int i = 0; i < 200; ++i) {
    Policy outer;
    outer.shadow_policy = deep.change.values;
    deep.change.values = outer;
  }
  StandingOrder no_number = Change("jitter");
  no_number.id = 0;
  StandingOrder last_number = Change("jitter");
  last_number.id = UINT64_MAX;
  StandingOrder unknown = Change("jitter");
  unknown.action = static_cast<OrderAction>(99);
  const std::vector<std::pair<StandingOrder, std::string>> cases = {
      {endless, "order 7: change.policy.open_duration = "},
      {long_ago, "must be in the years 1 to 9999"},
      {far_off, "time = 253402300800 s, must be in the years 1 to 9999"},
      {deep, "order 7: change.policy.shadow_policy = more than 20 within each other"},
      {no_number, "id = 0, must be"},
      {last_number, "id = 18446744073709551615, must be"},
      {unknown, "action"},
  };
  for (const auto& [order, error] : cases) {
    testing::internal::CaptureStderr();
    const OrdersWritten written = OrdersToText({Change("ramp"), order});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the library prints nothing";
    EXPECT_THAT(written.left_out, ElementsAre(HasSubstr(error)));
    const auto read = OrdersFromText(written.text);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->orders.size(), 1U);
    EXPECT_THAT(read->left_out, ElementsAre());
  }
}

// Else it would be as deep as that, and more than there is of the stack.
TEST(OrdersText, PutsAnyNumberOfStepsBesideEachOther) {
  StandingOrder order = Change("open_duration");
  const PolicyPatch step = order.change;
  order.change.fields.clear();
  order.change.below.assign(50'000, step);
  const auto read = OrdersFromText(OrdersToText({order}).text);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->orders.size(), 1U);
  EXPECT_EQ(Flattened(read->orders[0].change).values, Flattened(order.change).values);
  EXPECT_EQ(read->orders[0].change.below.size(), 50'000U);
}

TEST(OrdersText, KnowsAnOrderAgainOnlyIfItIsTheSame) {
  OrdersWriter writer;
  StandingOrder order = Change("ramp");
  const std::string first = writer.Write({order}).text;
  EXPECT_EQ(writer.Write({order}).text, first);
  order.by = Operator("sre");
  const std::string second = writer.Write({order}).text;
  EXPECT_NE(second, first);
  EXPECT_EQ(second, OrdersToText({order}).text);
}

}  // namespace
}  // namespace fusebox::internal
