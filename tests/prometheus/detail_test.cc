// SPDX-License-Identifier: Apache-2.0
//
// How many series there are by default: few for a circuit that is well, all for one that is or was
// in trouble, and sums over each target that no eviction takes anything from.
#include <cstddef>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/prometheus/test_collector.h"

namespace fusebox {
namespace {

using fusebox_testing::CollectorTest;
using fusebox_testing::Scrape;
using fusebox_testing::SmallPolicy;
using ::testing::Optional;

class DetailTest : public CollectorTest {
 protected:
  explicit DetailTest(std::size_t max_circuits = 10'000) : CollectorTest(max_circuits) {
    Collect(MetricDetail::kTroubled);
  }
  std::shared_ptr<CircuitBreaker> MakeOf(const std::string& target, const std::string& name) {
    return registry_->GetOrCreate(name, SmallPolicy(), target).value();
  }
};

class BoundedDetailTest : public DetailTest {
 protected:
  BoundedDetailTest() : DetailTest(/*max_circuits=*/10) {}
};

TEST_F(DetailTest, TenThousandCircuitsThatAreWellHaveFiveSeriesEach) {
  const std::size_t without = Scraped().size();
  for (int i = 0; i < 10'000; ++i) {
    Call(*MakeOf("inventory", absl::StrCat("inventory/", i)), Outcome::Success());
  }
  const std::size_t of_one_target = 20;
  EXPECT_LE(Scraped().size(), without + of_one_target + 5 * 10'000);
}

TEST_F(DetailTest, WhatRatesAreMadeOfIsThereBeforeItsFirstIncrease) {
  const auto circuit = Make("a");
  const Scrape before = Scraped();
  Open(*circuit);
  circuit->TryAcquire().permit().RecordSuccess();  // rejected
  const Scrape after = Scraped();
  for (const auto& [result, count] :
       std::map<std::string, int>{{"success", 0}, {"failure", 3}, {"rejected", 1}}) {
    EXPECT_THAT(before.Calls("a", result), Optional(0)) << result;
    EXPECT_THAT(after.Calls("a", result), Optional(count)) << result;
  }
  const std::string opening = "from_state=closed,to_state=open";
  EXPECT_THAT(before.Value("a", "circuit_breaker_state_transitions_total", opening), Optional(0));
  EXPECT_THAT(after.Value("a", "circuit_breaker_state_transitions_total", opening), Optional(1));
  EXPECT_THAT(before.Value("a", "circuit_breaker_state", "state=closed"), Optional(1));
  EXPECT_THAT(after.Value("a", "circuit_breaker_state", "state=closed"), Optional(0));
}

TEST_F(DetailTest, R23_ACandidateHasSeriesAndNobodyElseHas) {
  Make("without");
  Policy policy = SmallPolicy();
  policy.shadow_policy = SmallPolicy();
  const auto circuit = registry_->GetOrCreate("with", policy, "").value();
  circuit->Disable(Operator("oncall").Because("to see"));
  Call(*circuit, Outcome::Failure(), 3);
  Call(*circuit, Outcome::Success(), 2);
  const Scrape scrape = Scraped();
  const auto calls = [&](const char* result) {
    return scrape.Value("with", "circuit_breaker_shadow_calls_total",
                        absl::StrCat("result=", result));
  };
  EXPECT_THAT(calls("admitted"), Optional(3));
  EXPECT_THAT(calls("would_reject"), Optional(2));
  EXPECT_THAT(calls("would_admit"), Optional(0));
  EXPECT_THAT(calls("rejected"), Optional(0));
  EXPECT_THAT(scrape.Value("with", "circuit_breaker_shadow_opened_total"), Optional(1));
  EXPECT_THAT(scrape.Value("with", "circuit_breaker_shadow_state", "state=open"), Optional(1));
  EXPECT_THAT(scrape.Value("with", "circuit_breaker_shadow_state", "state=closed"), Optional(0));
  EXPECT_EQ(scrape.Value("without", "circuit_breaker_shadow_opened_total"), std::nullopt);
}

TEST_F(DetailTest, ACircuitThatHasOpenedKeepsAllItsCounters) {
  const auto circuit = Make("a");
  Open(*circuit);
  const Scrape open = Scraped();
  EXPECT_THAT(open.Value("a", "circuit_breaker_state", "state=open"), Optional(1));
  EXPECT_THAT(open.Value("a", "circuit_breaker_retry_after_seconds"), Optional(10));
  circuit->Reset(Operator("oncall").Because("why"));
  Call(*circuit, Outcome::Success(), 1'000);
  const Scrape well = Scraped();
  for (const auto& [key, value] : open.counters()) {
    const auto& [name, metric, labels] = key;
    EXPECT_NE(well.Value(name, metric, labels), std::nullopt) << metric << ' ' << labels;
  }
  EXPECT_THAT(well.Value("a", "circuit_breaker_state", "state=open"), Optional(0));
}

TEST_F(DetailTest, GaugesAreThereWhileTheWindowHoldsAFailure) {
  Policy policy = fusebox_testing::NoRulePolicy();
  policy.failure_rate = 0.5;
  policy.minimum_calls = 4;
  policy.window = CountWindow{4};
  const auto circuit = Make("a", policy);
  Call(*circuit, Outcome::Success(), 3);
  EXPECT_EQ(Scraped().Value("a", "circuit_breaker_failure_rate"), std::nullopt);
  Call(*circuit, Outcome::Failure());
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_failure_rate"), Optional(0.25));
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_failure_rate_threshold"), Optional(0.5));
  EXPECT_EQ(Scraped().Value("a", "circuit_breaker_opened_total"), std::nullopt);
  Call(*circuit, Outcome::Success(), 4);
  EXPECT_EQ(Scraped().Value("a", "circuit_breaker_failure_rate"), std::nullopt);
}

TEST_F(DetailTest, ACircuitThatAnOperatorHoldsHasItsMode) {
  const auto circuit = Make("a");
  EXPECT_EQ(Scraped().Value("a", "circuit_breaker_mode", "mode=shadow"), std::nullopt);
  circuit->Shadow(Operator("oncall").Because("why"));
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_mode", "mode=shadow"), Optional(1));
  EXPECT_THAT(Scraped().Calls("a", "would_reject"), Optional(0));
  circuit->Automate(Operator("oncall").Because("why"));
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_mode", "mode=shadow"), Optional(0));
}

TEST_F(DetailTest, SumsOverATargetAreOfAllItsCircuits) {
  Open(*MakeOf("inventory", "inventory/a"));
  Call(*MakeOf("inventory", "inventory/b"), Outcome::Success(), 5);
  Call(*MakeOf("billing", "billing/a"), Outcome::Ignored(), 7);
  const Scrape scrape = Scraped();
  const auto calls = [&](const std::string& target, const std::string& result) {
    return scrape.OfTarget(target, "circuit_breaker_target_calls_total", "result=" + result);
  };
  EXPECT_THAT(calls("inventory", "failure"), Optional(3));
  EXPECT_THAT(calls("inventory", "success"), Optional(5));
  EXPECT_THAT(calls("inventory", "would_reject"), Optional(0));
  EXPECT_THAT(calls("billing", "ignored"), Optional(7));
  EXPECT_THAT(scrape.OfTarget("inventory", "circuit_breaker_target_circuits", "state=open"),
              Optional(1));
  EXPECT_THAT(scrape.OfTarget("inventory", "circuit_breaker_target_circuits", "state=closed"),
              Optional(1));
  EXPECT_THAT(scrape.OfTarget("inventory", "circuit_breaker_target_opened_total"), Optional(1));
}

TEST_F(DetailTest, FailuresByCodeAreOfTheTargetAlone) {
  const auto circuit = MakeOf("inventory", "inventory/a");
  const auto failures = [&](const std::string& code) {
    return Scraped().OfTarget("inventory", "circuit_breaker_failures_total", "code=" + code);
  };
  EXPECT_THAT(failures("UNAVAILABLE"), Optional(0));
  EXPECT_EQ(failures("ABORTED"), std::nullopt);  // no failure, unless a policy says so
  Outcome failure = Outcome::Failure();
  failure.code = 14;
  Call(*circuit, failure, 2);
  failure.code = 10;
  Call(*circuit, failure);
  EXPECT_THAT(failures("UNAVAILABLE"), Optional(2));
  EXPECT_THAT(failures("ABORTED"), Optional(1));
  const std::string of_circuit = "circuit_breaker_circuit_failures_total";
  EXPECT_EQ(Scraped().Value("inventory/a", of_circuit, "code=UNAVAILABLE"), std::nullopt);
  Collect(MetricDetail::kAll);
  EXPECT_THAT(Scraped().Value("inventory/a", of_circuit, "code=UNAVAILABLE"), Optional(2));
}

TEST_F(BoundedDetailTest, P4_NoEvictionLowersASumOverATarget) {
  for (int i = 1; i <= 200; ++i) {
    Call(*MakeOf("inventory", absl::StrCat("inventory/", i)), Outcome::Success());
    EXPECT_THAT(
        Scraped().OfTarget("inventory", "circuit_breaker_target_calls_total", "result=success"),
        Optional(i));
  }
  EXPECT_EQ(Scraped().circuits().size(), 10U);
}

}  // namespace
}  // namespace fusebox
