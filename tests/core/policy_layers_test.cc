// SPDX-License-Identifier: Apache-2.0
//
// Overrides and standing orders over the circuits of a registry (rule P6).
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/policy_layers_fixture.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- Overrides

TEST_F(PolicyLayersTest, P6_OverridesReachCircuitsThatAreThereAndThoseMadeLater) {
  const auto there = Make("inventory/shop.Inventory/Get");
  const auto other = Make("users/shop.Users/Get");
  const auto result = registry_.SetOverrides(Of("inventory", OpensFor(absl::Seconds(3))), kOncall);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->circuits, 2);
  ASSERT_EQ(result->differences.size(), 1);
  EXPECT_EQ(result->differences[0].circuit, "inventory/shop.Inventory/Get");
  EXPECT_EQ(result->differences[0].before->open_duration, absl::Seconds(10));
  EXPECT_EQ(result->differences[0].after->open_duration, absl::Seconds(3));
  EXPECT_EQ(OpenDurationOf(*there), absl::Seconds(3));
  EXPECT_EQ(OpenDurationOf(*other), absl::Seconds(10));
  EXPECT_EQ(OpenDurationOf(*Make("inventory/shop.Inventory/Reserve")), absl::Seconds(3));
  // Gone again.
  ASSERT_TRUE(registry_.SetOverrides({}, kOncall).ok());
  EXPECT_EQ(OpenDurationOf(*there), absl::Seconds(10));
  EXPECT_EQ(there->Snapshot().policy, SmallPolicy().InForce());
}

TEST_F(PolicyLayersTest, P6_KeepsTotalsModeAndStateAndTouchesNothingThatIsTheSame) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
  ASSERT_EQ(circuit->state(), State::kOpen);
  ASSERT_TRUE(registry_.SetOverrides(Of("inventory", OpensFor(absl::Seconds(3))), kOncall).ok());
  const CircuitSnapshot changed = circuit->Snapshot();
  EXPECT_EQ(changed.state, State::kOpen);
  EXPECT_EQ(changed.totals.failure, 3);
  events_.clear();
  const auto again = registry_.SetOverrides(Of("inv*", OpensFor(absl::Seconds(3))), kOncall);
  EXPECT_THAT(again->differences, IsEmpty());
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(circuit->Snapshot().epoch, changed.epoch);
}

TEST_F(PolicyLayersTest, P6_RefusesAllIfOneCircuitWouldHaveAnInvalidPolicy) {
  const auto good = Make("users/shop.Users/Get");
  Policy small = SmallPolicy();
  small.max_open_duration = absl::Seconds(20);
  const auto bad = Make("inventory/shop.Inventory/Get", small);
  const auto result = registry_.SetOverrides(Of("*", OpensFor(absl::Seconds(40))), kOncall);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr("circuit \"inventory/shop.Inventory/Get\": invalid policy: "
                        "max_open_duration = 20s"));
  EXPECT_EQ(OpenDurationOf(*good), absl::Seconds(10));
  EXPECT_THAT(registry_.Overrides().dependencies, IsEmpty());
  // One that comes later goes without, and says so.
  ASSERT_TRUE(registry_.Remove("inventory/shop.Inventory/Get").ok());
  ASSERT_TRUE(registry_.SetOverrides(Of("*", OpensFor(absl::Seconds(40))), kOncall).ok());
  events_.clear();
  EXPECT_EQ(OpenDurationOf(*Make("inventory/shop.Inventory/Get", small)), absl::Seconds(10));
  ASSERT_EQ(events_.size(), 2);
  EXPECT_THAT(events_[1].detail, HasSubstr("left out of its policy: overrides: invalid"));
}

TEST_F(PolicyLayersTest, P6_APreviewSaysWhatWouldChangeAndChangesNothing) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  const PolicyOverrides overrides = Of("inventory", OpensFor(absl::Seconds(3)));
  const auto preview = registry_.PreviewOverrides(overrides);
  ASSERT_EQ(preview->differences.size(), 1);
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(10));
  const auto done = registry_.SetOverrides(overrides, kOncall);
  ASSERT_EQ(done->differences.size(), 1);
  EXPECT_EQ(*done->differences[0].after, *preview->differences[0].after);
  EXPECT_EQ(circuit->Snapshot().policy, *preview->differences[0].after);
}

TEST_F(PolicyLayersTest, P6_ACircuitByKeyGoesByItsMethod) {
  PolicyOverrides overrides = Of("inventory", {});
  overrides.dependencies[0].methods["shop.Inventory/Reserve"] = OpensFor(absl::Seconds(3));
  ASSERT_TRUE(registry_.SetOverrides(overrides, kOncall).ok());
  const auto circuit = registry_.GetOrCreate("inventory/tenant 7", SmallPolicy(), "inventory",
                                             "shop.Inventory/Reserve");
  EXPECT_EQ(OpenDurationOf(**circuit), absl::Seconds(3));
  overrides.dependencies[0].methods["shop.Inventory/Reserve"] = OpensFor(absl::Seconds(4));
  ASSERT_TRUE(registry_.SetOverrides(overrides, kOncall).ok());
  EXPECT_EQ(OpenDurationOf(**circuit), absl::Seconds(4));
}

TEST_F(PolicyLayersTest, P6_APolicyThatWasSetDirectlyStaysUntilAnOrder) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  Policy direct = SmallPolicy();
  direct.consecutive_failures = 7;
  ASSERT_TRUE(circuit->SetPolicy(direct, kSre).ok());
  ASSERT_TRUE(registry_.SetOverrides(Of("inventory", OpensFor(absl::Seconds(3))), kOncall).ok());
  EXPECT_EQ(circuit->Snapshot().policy, direct.InForce());
  EXPECT_EQ(OriginOf(circuit->name(), "consecutive_failures").source, "set directly");
  Give(PolicyOrder("inventory/*", OpensFor(absl::Seconds(5))));
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(5));
  EXPECT_EQ(circuit->Snapshot().policy->consecutive_failures, 7);
}

TEST_F(PolicyLayersTest, P6_SaysWhoseWordEachFieldIs) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  PolicyPatch file = OpensFor(absl::Seconds(3), "shop.yaml:3");
  file.values.half_open.max_concurrent = 4;
  file.fields.push_back({"half_open", "shop.yaml:4"});
  ASSERT_TRUE(registry_.SetOverrides(Of("inventory", file), kOncall).ok());
  Give(PolicyOrder("inventory/*", OpensFor(absl::Seconds(5))));
  const FieldOrigin order = OriginOf(circuit->name(), "open_duration");
  EXPECT_EQ(order.layer, PolicyLayer::kOrder);
  EXPECT_EQ(order.source, "order 1 by oncall");
  const FieldOrigin part = OriginOf(circuit->name(), "half_open.max_concurrent");
  EXPECT_EQ(part.layer, PolicyLayer::kFile);
  EXPECT_EQ(part.source, "shop.yaml:4");
  EXPECT_EQ(OriginOf(circuit->name(), "consecutive_failures").layer, PolicyLayer::kCode);
  EXPECT_EQ(OriginOf(circuit->name(), "backoff_multiplier").layer, PolicyLayer::kDefault);
  EXPECT_EQ(registry_.Origins("none").status().code(), absl::StatusCode::kNotFound);
}

// ---- Standing orders

TEST_F(PolicyLayersTest, P6_AnOrderOpensCircuitsThatAreMadeAfterIt) {
  const auto before = Make("inventory/shop.Inventory/Get");
  const auto given = registry_.GiveOrder(OrderFor("inventory/*", OrderAction::kForceOpen));
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->id, 1);
  EXPECT_THAT(given->circuits, ElementsAre("inventory/shop.Inventory/Get"));
  const auto after = Make("inventory/shop.Inventory/Reserve");
  const auto other = Make("users/shop.Users/Get");
  for (const auto& circuit : {before, after}) {
    const CircuitSnapshot snapshot = circuit->Snapshot();
    EXPECT_EQ(snapshot.mode, Mode::kForcedOpen);
    EXPECT_EQ(snapshot.order, 1);
    ASSERT_TRUE(snapshot.last_action);
    EXPECT_EQ(snapshot.last_action->actor, "oncall");
    EXPECT_EQ(snapshot.last_action->detail, "the migration");
  }
  EXPECT_EQ(other->Snapshot().mode, Mode::kAutomatic);
  ASSERT_TRUE(registry_.RevokeOrder(1, kSre).ok());
  EXPECT_EQ(before->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(before->Snapshot().order, 0);
  EXPECT_EQ(before->Snapshot().last_action->actor, "sre");
  EXPECT_EQ(registry_.RevokeOrder(1, kSre).code(), absl::StatusCode::kNotFound);
}

TEST_F(PolicyLayersTest, P6_AnOrderSurvivesEvictionAndLetsItBe) {
  Give(OrderFor("tenants/0", OrderAction::kForceOpen));
  Give(PolicyOrder("tenants/*", OpensFor(absl::Seconds(5))));
  Make("tenants/0");
  for (int i = 1; i <= 30; ++i) Make(absl::StrCat("tenants/", i));
  EXPECT_EQ(registry_.Find("tenants/0"), nullptr);
  const auto back = Make("tenants/0");
  EXPECT_EQ(back->Snapshot().mode, Mode::kForcedOpen);
  EXPECT_EQ(OpenDurationOf(*back), absl::Seconds(5));
}

TEST_F(PolicyLayersTest, P6_TheLaterOrderWinsAndRevokedBringsTheEarlierBack) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  Give(OrderFor("inventory/*", OrderAction::kDisable, kOncall));
  Give(OrderFor("inventory/*", OrderAction::kForceOpen, kSre));
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);
  EXPECT_EQ(circuit->Snapshot().order, 2);
  ASSERT_TRUE(registry_.RevokeOrder(2, kSre).ok());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kDisabled);
  EXPECT_EQ(circuit->Snapshot().order, 1);
  // Policies likewise, field by field.
  Give(PolicyOrder("inventory/*", OpensFor(absl::Seconds(5)), kOncall));
  Give(PolicyOrder("*", OpensFor(absl::Seconds(6)), kSre));
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(6));
  ASSERT_TRUE(registry_.RevokeOrder(4, kSre).ok());
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(5));
}

TEST_F(PolicyLayersTest, P6_AnOrderEndsByItsTime) {
  const auto disabled = Make("inventory/shop.Inventory/Get");
  StandingOrder order = OrderFor("inventory/*", OrderAction::kDisable);
  order.ttl = absl::Minutes(1);
  Give(order);
  StandingOrder policy = PolicyOrder("*", OpensFor(absl::Seconds(5)));
  policy.ttl = absl::Minutes(2);
  Give(policy);
  clock_.Advance(absl::Minutes(1) - absl::Nanoseconds(1));
  EXPECT_EQ(Ids().size(), 2);
  EXPECT_EQ(disabled->Snapshot().mode, Mode::kDisabled);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(Ids(), ElementsAre(2));
  EXPECT_EQ(disabled->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(OpenDurationOf(*disabled), absl::Seconds(5));
  clock_.Advance(absl::Minutes(1));
  // It has no say in a new circuit, for which nobody has to wait until the others are looked at.
  EXPECT_EQ(OpenDurationOf(*Make("users/shop.Users/Get")), absl::Seconds(10));
  EXPECT_EQ(registry_.Circuits().size(), 2);  // is a look
  EXPECT_EQ(OpenDurationOf(*disabled), absl::Seconds(10));
}

TEST_F(PolicyLayersTest, P6_AForcedOpeningEndsInEachCircuitAtATimeOfItsOwn) {
  Policy jittered = SmallPolicy();
  jittered.jitter = 0.1;
  const auto circuit = Make("inventory/shop.Inventory/Get", jittered);
  StandingOrder order = OrderFor("inventory/*", OrderAction::kForceOpen);
  order.ttl = absl::Minutes(1);
  Give(order);
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);  // up to a tenth later
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(circuit->Snapshot().state, State::kHalfOpen);
}

TEST_F(PolicyLayersTest, P6_ACircuitThatComesLateIsHeldForWhatIsLeft) {
  StandingOrder order = OrderFor("inventory/*", OrderAction::kForceOpen);
  order.ttl = absl::Minutes(1);
  Give(order);
  clock_.Advance(absl::Seconds(50));
  const auto late = Make("inventory/shop.Inventory/Get");
  EXPECT_EQ(late->Snapshot().mode, Mode::kForcedOpen);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(late->Snapshot().mode, Mode::kAutomatic);
}

TEST_F(PolicyLayersTest, P6_WhatCodeDoesHoldsUntilTheNextOrderForIt) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  Give(OrderFor("inventory/*", OrderAction::kForceOpen));
  circuit->Disable(kSre);
  EXPECT_EQ(circuit->Snapshot().order, 0);
  Give(OrderFor("users/*", OrderAction::kForceOpen));
  ASSERT_TRUE(registry_.RevokeOrder(1, kSre).ok());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kDisabled);
  Give(OrderFor("inventory/*", OrderAction::kShadow));
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kShadow);
}

TEST_F(PolicyLayersTest, P6_AutomateTakesAwayWhatItCoversAndStandsAgainstTheRest) {
  const auto circuit = Make("inventory/shop.Inventory/Get");
  Give(OrderFor("inventory/shop.Inventory/Get", OrderAction::kForceOpen));
  const auto alone =
      registry_.GiveOrder(OrderFor("inventory/shop.Inventory/Get", OrderAction::kAutomate));
  EXPECT_EQ(alone->id, 0);
  EXPECT_THAT(alone->replaced, ElementsAre(1));
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  // A wider one stays, and is overruled.
  Give(OrderFor("inventory/*", OrderAction::kForceOpen));
  const uint64_t id = Give(OrderFor("inventory/shop.Inventory/Get", OrderAction::kAutomate, kSre));
  EXPECT_NE(id, 0);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(circuit->Snapshot().order, id);
  EXPECT_EQ(Make("inventory/shop.Inventory/Put")->Snapshot().mode, Mode::kForcedOpen);
  ASSERT_TRUE(registry_.RevokeOrder(id, kSre).ok());
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);
  // Of everything.
  EXPECT_EQ(registry_.GiveOrder(OrderFor("*", OrderAction::kAutomate))->id, 0);
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(PolicyLayersTest, P6_AutomateIsIdleBesideOrdersForOthers) {
  Give(OrderFor("ledger/*", OrderAction::kForceOpen));
  Give(OrderFor("inventory/*", OrderAction::kForceOpen));
  EXPECT_EQ(registry_.GiveOrder(OrderFor("inventory/*", OrderAction::kAutomate, kSre))->id, 0);
  EXPECT_THAT(Ids(), ElementsAre(1));
  Give(OrderFor("*/shop.Inventory/Get", OrderAction::kForceOpen));
  EXPECT_NE(registry_.GiveOrder(OrderFor("inventory/*", OrderAction::kAutomate, kSre))->id, 0);
}

TEST_F(PolicyLayersTest, P6_OrdersThatFitNoPolicyAreLeftOutAlone) {
  PolicyPatch small;
  small.values.window = CountWindow{4};
  small.values.minimum_calls = 4;
  small.values.failure_rate = 0.5;
  small.fields = {{"count_window", ""}, {"minimum_calls", ""}, {"failure_rate", ""}};
  PolicyPatch calls;
  calls.values.minimum_calls = 15;
  calls.fields = {{"minimum_calls", ""}};
  Give(PolicyOrder("inventory/*", calls));
  ASSERT_TRUE(registry_.SetOverrides(Of("inventory", small), kOncall).ok());
  events_.clear();
  const auto circuit = Make("inventory/shop.Inventory/Get");
  EXPECT_EQ(circuit->Snapshot().policy->minimum_calls, 4);
  EXPECT_THAT(
      events_.at(1).detail,
      HasSubstr("left out of its policy: invalid policy: minimum_calls = 15, must be from 1 "
                "to 4 (the size of the window); with standing orders about its policy: 1"));
  EXPECT_EQ(OriginOf(circuit->name(), "minimum_calls").layer, PolicyLayer::kFile);
  // Right again together with another one.
  PolicyPatch window;
  window.values.window = CountWindow{20};
  window.fields = {{"count_window.size", ""}};
  Give(PolicyOrder("*", window, kSre));
  EXPECT_EQ(circuit->Snapshot().policy->minimum_calls, 15);
}

TEST_F(PolicyLayersTest, P6_TakesThePlaceOfTheSameOperatorsSameOrder) {
  Give(OrderFor("inventory/*", OrderAction::kForceOpen, kOncall));
  Give(OrderFor("inventory/*", OrderAction::kForceOpen, kSre));
  const auto again = registry_.GiveOrder(OrderFor("inventory/*", OrderAction::kForceOpen, kOncall));
  EXPECT_THAT(again->replaced, ElementsAre(1));
  EXPECT_THAT(Ids(), ElementsAre(2, 3));
  PolicyPatch half_open;
  half_open.values.half_open.max_concurrent = 2;
  half_open.fields = {{"half_open.max_concurrent", ""}};
  Give(PolicyOrder("*", half_open));
  Give(PolicyOrder("*", OpensFor(absl::Seconds(5))));  // of another field
  half_open.fields = {{"half_open", ""}};
  EXPECT_THAT(registry_.GiveOrder(PolicyOrder("*", half_open))->replaced, ElementsAre(4));
}

TEST_F(PolicyLayersTest, P6_IsBounded) {
  for (std::size_t i = 0; i < CircuitRegistry::kMaxOrders; ++i) {
    ASSERT_NE(Give(OrderFor(absl::StrCat("tenants/", i), OrderAction::kForceOpen)), 0);
  }
  EXPECT_EQ(registry_.GiveOrder(OrderFor("more", OrderAction::kForceOpen)).status().code(),
            absl::StatusCode::kResourceExhausted);
  // In the place of another one.
  EXPECT_TRUE(registry_.GiveOrder(OrderFor("tenants/7", OrderAction::kForceOpen)).ok());
  EXPECT_TRUE(registry_.GiveOrder(OrderFor("tenants/*", OrderAction::kAutomate)).ok());
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(PolicyLayersTest, P6_SaysAllThatIsWrongWithAnOrder) {
  StandingOrder order = PolicyOrder("", {});
  order.ttl = absl::Hours(24 * 366);
  const absl::Status status = registry_.GiveOrder(order).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()),
            "invalid order: pattern = 0 bytes, must be 1 to 1024; ttl = 8784h, must be from 1ms to "
            "8760h; change = no field, must name one");
  EXPECT_THAT(
      std::string(registry_.GiveOrder(OrderFor("a\n", OrderAction::kForceOpen)).status().message()),
      HasSubstr("must be printable text"));
  Make("users/shop.Users/Get");
  EXPECT_THAT(
      std::string(
          registry_.GiveOrder(PolicyOrder("users/*", OpensFor(absl::Hours(1)))).status().message()),
      HasSubstr("circuit \"users/shop.Users/Get\": invalid policy"));
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(PolicyLayersTest, P6_APolicyOrderCanBeForThePolicyThatIsExpected) {
  const auto circuit = Make("users/shop.Users/Get");
  const Policy expected = circuit->Snapshot().policy;
  ASSERT_TRUE(
      registry_
          .GiveOrder(PolicyOrder(circuit->name(), OpensFor(absl::Seconds(5))), {true, &expected})
          .ok());
  EXPECT_EQ(
      registry_
          .GiveOrder(PolicyOrder(circuit->name(), OpensFor(absl::Seconds(6))), {true, &expected})
          .status()
          .code(),
      absl::StatusCode::kAborted);
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(5));
}

TEST_F(PolicyLayersTest, P6_APreviewOfAnOrderSaysWhichCircuitsItIsFor) {
  Make("users/shop.Users/Get");
  Make("users/shop.Users/List");
  const auto preview = registry_.PreviewOrder(OrderFor("users/*", OrderAction::kForceOpen));
  EXPECT_EQ(preview->id, 0);
  EXPECT_EQ(preview->circuits.size(), 2);
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_EQ(registry_.Find("users/shop.Users/Get")->Snapshot().mode, Mode::kAutomatic);
}

TEST_F(PolicyLayersTest, P6_OrdersOfAFormerProcessAreObeyed) {
  std::vector<std::vector<StandingOrder>> kept;
  registry_.SetOrderKeeper(
      [&](const std::vector<StandingOrder>& orders) { kept.push_back(orders); });
  StandingOrder order = OrderFor("inventory/*", OrderAction::kForceOpen);
  order.ttl = absl::Minutes(10);
  Give(order);
  Give(OrderFor("users/*", OrderAction::kDisable, kSre));
  ASSERT_TRUE(registry_.RevokeOrder(2, kSre).ok());
  ASSERT_EQ(kept.size(), 3);
  EXPECT_EQ(kept[1].size(), 2);
  ASSERT_EQ(kept[2].size(), 1);

  FakeClock clock;
  clock.Advance(absl::Minutes(4));
  CircuitRegistry::Options options;
  options.clock = &clock;
  CircuitRegistry next(options);
  std::vector<StandingOrder> orders = kept[1];
  orders.push_back(orders[0]);
  orders.push_back(OrderFor("x", OrderAction::kForceOpen));
  EXPECT_THAT(next.RestoreOrders(orders),
              ElementsAre("order 1: there is another one of that number",
                          "order 0: its number must be 1 to 4611686018427387903"));
  const auto circuit = next.GetOrCreate("inventory/a.B/C", SmallPolicy(), "inventory").value();
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kForcedOpen);
  clock.Advance(absl::Minutes(6));
  EXPECT_EQ(next.Orders().size(), 1);
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(next.GiveOrder(OrderFor("more", OrderAction::kForceOpen))->id, 3);
}

TEST_F(PolicyLayersTest, AKeeperThatThrowsIsCounted) {
  registry_.SetOrderKeeper([](const std::vector<StandingOrder>&) { throw 1; });
  EXPECT_NE(Give(OrderFor("inventory/*", OrderAction::kForceOpen)), 0);
  ASSERT_FALSE(events_.empty());
  EXPECT_EQ(events_.back().kind, EventKind::kUserCodeFailed);
  EXPECT_THAT(events_.back().detail, HasSubstr("the order keeper"));
}

// Whoever changes layers while circuits come and calls go: in the end all circuits are as the last
// ones say.
TEST(PolicyLayersConcurrencyTest, P6_InTheEndEveryCircuitIsAsTheLayersSay) {
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  CircuitRegistry registry(options);
  std::atomic<bool> stop{false};
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (!stop) {
      const std::string name = absl::StrCat("inventory/", made.fetch_add(1) % 200);
      const auto circuit = registry.GetOrCreate(name, SmallPolicy(), "inventory").value();
      Admission admission = circuit->TryAcquire();
      if (admission.admitted()) admission.permit().RecordSuccess();
    }
  });
  threads.emplace_back([&] {
    for (int i = 1; i <= 100; ++i) {
      EXPECT_TRUE(
          registry.SetOverrides(Of("inventory", OpensFor(absl::Seconds(i % 50 + 1))), kOncall)
              .ok());
    }
    EXPECT_TRUE(registry.SetOverrides(Of("inventory", OpensFor(absl::Seconds(60))), kOncall).ok());
  });
  for (const char* who : {"oncall", "sre"}) {
    threads.emplace_back([&registry, who] {
      StandingOrder order;
      order.by = Operator(who).Because("why");
      for (int i = 0; i < 100; ++i) {
        order.pattern = i % 2 == 0 ? "inventory/*" : "inventory/1*";
        order.action = i % 3 == 0 ? OrderAction::kDisable : OrderAction::kShadow;
        const auto given = registry.GiveOrder(order);
        EXPECT_TRUE(given.ok()) << given.status();
        if (i % 4 == 0) continue;
        EXPECT_TRUE(registry.RevokeOrder(given->id, order.by).ok());
      }
    });
  }
  for (std::size_t i = 1; i < threads.size(); ++i) threads[i].join();
  stop = true;
  threads[0].join();
  const std::vector<StandingOrder> orders = registry.Orders();
  for (const auto& circuit : registry.Circuits()) {
    const CircuitSnapshot snapshot = circuit->Snapshot();
    uint64_t latest = 0;
    for (const StandingOrder& order : orders) {
      const bool ones = circuit->name().rfind("inventory/1", 0) == 0;
      if (order.pattern == "inventory/*" || ones) latest = order.id;
    }
    EXPECT_EQ(snapshot.order, latest) << circuit->name();
    EXPECT_EQ(snapshot.policy->open_duration, absl::Seconds(60));
  }
}

}  // namespace
}  // namespace fusebox
