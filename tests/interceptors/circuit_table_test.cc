// SPDX-License-Identifier: Apache-2.0
#include "interceptors/circuit_table.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitRegistry;
using fusebox::internal::CircuitTable;
using fusebox::internal::EntryRef;
using fusebox::internal::FoundCircuit;

class CircuitTableTest : public testing::Test {
 protected:
  static constexpr std::size_t kMaxCircuits = 100;

  CircuitTableTest() {
    CircuitRegistry::Options options;
    options.max_circuits = kMaxCircuits;
    registry_ = std::make_shared<CircuitRegistry>(std::move(options));
    table_ = std::make_unique<CircuitTable>(registry_, "inventory");
    settings_.policy = &policy_;
  }

  FoundCircuit Circuit(const std::string& key) {
    return table_->Circuit(key, settings_, [&] {
      return fusebox::internal::NewCircuit{absl::StrCat("inventory/", key), {}};
    });
  }
  std::shared_ptr<fusebox::CircuitBreaker> Registered(const std::string& key) {
    return registry_->Find(absl::StrCat("inventory/", key));
  }

  const fusebox::Policy policy_;
  fusebox::internal::MethodSettings settings_;
  std::shared_ptr<CircuitRegistry> registry_;
  std::unique_ptr<CircuitTable> table_;
};

TEST_F(CircuitTableTest, FindsWhatWasAdded) {
  EXPECT_FALSE(table_->Find("a"));
  const FoundCircuit a = Circuit("a");
  EXPECT_EQ(a.breaker, Registered("a").get());
  EXPECT_EQ(Circuit("a").breaker, a.breaker);
  const EntryRef entry = table_->Find("a");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->key(), "a");
  EXPECT_EQ(entry->settings().policy, &policy_);
  EXPECT_EQ(entry->breaker(), a.breaker);
  EXPECT_FALSE(table_->Find(""));
  table_->Add("", settings_);
  EXPECT_TRUE(table_->Find(""));
}

TEST_F(CircuitTableTest, HoldsAnyNumberOfKeysThatHaveCircuits) {
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  CircuitTable table(std::make_shared<CircuitRegistry>(std::move(options)), "t");
  constexpr int kKeys = 20'000;
  const auto circuit = [&](int i) {
    const std::string key = absl::StrCat("key ", i);
    return table
        .Circuit(key, settings_,
                 [&] {
                   return fusebox::internal::NewCircuit{absl::StrCat("t/", key), {}};
                 })
        .breaker;
  };
  std::set<fusebox::CircuitBreaker*> circuits;
  for (int i = 0; i < kKeys; ++i) circuits.insert(circuit(i));
  EXPECT_EQ(circuits.size(), static_cast<std::size_t>(kKeys));
  int known = 0;
  for (int i = 0; i < kKeys; ++i) {
    if (table.Find(absl::StrCat("key ", i))) ++known;
    EXPECT_EQ(circuit(i)->name(), absl::StrCat("t/key ", i));
  }
  // One whose bucket is full goes, and is made again: very few.
  EXPECT_GT(known, kKeys * 99 / 100);
}

TEST_F(CircuitTableTest, IsCleanedOfKeysWhoseCircuitsAreGone) {
  const std::weak_ptr<fusebox::CircuitBreaker> first = [&] {
    Circuit("first");
    return std::weak_ptr<fusebox::CircuitBreaker>(Registered("first"));
  }();
  for (int i = 0; i < 20'000; ++i) Circuit(absl::StrCat("one-off ", i));
  EXPECT_LE(table_->size(), 4 * kMaxCircuits);
  EXPECT_TRUE(first.expired());
  EXPECT_FALSE(table_->Find("first"));
}

TEST_F(CircuitTableTest, IsCleanedOfKeysWithoutACircuitThatNobodyAsksFor) {
  for (int i = 0; i < 20'000; ++i) {
    table_->Add(absl::StrCat("method ", i), settings_);
    const EntryRef asked_for = table_->Find("method 0");
    ASSERT_TRUE(asked_for) << i;
    asked_for->Touch();
  }
  EXPECT_LE(table_->size(), 2'500U);
}

TEST_F(CircuitTableTest, ACircuitLivesWhileACallHoldsIt) {
  FoundCircuit held = Circuit("held");
  const std::weak_ptr<fusebox::CircuitBreaker> circuit = Registered("held");
  fusebox::CircuitBreaker* const breaker = held.breaker;
  ASSERT_TRUE(registry_->Remove("inventory/held").ok());
  for (int i = 0; i < 1'000; ++i) Circuit(absl::StrCat("one-off ", i));
  ASSERT_FALSE(circuit.expired());
  EXPECT_EQ(breaker->name(), "inventory/held");
  EXPECT_NE(Circuit("held").breaker, breaker) << "the key has another one now";

  held = FoundCircuit();
  for (int i = 0; i < 1'000; ++i) Circuit(absl::StrCat("another ", i));
  EXPECT_TRUE(circuit.expired());
}

TEST_F(CircuitTableTest, AnEntryThatIsHeldKeepsItsKeyAndCircuit) {
  const EntryRef held = table_->Add("/shop.Inventory/Reserve", settings_);
  const auto circuit = [&] {
    return table_->CircuitOf(*held, [] {
      return fusebox::internal::NewCircuit{"inventory/shop.Inventory/Reserve", {}};
    });
  };
  std::vector<FoundCircuit> found;
  for (int round = 0; round < 10; ++round) {  // as often as an operator likes
    found.push_back(circuit());
    ASSERT_NE(found.back().breaker, nullptr);
    EXPECT_EQ(found.back().breaker, registry_->Find("inventory/shop.Inventory/Reserve").get());
    EXPECT_EQ(circuit().breaker, found.back().breaker);
    ASSERT_TRUE(registry_->Remove("inventory/shop.Inventory/Reserve").ok());
    for (int i = 0; i < 300; ++i) Circuit(absl::StrCat("one-off ", round, " ", i));
  }
  EXPECT_EQ(held->key(), "/shop.Inventory/Reserve");
  for (const FoundCircuit& each : found) {
    EXPECT_EQ(each.breaker->name(), "inventory/shop.Inventory/Reserve");
    each.breaker->TryAcquire().permit().RecordSuccess();
    EXPECT_EQ(each.breaker->Snapshot().totals.success, 1);
  }
}

// As of methods: what is found without counting must never be let go of.
TEST_F(CircuitTableTest, PinnedEntriesStayWithTheirCircuits) {
  constexpr int kPinned = 3;
  CircuitTable table(registry_, "inventory", kPinned);
  const auto circuit = [&](const std::string& key) {
    return table.Circuit(key, settings_, [&] {
      return fusebox::internal::NewCircuit{absl::StrCat("inventory/", key), {}};
    });
  };
  std::vector<std::weak_ptr<fusebox::CircuitBreaker>> circuits;
  for (int round = 0; round <= kPinned; ++round) {
    fusebox::CircuitBreaker* const breaker = circuit("method").breaker;
    circuits.emplace_back(Registered("method"));
    EXPECT_EQ(breaker, circuits.back().lock().get());
    EXPECT_EQ(circuit("method").breaker, breaker);
    ASSERT_TRUE(registry_->Remove("inventory/method").ok());
  }
  for (int i = 0; i < 1'000; ++i) circuit(absl::StrCat("one-off ", i));
  for (int round = 0; round < kPinned; ++round) {
    EXPECT_FALSE(circuits[static_cast<std::size_t>(round)].expired()) << round;
  }
  EXPECT_TRUE(circuits.back().expired()) << "there may be no more that are pinned";
  const FoundCircuit last = circuit("method");
  EXPECT_EQ(last.breaker, Registered("method").get());
}

TEST_F(CircuitTableTest, P4_NoCircuitCanBeHadOfAFullRegistry) {
  for (std::size_t i = 0; i < kMaxCircuits; ++i) {
    Circuit(absl::StrCat("held ", i)).breaker->Disable(fusebox::Operator("oncall").Because("why"));
  }
  const std::size_t entries = table_->size();
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(Circuit(absl::StrCat("one-off ", i)).breaker, nullptr);
  }
  EXPECT_EQ(table_->size(), entries);
  EXPECT_EQ(registry_->Stats().unprotected_calls, 1'000);
  EXPECT_NE(Circuit("held 0").breaker, nullptr);
}

}  // namespace
}  // namespace fusebox_testing
