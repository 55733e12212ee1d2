// SPDX-License-Identifier: Apache-2.0
#include "interceptors/circuit_finder.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/circuit_name.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/event.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/policy.h"
#include "fusebox/policy_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitKey;
using fusebox::CircuitName;
using fusebox::CircuitRegistry;
using fusebox::internal::CircuitFinder;
using fusebox::internal::FoundCircuit;
using fusebox::internal::ProtectedMethod;

constexpr char kReserve[] = "/shop.Inventory/Reserve";

// What a table holds for a key or a method, however long that is.
constexpr std::size_t kMostBytesHeld = fusebox::kMaxCircuitNameBytes + 1;

class CircuitFinderTest : public testing::Test {
 protected:
  void Use(CircuitKey key, fusebox::PolicyTable policies = {}) {
    finder_.emplace("inventory", registry_,
                    fusebox::internal::MethodTable(std::move(policies), {}, {}, {}),
                    fusebox::CircuitScope::kPerMethod, std::move(key));
  }
  FoundCircuit OfKey(const std::string& key) {
    key_ = key;
    return finder_->FindCircuit(*finder_->FindMethod(kReserve), nullptr);
  }

  std::string key_;
  std::shared_ptr<CircuitRegistry> registry_ = std::make_shared<CircuitRegistry>();
  std::optional<CircuitFinder> finder_;
};

TEST_F(CircuitFinderTest, P2_OfALongKeyNoMoreIsHeldThanOfACircuitsName) {
  Use([this](const fusebox::CallInfo&) { return key_; });
  const std::string key(100'000, 'x');
  const FoundCircuit found = OfKey(key);
  ASSERT_NE(found.breaker, nullptr);
  EXPECT_EQ(found.breaker->name(), CircuitName::OfKey("inventory", key).text());
  EXPECT_LE(found.holder->key().size(), kMostBytesHeld);
  const FoundCircuit again = OfKey(key);
  EXPECT_EQ(again.breaker, found.breaker);
  EXPECT_EQ(again.holder.get(), found.holder.get());
  EXPECT_EQ(registry_->size(), 1U);
}

TEST_F(CircuitFinderTest, P3_KeysOfEveryLengthHaveACircuitOfTheirOwn) {
  Use([this](const fusebox::CallInfo&) { return key_; });
  const std::string longest_short(fusebox::kMaxCircuitNameBytes, 'x');
  const std::string other_end = std::string(1'000, 'x') + "y";
  const FoundCircuit held = OfKey(other_end);
  // The last is what stands for a long key: as a key, it is another one.
  for (const std::string& key : {longest_short, longest_short + "x", std::string(1'000, 'x') + "z",
                                 held.breaker->name(), held.holder->key()}) {
    EXPECT_EQ(OfKey(key).breaker->name(), CircuitName::OfKey("inventory", key).text());
    EXPECT_NE(OfKey(key).breaker, held.breaker);
  }
  EXPECT_EQ(registry_->size(), 6U);
  EXPECT_EQ(OfKey(other_end).breaker, held.breaker);
}

// As a proxy may be asked for.
TEST_F(CircuitFinderTest, P2_OfALongMethodNoMoreIsHeldThanOfACircuitsName) {
  const std::string method = absl::StrCat("/shop.Inventory/", std::string(100'000, 'x'));
  const std::string known = absl::StrCat("/shop.Inventory/", std::string(1'000, 'x'));
  fusebox::Policy policy;
  policy.consecutive_failures = 77;
  Use(nullptr, fusebox::PolicyTable().Method(known.substr(1), policy));
  const ProtectedMethod found = *finder_->FindMethod(method);
  EXPECT_EQ(found.name(), method);
  EXPECT_LE(found.entry().key().size(), kMostBytesHeld);
  EXPECT_EQ(&finder_->FindMethod(method)->entry(), &found.entry());
  EXPECT_EQ(finder_->FindCircuit(found, nullptr).breaker->name(),
            CircuitName::OfMethod("inventory", method).text());
  EXPECT_EQ(finder_->FindMethod(known)->settings().policy->consecutive_failures, 77);
  EXPECT_NE(found.settings().policy->consecutive_failures, 77);
  EXPECT_EQ(registry_->size(), 1U);
}

TEST_F(CircuitFinderTest, P1_ALongMethodMayBeUnprotected) {
  const std::string method = absl::StrCat("shop.Inventory/", std::string(1'000, 'x'));
  Use(nullptr, fusebox::PolicyTable().Unprotected(method));
  EXPECT_FALSE(finder_->FindMethod("/" + method));
  EXPECT_FALSE(finder_->FindMethod("/" + method));
  EXPECT_TRUE(finder_->FindMethod("/" + method + "x"));
}

TEST_F(CircuitFinderTest, AKeyThatThrowsIsCountedWhereNoCircuitCanBeHad) {
  CircuitRegistry::Options options;
  options.max_circuits = 1;
  registry_ = std::make_shared<CircuitRegistry>(std::move(options));
  (*registry_->GetOrCreate("held", fusebox::Policy()))
      ->Disable(fusebox::Operator("oncall").Because("why"));
  Use([](const fusebox::CallInfo&) -> std::string { throw std::runtime_error("no tenant"); });
  EXPECT_EQ(OfKey("").breaker, nullptr);
  EXPECT_EQ(registry_->Stats().unprotected_calls, 1);
  EXPECT_EQ(registry_->Stats().user_code_failures, 1);
  const fusebox::Event event = registry_->EventsSince(0).events.back();
  EXPECT_EQ(event.kind, fusebox::EventKind::kUserCodeFailed);
  EXPECT_EQ(event.detail, "the circuit_key function threw std::runtime_error");
  EXPECT_EQ(event.circuit, "");
}

}  // namespace
}  // namespace fusebox_testing
