// SPDX-License-Identifier: Apache-2.0
//
// Standing orders beside what goes wrong: bad values, slow keepers and listeners, evictions (P6).
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/policy_layers_fixture.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StandingOrdersTest : public PolicyLayersTest {
 protected:
  // As many circuits as there is room for, and no call goes: so the first one has to.
  void FillUp() {
    for (int i = 0; i < 20; ++i) Make(absl::StrCat("others/", i));
  }
};

// ---- Values that no policy can have

TEST_F(StandingOrdersTest, P6_RefusesAValueThatNoPolicyCanHaveWhileNoCircuitFits) {
  const auto given = registry_.GiveOrder(PolicyOrder("inventory/*", OpensFor(-absl::Seconds(1))));
  EXPECT_EQ(given.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(given.status().message(), HasSubstr("open_duration = -1s, must be from 1ms to"));
  PolicyPatch candidate;
  candidate.values.shadow_policy = Policy();
  Policy wrong;
  wrong.minimum_calls = -5;
  candidate.values.shadow_policy = wrong;
  candidate.fields = {{"shadow_policy", ""}};
  EXPECT_THAT(registry_.PreviewOrder(PolicyOrder("*", candidate)).status().message(),
              HasSubstr("shadow_policy.minimum_calls = -5, must be from 1 to"));
  EXPECT_THAT(registry_.Orders(), IsEmpty());
  EXPECT_THAT(registry_.RestoreOrders({[] {
    StandingOrder order = PolicyOrder("*", OpensFor(-absl::Seconds(1)));
    order.id = 1;
    return order;
  }()}),
              ElementsAre(HasSubstr("order 1: invalid order: invalid policy: open_duration")));
}

TEST_F(StandingOrdersTest, P6_OverridesOfNoCircuitAreCheckedTheSame) {
  const auto set = registry_.SetOverrides(Of("inventory", OpensFor(-absl::Seconds(1))), kSre);
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(set.status().message(), HasSubstr("open_duration = -1s"));
}

// A value is not wrong for what it needs beside it.
TEST_F(StandingOrdersTest, P6_TakesAValueThatOnlySomePoliciesCanHave) {
  PolicyPatch probes;
  probes.values.half_open.verdict = ProbeCalls{7};
  probes.fields = {{"half_open.probe_calls", ""}};
  EXPECT_NE(Give(PolicyOrder("inventory/*", probes)), 0);
  Policy with_rate = SmallPolicy();
  with_rate.failure_rate = 0.5;
  EXPECT_EQ(Make("inventory/a.B/C", with_rate)->Snapshot().policy->half_open.verdict,
            (std::variant<SuccessThreshold, ProbeCalls>(ProbeCalls{7})));
}

TEST_F(StandingOrdersTest, P6_AnOrderThatACircuitCannotObeyStopsNoOtherOrderAndNoFile) {
  PolicyPatch probes;
  probes.values.half_open.verdict = ProbeCalls{7};
  probes.fields = {{"half_open.probe_calls", ""}};
  Give(PolicyOrder("inventory/*", probes));
  const auto circuit = Make("inventory/a.B/C");  // without a rate, and so without the order
  EXPECT_NE(Give(PolicyOrder("*", OpensFor(absl::Seconds(5)), kSre)), 0);
  const auto set = registry_.SetOverrides(Of("inventory", OpensFor(absl::Seconds(7))), kSre);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->differences, SizeIs(1));
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(7));
  // The file's own mistakes are told.
  PolicyPatch wrong = probes;
  EXPECT_EQ(registry_.SetOverrides(Of("inventory", wrong), kSre).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(StandingOrdersTest, P6_RestoresNoOrderWithoutATime) {
  StandingOrder order = OrderFor("a", OrderAction::kForceOpen);
  order.id = 1;
  order.from = absl::InfinitePast();
  EXPECT_THAT(registry_.RestoreOrders({order}),
              ElementsAre("order 1: from = infinite, must be a time"));
}

TEST_F(StandingOrdersTest, P6_NumbersNeverBeginAnew) {
  StandingOrder last = OrderFor("a", OrderAction::kForceOpen);
  last.id = std::numeric_limits<uint64_t>::max();
  StandingOrder high = OrderFor("a", OrderAction::kForceOpen);
  high.id = std::numeric_limits<int64_t>::max();
  StandingOrder highest = OrderFor("b", OrderAction::kForceOpen);
  highest.id = high.id / 2;
  EXPECT_THAT(registry_.RestoreOrders({last, high, highest}),
              ElementsAre("order 18446744073709551615: its number must be 1 to 4611686018427387903",
                          "order 9223372036854775807: its number must be 1 to "
                          "4611686018427387903"));
  Give(OrderFor("c", OrderAction::kForceOpen));
  EXPECT_THAT(Ids(), ElementsAre(highest.id, highest.id + 1));
}

TEST_F(StandingOrdersTest, P6_AChangeNamesAFieldOnce) {
  PolicyPatch twice = OpensFor(absl::Seconds(5));
  twice.fields.push_back(twice.fields.front());
  EXPECT_EQ(registry_.GiveOrder(PolicyOrder("*", twice)).status().message(),
            "invalid order: invalid policy: \"open_duration\", must be named once");
  // One on top of another is something else.
  EXPECT_NE(
      Give(PolicyOrder("*", Combined(OpensFor(absl::Seconds(5)), OpensFor(absl::Seconds(6))))), 0);
}

// Each new circuit is held against all of them.
TEST_F(StandingOrdersTest, P6_GlobsHaveABoundInAll) {
  const std::string glob(1'023, 'x');
  for (int i = 0; i < 63; ++i)
    Give(OrderFor(glob + "*", OrderAction::kDisable, Operator(absl::StrCat(i))));
  StandingOrder one_more = OrderFor(glob + "*", OrderAction::kShadow);
  one_more.id = 64;
  EXPECT_EQ(registry_.GiveOrder(one_more).status().message(),
            "the globs of all standing orders come to 65600 bytes, where each * and ? counts "
            "twice, and may come to 65536: revoke some");
  EXPECT_THAT(registry_.RestoreOrders({one_more}), ElementsAre("order 64: there is no room"));
  Give(OrderFor(glob, OrderAction::kShadow));  // a name
  EXPECT_THAT(registry_.Orders(), SizeIs(64));
}

// ---- Keepers

TEST_F(StandingOrdersTest, P6_NoCallWaitsUntilAnEndIsKept) {
  StandingOrder order = OrderFor("inventory/*", OrderAction::kForceOpen);
  order.ttl = absl::Minutes(1);
  Give(order);
  StandingOrder policy = PolicyOrder("inventory/*", OpensFor(absl::Seconds(5)));
  policy.ttl = absl::Minutes(1);
  Give(policy);
  const std::thread::id caller = std::this_thread::get_id();
  int kept_by_caller = 0;
  registry_.SetOrderKeeper([&](const std::vector<StandingOrder>&) {
    if (std::this_thread::get_id() == caller) ++kept_by_caller;
  });
  clock_.Advance(absl::Minutes(1));
  const auto circuit = Make("inventory/a.B/C");
  EXPECT_EQ(circuit->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(10));
  EXPECT_THAT(registry_.List(), SizeIs(1));
  EXPECT_THAT(registry_.Orders(), IsEmpty());
  EXPECT_EQ(kept_by_caller, 0);
  registry_.SetOrderKeeper(nullptr);
}

TEST_F(StandingOrdersTest, P6_TheEndOfAnOrderIsKeptByTheTimer) {
  StandingOrder order = OrderFor("inventory/*", OrderAction::kForceOpen);
  order.ttl = absl::Minutes(1);
  Give(order);
  std::promise<void> kept;
  registry_.SetOrderKeeper([&](const std::vector<StandingOrder>& orders) {
    if (orders.empty()) kept.set_value();
  });
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(registry_.Orders(), IsEmpty());
  kept.get_future().wait();
  registry_.SetOrderKeeper(nullptr);
}

TEST_F(StandingOrdersTest, P6_AKeeperMayAskAndOrder) {
  Make("inventory/a.B/C");
  std::vector<std::size_t> kept;
  std::promise<void> kept_its_own;
  registry_.SetOrderKeeper([&](const std::vector<StandingOrder>& orders) {
    EXPECT_THAT(registry_.List(), SizeIs(1));
    EXPECT_THAT(registry_.Orders(), SizeIs(orders.size()));
    kept.push_back(orders.size());
    if (orders.size() == 1) Give(OrderFor("b", OrderAction::kDisable));
    if (orders.size() == 2) kept_its_own.set_value();
  });
  Give(OrderFor("a", OrderAction::kDisable));
  kept_its_own.get_future().wait();  // by the timer's thread, as nobody gives another one
  registry_.SetOrderKeeper(nullptr);
  EXPECT_THAT(kept, ElementsAre(1, 2));
}

TEST_F(StandingOrdersTest, P6_AKeeperThatThrowsIsCalledAgain) {
  int calls = 0;
  std::promise<std::size_t> kept;
  registry_.SetOrderKeeper([&](const std::vector<StandingOrder>& orders) {
    if (++calls == 1) throw std::runtime_error("the disk is full");
    kept.set_value(orders.size());
  });
  EXPECT_NE(Give(OrderFor("a", OrderAction::kDisable)), 0);
  EXPECT_EQ(kept.get_future().get(), 1);  // nobody gives another one
  registry_.SetOrderKeeper(nullptr);
}

TEST_F(StandingOrdersTest, P6_AKeeperMayTakeItselfAway) {
  int kept = 0;
  registry_.SetOrderKeeper([&](const std::vector<StandingOrder>&) {
    ++kept;
    registry_.SetOrderKeeper(nullptr);
  });
  Give(OrderFor("a", OrderAction::kDisable));
  Give(OrderFor("b", OrderAction::kDisable));
  EXPECT_EQ(kept, 1);
}

TEST_F(StandingOrdersTest, P6_RestoredOrdersAreKept) {
  std::vector<std::size_t> kept;
  registry_.SetOrderKeeper(
      [&](const std::vector<StandingOrder>& orders) { kept.push_back(orders.size()); });
  StandingOrder order = OrderFor("a", OrderAction::kDisable);
  order.id = 4;
  EXPECT_THAT(registry_.RestoreOrders({order}), IsEmpty());
  EXPECT_THAT(kept, ElementsAre(1));
}

TEST_F(StandingOrdersTest, P6_AnOrderForACircuitThatHasGoneChangesNothing) {
  const uint64_t before = Give(OrderFor("inventory/a.B/C", OrderAction::kForceOpen));
  OrderConditions conditions;
  conditions.circuit_exists = true;
  const auto given =
      registry_.GiveOrder(OrderFor("inventory/a.B/C", OrderAction::kForceOpen), conditions);
  EXPECT_EQ(given.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Ids(), ElementsAre(before));
  Make("inventory/a.B/C");
  EXPECT_TRUE(
      registry_.GiveOrder(OrderFor("inventory/a.B/C", OrderAction::kForceOpen), conditions).ok());
}

// What listeners and the keeper use may go once the registry has.
TEST(StandingOrdersEndTest, P6_NobodyIsCalledOnceTheRegistryIsGone) {
  fusebox_testing::FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  auto registry = std::make_unique<CircuitRegistry>(std::move(options));
  std::promise<void> in_keeper;
  std::promise<void> go_on;
  std::atomic<bool> gone{false};
  StandingOrder order;
  order.pattern = "a";
  order.ttl = absl::Minutes(1);
  ASSERT_TRUE(registry->GiveOrder(order).ok());
  registry->SetOrderKeeper([&](const std::vector<StandingOrder>&) {
    in_keeper.set_value();
    go_on.get_future().wait();
    for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
    EXPECT_FALSE(gone);
  });
  clock.Advance(absl::Minutes(1));
  in_keeper.get_future().wait();  // on the timer's thread
  std::thread owner([&] {
    go_on.set_value();
    registry = nullptr;
    gone = true;
  });
  owner.join();
}

// ---- Listeners

TEST(StandingOrdersListenerTest, P6_AListenerThatDoesNotReturnLeavesNoCircuitBehind) {
  std::atomic<bool> told{false};
  std::promise<void> in_listener;
  std::promise<void> go_on;
  CircuitRegistry::Options options;
  options.listener = [&](const Event& event) {
    if (event.kind != EventKind::kModeChanged || told.exchange(true)) return;
    in_listener.set_value();
    go_on.get_future().wait();
  };
  CircuitRegistry registry(std::move(options));
  std::vector<std::shared_ptr<CircuitBreaker>> circuits;
  for (int i = 0; i < 200; ++i) {
    circuits.push_back(registry.GetOrCreate(absl::StrCat("inventory/", i), SmallPolicy()).value());
  }
  std::atomic<int> kept{0};
  registry.SetOrderKeeper([&](const std::vector<StandingOrder>&) { ++kept; });
  std::thread giver([&registry] {
    StandingOrder order;
    order.pattern = "inventory/*";
    order.action = OrderAction::kDisable;
    order.by = kOncall;
    EXPECT_TRUE(registry.GiveOrder(order).ok());
  });
  in_listener.get_future().wait();
  EXPECT_EQ(kept, 1);
  for (const auto& circuit : circuits) EXPECT_EQ(circuit->Snapshot().mode, Mode::kDisabled);
  go_on.set_value();
  giver.join();
}

// Nor does it keep other orders from ending, or whoever looks at circuits.
TEST(StandingOrdersListenerTest, P6_AListenerThatDoesNotReturnAtAnEndHoldsNobody) {
  fusebox_testing::FakeClock clock;
  std::atomic<bool> told{false};
  std::promise<void> in_listener;
  std::promise<void> go_on;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.listener = [&](const Event& event) {
    const bool is_end = event.kind == EventKind::kModeChanged && event.mode_to == Mode::kAutomatic;
    if (!is_end || told.exchange(true)) return;
    in_listener.set_value();
    go_on.get_future().wait();
  };
  CircuitRegistry registry(std::move(options));
  const auto first = registry.GetOrCreate("a", SmallPolicy()).value();
  const auto second = registry.GetOrCreate("b", SmallPolicy()).value();
  StandingOrder order;
  order.action = OrderAction::kDisable;
  order.by = kOncall;
  order.pattern = "a";
  order.ttl = absl::Minutes(1);
  ASSERT_TRUE(registry.GiveOrder(order).ok());
  order.pattern = "b";
  order.ttl = absl::Minutes(2);
  ASSERT_TRUE(registry.GiveOrder(order).ok());
  std::promise<void> kept;
  registry.SetOrderKeeper([&](const std::vector<StandingOrder>& orders) {
    if (orders.empty()) kept.set_value();
  });
  clock.Advance(absl::Minutes(1));
  in_listener.get_future().wait();  // by the thread that looks for ends, as nobody else does
  EXPECT_EQ(first->Snapshot().mode, Mode::kAutomatic);
  EXPECT_EQ(second->Snapshot().mode, Mode::kDisabled);
  clock.Advance(absl::Minutes(1));
  while (second->Snapshot().mode == Mode::kDisabled) std::this_thread::yield();
  EXPECT_THAT(registry.List(), SizeIs(2));
  EXPECT_THAT(registry.Orders(), IsEmpty());
  kept.get_future().wait();
  go_on.set_value();
}

// ---- Policies that were set directly

TEST_F(StandingOrdersTest, P6_AnOrderForADirectPolicyBringsNoOverrides) {
  PolicyPatch rate;
  rate.values.failure_rate = 0.2;
  rate.fields = {{"failure_rate", "a.yaml:1"}};
  ASSERT_TRUE(registry_.SetOverrides(Of("inventory", rate), kSre).ok());
  const std::string name = "inventory/a.B/C";
  const auto circuit = Make(name);
  Policy direct = SmallPolicy();
  direct.failure_rate = 0.9;
  ASSERT_TRUE(circuit->SetPolicy(direct, kSre).ok());
  const uint64_t order = Give(PolicyOrder(name, OpensFor(absl::Seconds(5))));
  EXPECT_EQ(OpenDurationOf(*circuit), absl::Seconds(5));
  EXPECT_EQ(circuit->Snapshot().policy->failure_rate, 0.9);
  EXPECT_EQ(OriginOf(name, "failure_rate").layer, PolicyLayer::kOrder);
  EXPECT_EQ(OriginOf(name, "failure_rate").source, "set directly");
  ASSERT_TRUE(registry_.RevokeOrder(order, kSre).ok());
  EXPECT_EQ(circuit->Snapshot().policy->failure_rate, 0.9);
  FillUp();
  ASSERT_EQ(registry_.Find(name), nullptr);
  EXPECT_EQ(Make(name)->Snapshot().policy->failure_rate, 0.9);
}

// ---- Evictions

TEST_F(StandingOrdersTest, P6_APolicyThatWasSetDirectlyOutlastsOrdersAndEvictions) {
  const std::string name = "inventory/a.B/C";
  Policy direct = SmallPolicy();
  direct.consecutive_failures = 77;
  ASSERT_TRUE(Make(name)->SetPolicy(direct, kSre).ok());
  // An order is laid over it, and it is evicted.
  Give(PolicyOrder("inventory/*", OpensFor(absl::Seconds(5))));
  FillUp();
  ASSERT_EQ(registry_.Find(name), nullptr);
  const auto back = Make(name);
  EXPECT_EQ(back->Snapshot().policy->consecutive_failures, 77);
  EXPECT_EQ(OpenDurationOf(*back), absl::Seconds(5));
  // The order goes while it is away.
  FillUp();
  ASSERT_EQ(registry_.Find(name), nullptr);
  ASSERT_TRUE(registry_.RevokeOrder(1, kOncall).ok());
  EXPECT_EQ(Make(name)->Snapshot().policy->consecutive_failures, 77);
  EXPECT_EQ(OpenDurationOf(*Make(name)), absl::Seconds(10));
}

TEST_F(StandingOrdersTest, P6_AnOrderThatIsGivenMeanwhileIsLaidOverADirectPolicy) {
  const std::string name = "inventory/a.B/C";
  Policy direct = SmallPolicy();
  direct.consecutive_failures = 77;
  Give(PolicyOrder("inventory/*", OpensFor(absl::Seconds(5))));
  ASSERT_TRUE(Make(name)->SetPolicy(direct, kSre).ok());
  FillUp();
  ASSERT_EQ(registry_.Find(name), nullptr);
  // The earlier order has no say.
  EXPECT_EQ(OpenDurationOf(*Make(name)), absl::Seconds(10));
  FillUp();
  ASSERT_EQ(registry_.Find(name), nullptr);
  Give(PolicyOrder("*", OpensFor(absl::Seconds(6)), kOncall));
  const auto back = Make(name);
  EXPECT_EQ(OpenDurationOf(*back), absl::Seconds(6));
  EXPECT_EQ(back->Snapshot().policy->consecutive_failures, 77);
}

}  // namespace
}  // namespace fusebox
