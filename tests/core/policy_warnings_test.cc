// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// The fixed policy with one change.
template <typename Change>
std::vector<std::string> WarningsWith(Change change) {
  Policy policy = Policy::Fixed();
  change(policy);
  EXPECT_EQ(Validate(policy), absl::OkStatus());
  return PolicyWarnings(policy);
}

// A rate over a time window, and no other rule.
void OnlyARate(Policy& policy) {
  policy.consecutive_failures = std::nullopt;
  policy.failure_rate = 0.5;
  policy.window = TimeWindow{absl::Seconds(10), 10};
}

TEST(PolicyWarnings, ThereAreNoneForTheDefaultsAndPresets) {
  for (const Policy& policy :
       {Policy(), Policy::Adaptive(), Policy::Fixed(), Policy::Database(), Policy::MessageBroker(),
        Policy::InternalApi(), Policy::ExternalApi()}) {
    EXPECT_THAT(PolicyWarnings(policy), IsEmpty());
  }
}

TEST(PolicyWarnings, NorForWhatIsInvalidAnyway) {
  Policy policy;
  policy.jitter = 1;
  policy.half_open.probe_timeout = absl::ZeroDuration();
  EXPECT_THAT(PolicyWarnings(policy), IsEmpty());
}

TEST(PolicyWarnings, AMinimumOfCallsNeedsTraffic) {
  EXPECT_THAT(
      WarningsWith(OnlyARate),
      ElementsAre("minimum_calls = 20 in a window of 10s: needs at least 2 calls/s to open, "
                  "however many of them fail"));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                OnlyARate(p);
                p.minimum_calls = 9;
              }),
              IsEmpty());
  EXPECT_THAT(WarningsWith([](Policy& p) {
                OnlyARate(p);
                p.consecutive_failures = 5;
              }),
              IsEmpty());
}

TEST(PolicyWarnings, SoDoManyFailuresInATimeWindow) {
  EXPECT_THAT(
      WarningsWith([](Policy& p) {
        OnlyARate(p);
        p.failure_rate = std::nullopt;
        p.failures_in_window = 50;
      }),
      ElementsAre(HasSubstr("failures_in_window = 50 in a window of 10s: needs at least 5")));
  // What waits for less is what counts.
  EXPECT_THAT(WarningsWith([](Policy& p) {
                OnlyARate(p);
                p.failures_in_window = 5;
              }),
              IsEmpty());
}

TEST(PolicyWarnings, ALargeWindowOfSuccessesTakesLongToTurn) {
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.consecutive_failures = std::nullopt;
                p.failure_rate = 0.5;
                p.window = CountWindow{100'000};
              }),
              ElementsAre(HasSubstr("it takes 50000 failures to open")));
}

TEST(PolicyWarnings, RulesThatHardlyOrNeverAct) {
  EXPECT_THAT(WarningsWith([](Policy& p) { p.consecutive_failures = 1'000; }),
              ElementsAre(StartsWith("consecutive_failures = 1000:")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.consecutive_failures = 10;
                p.failures_in_window = 10;
              }),
              ElementsAre(HasSubstr("never acts: failures_in_window = 10 comes first")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.improbable_run = ImprobableRun{5, absl::Hours(1)};
              }),
              ElementsAre(HasSubstr("never acts: consecutive_failures = 5 comes first")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.failures_in_window = 50;
                p.window = CountWindow{50};
              }),
              ElementsAre(HasSubstr("is all of the window")));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.failure_rate = 1; }),
              ElementsAre(HasSubstr("a single other call in the window")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.failure_rate = 0.5;
                p.window = TimeWindow{absl::Seconds(10), 1};
              }),
              ElementsAre(HasSubstr("forgets all of its calls at once")));
}

TEST(PolicyWarnings, ARateThatWasAFloat) {
  int above = 0;
  for (int percent = 1; percent < 100; ++percent) {
    // Volatile: rounded to their types, where the i387 would keep more.
    const volatile float from_float = static_cast<float>(percent) / 100.0F;
    const volatile double exact = percent / 100.0;
    Policy policy;
    policy.failure_rate = from_float;
    const bool holds = *policy.failure_rate <= exact;
    above += holds ? 0 : 1;
    EXPECT_EQ(PolicyWarnings(policy).empty(), holds) << percent;
    policy.failure_rate = exact;
    EXPECT_THAT(PolicyWarnings(policy), IsEmpty()) << percent;
  }
  EXPECT_EQ(above, 46);
}

TEST(PolicyWarnings, SettingsWithoutEffect) {
  EXPECT_THAT(WarningsWith([](Policy& p) { p.window = CountWindow{7}; }),
              ElementsAre("window: no rule looks at it"));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.minimum_calls = 7; }),
              ElementsAre(StartsWith("minimum_calls = 7")));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.slow_call_duration = absl::Seconds(1); }),
              ElementsAre(HasSubstr("only counts slow calls")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.ramp = Ramp{absl::Seconds(10), 1};
              }),
              ElementsAre(HasSubstr("from the start")));
}

TEST(PolicyWarnings, CallsInFlight) {
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.hung_calls = HungCalls{10, absl::Seconds(10)};
                p.max_in_flight = 9;
              }),
              ElementsAre("hung_calls.count = 10 never holds: max_in_flight = 9"));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.hung_calls = HungCalls{10, absl::Minutes(5)};
              }),
              ElementsAre(HasSubstr("longer deadline")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.hung_calls = HungCalls{10, absl::Seconds(1)};
                p.slow_is_failure = true;
                p.slow_call_duration = absl::Seconds(2);
              }),
              ElementsAre(HasSubstr("aren't even slow")));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.max_in_flight = 2; }),
              ElementsAre(HasSubstr("more than max_in_flight = 2 lets through")));
}

TEST(PolicyWarnings, Openings) {
  EXPECT_THAT(WarningsWith([](Policy& p) { p.open_duration = absl::Milliseconds(99); }),
              ElementsAre(HasSubstr("hardly rejects a call")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.backoff_multiplier = 2;
                p.max_open_duration = *p.open_duration;
              }),
              ElementsAre(HasSubstr("has no room")));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.health_probe = HealthProbe{absl::Minutes(2)}; }),
              ElementsAre("health_probe.timeout = 2m is more than half_open.probe_timeout = 1m: an "
                          "answer that takes as long comes too late"));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.backoff_memory = absl::Minutes(5); }),
              ElementsAre("backoff_memory = 5m: without effect, backoff_multiplier is 1"));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.backoff_memory = absl::Minutes(5);
                p.backoff_multiplier = 2;
              }),
              IsEmpty());
  EXPECT_THAT(WarningsWith([](Policy& p) { p.jitter = 0; }), ElementsAre(HasSubstr("in step")));
}

TEST(PolicyWarnings, Probes) {
  EXPECT_THAT(WarningsWith([](Policy& p) { p.half_open.probe_timeout = absl::ZeroDuration(); }),
              ElementsAre(HasSubstr("holds its place for good")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.slow_is_failure = true;
                p.slow_call_duration = absl::Minutes(2);
              }),
              ElementsAre(HasSubstr("probes time out")));
  EXPECT_THAT(WarningsWith([](Policy& p) { p.half_open.verdict = SuccessThreshold{5'000}; }),
              ElementsAre(HasSubstr("at most 3 of them")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.failure_rate = 0.5;
                p.half_open.verdict = ProbeCalls{2};
              }),
              ElementsAre(HasSubstr("no more are ever out")));
  EXPECT_THAT(WarningsWith([](Policy& p) {
                p.slow_call_rate = 0.5;
                p.slow_call_duration = absl::Seconds(1);
                p.half_open.verdict = ProbeCalls{5};
              }),
              ElementsAre(HasSubstr("fail fast close the circuit")));
}

TEST(PolicyWarnings, FailuresThatNoRuleLooksAt) {
  Policy hung;
  hung.hung_calls = HungCalls{10, absl::Seconds(10)};
  EXPECT_THAT(PolicyWarnings(hung),
              ElementsAre("hung_calls: no rule looks at failures, so a dependency that fails fast "
                          "never opens the circuit"));
  hung.improbable_run = ImprobableRun{};
  EXPECT_THAT(PolicyWarnings(hung), IsEmpty());
  Policy slow;
  slow.slow_call_rate = 0.5;
  slow.slow_call_duration = absl::Seconds(1);
  EXPECT_THAT(PolicyWarnings(slow), ElementsAre(StartsWith("slow_call_rate: no rule looks at")));
}

TEST(PolicyWarnings, WhatAdaptiveRecoveryTakesThePlaceOf) {
  Policy policy = Policy::Adaptive();
  policy.open_duration = absl::Hours(2);  // more than max_open_duration, which matters as little
  policy.backoff_memory = absl::Minutes(5);
  policy.half_open.verdict = SuccessThreshold{3};
  EXPECT_THAT(PolicyWarnings(policy),
              ElementsAre("open_duration: without effect, adaptive_recovery is set",
                          "backoff_memory: without effect, adaptive_recovery is set",
                          "half_open.success_threshold: without effect, adaptive_recovery is set"));
}

TEST(PolicyWarnings, SeveralComeTogether) {
  EXPECT_THAT(WarningsWith([](Policy& p) {
                OnlyARate(p);
                p.jitter = 0;
              }),
              Contains(HasSubstr("calls/s")));
}

}  // namespace
}  // namespace fusebox
