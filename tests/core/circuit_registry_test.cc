// SPDX-License-Identifier: Apache-2.0
//
// The circuits by name (rules P3, P4).
#include "fusebox/circuit_registry.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;

class CircuitRegistryTest : public ::testing::Test {
 protected:
  CircuitRegistryTest() : registry_(OptionsFor(*this)) {}

  static CircuitRegistry::Options OptionsFor(CircuitRegistryTest& test) {
    CircuitRegistry::Options options;
    options.clock = &test.clock_;
    options.seed = 1;
    options.listener = [&test](const Event& event) { test.events_.push_back(event); };
    return options;
  }

  std::shared_ptr<CircuitBreaker> Get(const std::string& name) {
    return registry_.GetOrCreate(name, SmallPolicy()).value();
  }
  static void Open(CircuitBreaker& breaker) {
    for (int i = 0; i < 3; ++i) breaker.TryAcquire().permit().RecordFailure();
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const CircuitSnapshot& circuit : registry_.List()) names.push_back(circuit.name);
    return names;
  }

  FakeClock clock_;
  std::vector<Event> events_;
  CircuitRegistry registry_;
};

TEST_F(CircuitRegistryTest, P3_OneNameIsOneCircuit) {
  const auto a = Get("inventory/shop.Inventory/Reserve");
  EXPECT_EQ(a->name(), "inventory/shop.Inventory/Reserve");
  EXPECT_EQ(Get("inventory/shop.Inventory/Reserve"), a);
  EXPECT_NE(Get("inventory/shop.Inventory/Watch"), a);
  EXPECT_NE(Get("orders/shop.Inventory/Reserve"), a);
  Open(*a);
  EXPECT_EQ(Get("inventory/shop.Inventory/Reserve")->state(), State::kOpen);
  EXPECT_EQ(Get("orders/shop.Inventory/Reserve")->state(), State::kClosed);
}

TEST_F(CircuitRegistryTest, P3_AnExistingCircuitKeepsItsPolicy) {
  const auto first = Get("a");
  Policy other;
  other.consecutive_failures = 99;
  EXPECT_EQ(registry_.GetOrCreate("a", other).value(), first);
  EXPECT_EQ(first->Snapshot().policy->consecutive_failures, 3);
  other.jitter = 7;  // not even looked at
  EXPECT_EQ(registry_.GetOrCreate("a", other).value(), first);
}

TEST_F(CircuitRegistryTest, P3_ACircuitKnowsItsTarget) {
  const auto circuit = registry_.GetOrCreate("dns:///a/shop.Cart/Add", SmallPolicy(), "dns:///a");
  ASSERT_TRUE(circuit.ok());
  EXPECT_EQ((*circuit)->target(), "dns:///a");
  EXPECT_EQ((*circuit)->Snapshot().target, "dns:///a");
  EXPECT_EQ(Get("b")->target(), "");
  EXPECT_EQ(registry_.GetOrCreate("c/shop.Cart/Add", SmallPolicy(), "d").status(),
            absl::InvalidArgumentError("invalid circuit: target = \"d\", must be the target of the "
                                       "name \"c/shop.Cart/Add\""));
  EXPECT_EQ(registry_.Find("c/shop.Cart/Add"), nullptr);
}

TEST_F(CircuitRegistryTest, P1_TellsWhichSettingsNoCallHasMatched) {
  const auto use = registry_.TrackPolicies(
      "inventory", {{"policy", "a.B"}, {"fallback", "a.B/C"}, {"policy", "a.B"}});
  EXPECT_EQ(use->entries().size(), 2U);
  ASSERT_EQ(registry_.UnusedPolicies().size(), 2U);
  EXPECT_EQ(registry_.UnusedPolicies()[0].target, "inventory");
  EXPECT_EQ(registry_.UnusedPolicies()[0].setting, "policy");
  EXPECT_EQ(registry_.UnusedPolicies()[0].name, "a.B");
  use->Note("policy", "a.B/C");  // there is no such entry
  use->Note("policy", "");
  EXPECT_EQ(registry_.UnusedPolicies().size(), 2U);
  use->Note("policy", "a.B");
  ASSERT_EQ(registry_.UnusedPolicies().size(), 1U);
  EXPECT_EQ(registry_.UnusedPolicies()[0].name, "a.B/C");
}

TEST_F(CircuitRegistryTest, PagesByNameWhileCircuitsComeAndGo) {
  const auto names = [](const std::vector<std::shared_ptr<CircuitBreaker>>& circuits) {
    std::vector<std::string> found;
    for (const auto& circuit : circuits) found.push_back(circuit->name());
    return found;
  };
  for (const char* name : {"d", "b", "e", "c"}) Get(name);
  EXPECT_THAT(names(registry_.Circuits()), ElementsAre("b", "c", "d", "e"));
  EXPECT_THAT(names(registry_.Circuits("", 2)), ElementsAre("b", "c"));
  Get("a");                                 // before the page that was read
  EXPECT_TRUE(registry_.Remove("c").ok());  // the last of it
  EXPECT_THAT(names(registry_.Circuits("c", 2)), ElementsAre("d", "e"));
  EXPECT_THAT(names(registry_.Circuits("e", 2)), ElementsAre());
}

TEST_F(CircuitRegistryTest, EventsComeInPiecesToo) {
  for (const char* name : {"a", "b", "c"}) Get(name);
  EventBatch batch = registry_.EventsSince(0, 2);
  ASSERT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.events[1].sequence, 2U);
  EXPECT_EQ(batch.last, 3U);
  batch = registry_.EventsSince(2, 2);
  ASSERT_EQ(batch.events.size(), 1U);
  EXPECT_EQ(batch.events[0].circuit, "c");
  EXPECT_TRUE(registry_.EventsSince(3).events.empty());
  EXPECT_TRUE(registry_.EventsSince(99).events.empty());  // there have not been that many
}

TEST_F(CircuitRegistryTest, AListenerMayComeAndGo) {
  const auto circuit = Get("a");  // made before it came
  int heard = 0;
  ListenerHandle handle = registry_.AddListener([&heard](const Event&) { ++heard; });
  circuit->Reset(Operator("oncall").Because("to see"));
  EXPECT_EQ(heard, 1);
  Get("b");
  EXPECT_EQ(heard, 2);
  const std::size_t by_the_first = events_.size();
  handle = {};
  circuit->Reset(Operator("oncall").Because("to see"));
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(events_.size(), by_the_first + 1);
}

TEST_F(CircuitRegistryTest, AListenerMayLeaveWhileItIsCalled) {
  ListenerHandle handle;
  int heard = 0;
  handle = registry_.AddListener([&](const Event&) {
    ++heard;
    handle = {};
  });
  Get("a");
  Get("b");
  EXPECT_EQ(heard, 1);
}

TEST_F(CircuitRegistryTest, R11_AnInvalidPolicyOrNameMakesNothing) {
  Policy bad;
  bad.jitter = 1;
  EXPECT_EQ(registry_.GetOrCreate("a", bad).status(), Validate(bad));
  EXPECT_EQ(registry_.GetOrCreate("", Policy()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(registry_.Find("a"), nullptr);
  EXPECT_TRUE(registry_.List().empty());
}

TEST_F(CircuitRegistryTest, P4_LookingUpNeverMakesACircuit) {
  EXPECT_EQ(registry_.Find("a"), nullptr);
  EXPECT_EQ(registry_.Find(""), nullptr);
  EXPECT_EQ(registry_.Remove("a").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(registry_.ResetAll(Operator("oncall").Because("why")), 0);
  EXPECT_TRUE(registry_.List().empty());
  const auto a = Get("a");
  EXPECT_EQ(registry_.Find("a"), a);
  EXPECT_EQ(registry_.Find("A"), nullptr);
}

TEST_F(CircuitRegistryTest, ARemovedCircuitLivesOnForItsHolders) {
  const auto old = Get("a");
  Admission admission = old->TryAcquire();
  EXPECT_TRUE(registry_.Remove("a").ok());
  EXPECT_EQ(registry_.Find("a"), nullptr);
  EXPECT_TRUE(admission.permit().RecordFailure());
  EXPECT_EQ(old->Snapshot().totals.failure, 1);
  const auto fresh = Get("a");
  EXPECT_NE(fresh, old);
  EXPECT_EQ(fresh->Snapshot().totals.failure, 0);
  EXPECT_TRUE(registry_.Remove("a").ok());
  const absl::Status again = registry_.Remove("a");
  EXPECT_EQ(again.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(again.message(), "no circuit named \"a\"");
}

TEST(CircuitRegistry, CircuitsOutliveTheirRegistry) {
  std::shared_ptr<CircuitBreaker> breaker;
  {
    CircuitRegistry registry;
    breaker = registry.GetOrCreate("a", Policy()).value();
  }
  EXPECT_TRUE(breaker->TryAcquire().admitted());
}

TEST(CircuitRegistry, TheRealClockByDefault) {
  EXPECT_EQ(&CircuitRegistry().clock(), &Clock::Real());
  CircuitRegistry::Options options;
  options.clock = nullptr;
  CircuitRegistry registry(options);
  EXPECT_EQ(&registry.clock(), &Clock::Real());
  EXPECT_EQ(&registry.GetOrCreate("a", Policy()).value()->clock(), &Clock::Real());
}

TEST_F(CircuitRegistryTest, ListIsByNameAndUpToDate) {
  for (const char* name : {"b", "a", "c", "B", "ab"}) Get(name);
  EXPECT_THAT(Names(), ElementsAre("B", "a", "ab", "b", "c"));
  Open(*Get("ab"));
  EXPECT_EQ(registry_.List()[2].state, State::kOpen);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(registry_.List()[2].state, State::kHalfOpen);
  EXPECT_TRUE(registry_.Remove("b").ok());
  EXPECT_THAT(Names(), ElementsAre("B", "a", "ab", "c"));
}

// Their names in no order.
TEST_F(CircuitRegistryTest, ListOfManyHasEachWithWhatItHasCounted) {
  constexpr int kCircuits = 12'000;
  constexpr int kStride = 7'919;  // a prime
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  CircuitRegistry registry(options);
  for (int i = 0; i < kCircuits; ++i) {
    const int number = i * kStride % kCircuits;
    const auto circuit = registry.GetOrCreate(absl::StrCat("a tenant/", number), SmallPolicy());
    for (int call = 0; call < number % 3; ++call) (*circuit)->TryAcquire().permit().RecordSuccess();
  }
  std::map<std::string, int64_t> expected;  // by name
  for (int i = 0; i < kCircuits; ++i) expected[absl::StrCat("a tenant/", i)] = i % 3;

  std::vector<std::string> names;
  for (const CircuitSnapshot& circuit : registry.List()) {
    EXPECT_EQ(circuit.totals.success, expected[circuit.name]) << circuit.name;
    names.push_back(circuit.name);
  }
  std::vector<std::string> expected_names;
  expected_names.reserve(expected.size());
  for (const auto& [name, successes] : expected) expected_names.push_back(name);
  EXPECT_EQ(names, expected_names);
}

// Does something at its next reading: what another thread may do by then.
class MeanwhileClock : public Clock {
 public:
  void AtNextReading(std::function<void()> what) { what_ = std::move(what); }

  SteadyTime Now() const override {
    if (what_ != nullptr) std::exchange(what_, nullptr)();
    return SteadyTime();
  }
  absl::Time WallNow() const override { return absl::UnixEpoch(); }

 private:
  mutable std::function<void()> what_;
};

// A circuit is made without the registry's lock: what is known from before may no longer hold.
class WhileACircuitIsMade : public ::testing::Test {
 protected:
  static CircuitRegistry::Options OptionsFor(const Clock& clock) {
    CircuitRegistry::Options options;
    options.clock = &clock;
    options.max_circuits = 0;
    return options;
  }
  std::shared_ptr<CircuitBreaker> Get(const std::string& name) {
    return registry_.GetOrCreate(name, SmallPolicy()).value();
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& circuit : registry_.Circuits()) names.push_back(circuit->name());
    return names;
  }

  MeanwhileClock clock_;
  CircuitRegistry registry_{OptionsFor(clock_)};
};

TEST_F(WhileACircuitIsMade, P3_AnotherOfItsNameMayBeAdded) {
  Get("a");
  Get("c");
  std::shared_ptr<CircuitBreaker> others;
  clock_.AtNextReading([&] { others = Get("b"); });
  const auto mine = Get("b");
  ASSERT_NE(others, nullptr);
  EXPECT_EQ(mine, others);
  EXPECT_THAT(Names(), ElementsAre("a", "b", "c"));
}

TEST_F(WhileACircuitIsMade, P3_OthersMayComeAndGo) {
  constexpr int kCircuits = 500;
  std::set<std::string> expected;
  for (int i = 0; i < kCircuits; ++i) {
    const std::string name = absl::StrCat("m", i * 263 % kCircuits);
    const std::string before = absl::StrCat(name, " before");
    bool has_been = false;
    clock_.AtNextReading([&] {
      has_been = true;
      // Right and left of where it will be.
      Get(absl::StrCat(name, "-"));
      Get(before);
      if (i % 2 == 0) {
        EXPECT_TRUE(registry_.Remove(before).ok());
      }
    });
    EXPECT_EQ(Get(name)->name(), name);
    ASSERT_TRUE(has_been);
    expected.insert(name);
    expected.insert(absl::StrCat(name, "-"));
    if (i % 2 != 0) expected.insert(before);
  }
  EXPECT_THAT(Names(), ::testing::ElementsAreArray(expected));
  for (const std::string& name : expected) EXPECT_EQ(registry_.Find(name)->name(), name);
}

TEST_F(CircuitRegistryTest, ResetAllResetsEachAndSaysHowMany) {
  for (const char* name : {"a", "b", "c"}) Open(*Get(name));
  events_.clear();
  EXPECT_EQ(registry_.ResetAll(Operator("oncall").Because("failover done")), 3);
  for (const CircuitSnapshot& circuit : registry_.List()) {
    EXPECT_EQ(circuit.state, State::kClosed) << circuit.name;
  }
  ASSERT_EQ(events_.size(), 6U);
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const Event& event = events_[i];
    EXPECT_EQ(event.kind, i % 2 == 0 ? EventKind::kReset : EventKind::kTransition);
    EXPECT_EQ(event.cause, Cause::kReset);
    EXPECT_EQ(event.actor, "oncall");
    EXPECT_EQ(event.detail, "failover done");
  }
}

TEST_F(CircuitRegistryTest, TheListenerHearsOfEveryCircuit) {
  Open(*Get("a"));
  Open(*Get("b"));
  ASSERT_EQ(events_.size(), 6U);
  constexpr EventKind kKinds[] = {EventKind::kCircuitAdded, EventKind::kRuleExceeded,
                                  EventKind::kTransition};
  for (std::size_t i = 0; i < events_.size(); ++i) {
    EXPECT_EQ(events_[i].circuit, i < 3 ? "a" : "b");
    EXPECT_EQ(events_[i].kind, kKinds[i % 3]);
    EXPECT_EQ(events_[i].sequence, i + 1);
  }
}

TEST(CircuitRegistry, AListenerMayUseTheRegistry) {
  CircuitRegistry* itself = nullptr;
  CircuitRegistry::Options options;
  options.listener = [&](const Event& event) {
    if (event.kind != EventKind::kTransition) return;
    EXPECT_NE(itself->Find(event.circuit), nullptr);
    EXPECT_EQ(itself->List().size(), 1U);
    EXPECT_TRUE(itself->Remove(event.circuit).ok());
  };
  CircuitRegistry registry(options);
  itself = &registry;
  const auto breaker = registry.GetOrCreate("a", SmallPolicy()).value();
  for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();
  EXPECT_EQ(registry.Find("a"), nullptr);
}

TEST_F(CircuitRegistryTest, TheClockIsEveryCircuits) {
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(registry_.clock().Now(), clock_.Now());
  EXPECT_EQ(registry_.clock().WallNow(), clock_.WallNow());
  EXPECT_EQ(&Get("a")->clock(), &registry_.clock());
}

TEST(CircuitRegistry, R4_TheSeedDecidesEachCircuitsJitterByItsName) {
  FakeClock clock;
  const auto opening = [&](uint64_t seed, const char* name) {
    CircuitRegistry::Options options;
    options.clock = &clock;
    options.seed = seed;
    CircuitRegistry registry(options);
    Policy policy = SmallPolicy();
    policy.jitter = 0.5;
    const auto breaker = registry.GetOrCreate(name, policy).value();
    for (int i = 0; i < 3; ++i) breaker->TryAcquire().permit().RecordFailure();
    return breaker->TryAcquire().retry_after();
  };
  EXPECT_EQ(opening(1, "a"), opening(1, "a"));
  EXPECT_NE(opening(1, "a"), opening(1, "b"));
  EXPECT_NE(opening(1, "a"), opening(2, "a"));
}

}  // namespace
}  // namespace fusebox
