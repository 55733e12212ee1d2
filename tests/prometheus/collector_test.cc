// SPDX-License-Identifier: Apache-2.0
#include "fusebox/prometheus/collector.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/transition_table.h"
#include "tests/prometheus/test_collector.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::CollectorTest;
using fusebox_testing::NoRulePolicy;
using fusebox_testing::Scrape;
using fusebox_testing::SmallPolicy;
using testing::ElementsAre;
using testing::Optional;

const Operator kOncall = Operator("oncall").Because("why");

std::string TransitionLabels(State from, State to) {
  return absl::StrCat("from_state=", absl::AsciiStrToLower(StateName(from)),
                      ",to_state=", absl::AsciiStrToLower(StateName(to)));
}

// The values of a metric for each of these labels.
std::vector<double> ValuesOf(const Scrape& scrape, const std::string& metric,
                             const std::vector<std::string>& labels) {
  std::vector<double> values;
  for (const std::string& label : labels) {
    values.push_back(scrape.Value("a", metric, label).value_or(-1));
  }
  return values;
}
std::vector<double> StatesOf(const Scrape& scrape) {
  return ValuesOf(scrape, "circuit_breaker_state",
                  {"state=closed", "state=open", "state=half_open"});
}
std::vector<double> ModesOf(const Scrape& scrape) {
  return ValuesOf(scrape, "circuit_breaker_mode",
                  {"mode=automatic", "mode=forced_open", "mode=disabled", "mode=shadow"});
}

TEST_F(CollectorTest, OneOfTheStatesIsOne) {
  const auto circuit = Make("a");
  EXPECT_THAT(StatesOf(Scraped()), ElementsAre(1, 0, 0));
  Open(*circuit);
  EXPECT_THAT(StatesOf(Scraped()), ElementsAre(0, 1, 0));
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(StatesOf(Scraped()), ElementsAre(0, 0, 1));
  Call(*circuit, Outcome::Success(), 2);
  EXPECT_THAT(StatesOf(Scraped()), ElementsAre(1, 0, 0));
}

TEST_F(CollectorTest, OneOfTheModesIsOne) {
  const auto circuit = Make("a");
  EXPECT_THAT(ModesOf(Scraped()), ElementsAre(1, 0, 0, 0));
  ASSERT_TRUE(circuit->ForceOpen(kOncall).ok());
  EXPECT_THAT(ModesOf(Scraped()), ElementsAre(0, 1, 0, 0));
  circuit->Disable(kOncall);
  EXPECT_THAT(ModesOf(Scraped()), ElementsAre(0, 0, 1, 0));
  circuit->Shadow(kOncall);
  EXPECT_THAT(ModesOf(Scraped()), ElementsAre(0, 0, 0, 1));
}

TEST_F(CollectorTest, CallsAreCountedByWhatBecameOfThem) {
  Policy policy = SmallPolicy();
  policy.max_in_flight = 1;
  const auto circuit = Make("a", policy);
  Call(*circuit, Outcome::Success(), 5);
  Call(*circuit, Outcome::Ignored(), 2);
  {
    const Admission held = circuit->TryAcquire();  // ignored in the end
    EXPECT_EQ(Call(*circuit, Outcome::Success(), 4), 0);
  }
  Call(*circuit, Outcome::Failure(), 3);
  EXPECT_EQ(Call(*circuit, Outcome::Success(), 6), 0);
  circuit->Shadow(kOncall);
  EXPECT_EQ(Call(*circuit, Outcome::Failure(), 10), 10);

  const Scrape scrape = Scraped();
  EXPECT_THAT(scrape.Calls("a", "success"), Optional(5));
  EXPECT_THAT(scrape.Calls("a", "ignored"), Optional(3));
  EXPECT_THAT(scrape.Calls("a", "too_many_calls"), Optional(4));
  EXPECT_THAT(scrape.Calls("a", "rejected"), Optional(6));
  EXPECT_THAT(scrape.Calls("a", "failure"), Optional(13));
  EXPECT_THAT(scrape.Calls("a", "would_reject"), Optional(7));
}

TEST_F(CollectorTest, SlowCallsAreCountedAndHaveARate) {
  Policy policy = NoRulePolicy();
  policy.slow_call_rate = 0.75;
  policy.slow_call_duration = absl::Milliseconds(100);
  const auto circuit = Make("a", policy);
  Outcome slow = Outcome::Success();
  slow.latency = absl::Milliseconds(100);
  Call(*circuit, slow);
  Outcome fast = slow;
  fast.latency = absl::Milliseconds(99);
  Call(*circuit, fast, 3);
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_slow_calls_total"), Optional(1));
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_slow_call_rate"), Optional(0.25));
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_slow_call_rate_threshold"), Optional(0.75));
}

TEST_F(CollectorTest, WithoutARuleThereIsNoThreshold) {
  Call(*Make("a"), Outcome::Success());
  const Scrape scrape = Scraped();
  EXPECT_EQ(scrape.Value("a", "circuit_breaker_failure_rate_threshold"), std::nullopt);
  EXPECT_EQ(scrape.Value("a", "circuit_breaker_slow_call_rate_threshold"), std::nullopt);
  EXPECT_EQ(scrape.Value("a", "circuit_breaker_slow_call_rate"), std::nullopt);
  EXPECT_THAT(scrape.Value("a", "circuit_breaker_failure_rate"), Optional(0));
}

TEST_F(CollectorTest, TheFailureRateIsThatOfTheWindowAndAbsentWhileItIsEmpty) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = 0.5;
  policy.minimum_calls = 8;
  const auto circuit = Make("a", policy);
  EXPECT_EQ(Scraped().Value("a", "circuit_breaker_failure_rate"), std::nullopt);
  Call(*circuit, Outcome::Success(), 4);
  Call(*circuit, Outcome::Failure(), 3);
  Call(*circuit, Outcome::Ignored(), 9);
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_failure_rate"), Optional(3.0 / 7));
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_failure_rate_threshold"), Optional(0.5));
  Call(*circuit, Outcome::Failure());
  EXPECT_THAT(StatesOf(Scraped()), ElementsAre(0, 1, 0));
  EXPECT_EQ(Scraped().Value("a", "circuit_breaker_failure_rate"), std::nullopt);
}

TEST_F(CollectorTest, TheThresholdIsThatOfThePolicyInForce) {
  const auto circuit = Make("a");
  Policy policy = NoRulePolicy();
  policy.failure_rate = 0.25;
  ASSERT_TRUE(circuit->SetPolicy(policy, kOncall).ok());
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_failure_rate_threshold"), Optional(0.25));
}

TEST_F(CollectorTest, TransitionsAreThereAtZeroBeforeTheyHappen) {
  Make("a");
  for (const CauseRow& row : kCauses) {
    for (const Phase from : {Phase::kClosed, Phase::kOpen, Phase::kProbing, Phase::kRamping}) {
      const std::optional<Transition> transition = TransitionFor(row.cause, from);
      if (!transition || StateOf(from) == StateOf(transition->to)) continue;
      EXPECT_THAT(Scraped().Value("a", "circuit_breaker_state_transitions_total",
                                  TransitionLabels(StateOf(from), StateOf(transition->to))),
                  Optional(0))
          << CauseName(row.cause) << " goes from " << StateOf(from) << " to "
          << StateOf(transition->to) << ": kTransitions in src/readers/metrics.cc";
    }
  }
}

TEST_F(CollectorTest, TransitionsAreCountedByWhereFromAndWhereTo) {
  const auto circuit = Make("a");
  Open(*circuit);
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(absl::Seconds(10));
    EXPECT_EQ(Call(*circuit, Outcome::Failure()), 1);
  }
  circuit->Reset(kOncall);
  Open(*circuit);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Call(*circuit, Outcome::Success(), 2), 2);

  const Scrape scrape = Scraped();
  const auto count = [&](State from, State to) {
    return scrape.Value("a", "circuit_breaker_state_transitions_total", TransitionLabels(from, to));
  };
  EXPECT_THAT(count(State::kClosed, State::kOpen), Optional(2));
  EXPECT_THAT(count(State::kOpen, State::kHalfOpen), Optional(3));
  EXPECT_THAT(count(State::kHalfOpen, State::kOpen), Optional(2));
  EXPECT_THAT(count(State::kOpen, State::kClosed), Optional(1));
  EXPECT_THAT(count(State::kHalfOpen, State::kClosed), Optional(1));
  EXPECT_THAT(scrape.Value("a", "circuit_breaker_opened_total"), Optional(4));
}

TEST_F(CollectorTest, CallsInFlightAreThoseThatAreOut) {
  const auto circuit = Make("a");
  {
    const Admission first = circuit->TryAcquire();
    const Admission second = circuit->TryAcquire();
    EXPECT_THAT(Scraped().Value("a", "circuit_breaker_in_flight"), Optional(2));
  }
  EXPECT_THAT(Scraped().Value("a", "circuit_breaker_in_flight"), Optional(0));
}

TEST_F(CollectorTest, RetryAfterIsTheTimeThatIsLeftWhileOpen) {
  const auto circuit = Make("a");
  const auto retry_after = [&] {
    return Scraped().Value("a", "circuit_breaker_retry_after_seconds");
  };
  EXPECT_EQ(retry_after(), std::nullopt);
  Open(*circuit);
  EXPECT_THAT(retry_after(), Optional(10));
  clock_.Advance(absl::Milliseconds(7500));
  EXPECT_THAT(retry_after(), Optional(2.5));
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(retry_after(), std::nullopt);

  ASSERT_TRUE(circuit->ForceOpen(kOncall, absl::Minutes(1)).ok());
  EXPECT_THAT(retry_after(), Optional(60));
  ASSERT_TRUE(circuit->ForceOpen(kOncall).ok());
  EXPECT_EQ(retry_after(), std::nullopt);
}

TEST_F(CollectorTest, CountersNeverGoDown) {
  const auto circuit = Make("a");
  Scrape last = Scraped();
  const auto nothing_went_down = [&] {
    Scrape next = Scraped();
    for (const auto& [key, value] : last.counters()) {
      const auto& [name, metric, labels] = key;
      EXPECT_GE(next.Value(name, metric, labels).value_or(-1), value) << metric << ' ' << labels;
    }
    last = std::move(next);
  };
  Policy other = NoRulePolicy();
  other.failures_in_window = 2;
  for (int round = 0; round < 3; ++round) {
    Call(*circuit, Outcome::Success(), 10);
    Call(*circuit, Outcome::Failure(), 10);
    nothing_went_down();
    circuit->Reset(kOncall);
    nothing_went_down();
    ASSERT_TRUE(circuit->SetPolicy(other, kOncall).ok());
    Call(*circuit, Outcome::Failure(), 10);
    nothing_went_down();
    ASSERT_TRUE(circuit->ForceOpen(kOncall, absl::Seconds(1)).ok());
    Call(*circuit, Outcome::Success(), 10);
    nothing_went_down();
    circuit->Shadow(kOncall);
    Call(*circuit, Outcome::Failure(), 10);
    nothing_went_down();
    circuit->Disable(kOncall);
    Call(*circuit, Outcome::Failure(), 10);
    nothing_went_down();
    ASSERT_TRUE(circuit->SetPolicy(SmallPolicy(), kOncall).ok());
    circuit->Automate(kOncall);
    nothing_went_down();
  }
}

TEST_F(CollectorTest, R1_AScrapeMovesNothingThatIsNotDue) {
  const auto circuit = Make("a");
  Call(*circuit, Outcome::Failure(), 2);
  const uint64_t epoch = circuit->Snapshot().epoch;
  for (int i = 0; i < 10; ++i) Scraped();
  EXPECT_EQ(circuit->Snapshot().epoch, epoch);
  EXPECT_EQ(circuit->Snapshot().consecutive_failures, 2);
  EXPECT_EQ(registry_->size(), 1U);
}

}  // namespace
}  // namespace fusebox::internal
