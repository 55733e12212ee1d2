// SPDX-License-Identifier: Apache-2.0
//
// Policies: defaults, presets, and what is refused with which words (rule R11).
#include "fusebox/policy.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/policy_maker.h"

namespace fusebox {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A default policy with one change.
template <typename Change>
Policy With(Change change) {
  Policy policy;
  change(policy);
  return policy;
}

template <typename Change>
void ExpectValid(Change change) {
  const absl::Status status = Validate(With(change));
  EXPECT_TRUE(status.ok()) << status;
}

// Exactly these words, and none of another field.
template <typename Change>
void ExpectError(Change change, const std::string& error) {
  const absl::Status status = Validate(With(change));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "invalid policy: " + error);
}

const SuccessThreshold* ThresholdOf(const Policy& policy) {
  const auto& verdict = policy.half_open.verdict;
  return verdict ? std::get_if<SuccessThreshold>(&*verdict) : nullptr;
}

TEST(Policy, R19_AnEmptyOneNeedsNoNumbers) {
  const Policy empty;
  EXPECT_TRUE(Validate(empty).ok());
  Policy in_force = empty.InForce();
  EXPECT_EQ(in_force, Policy::Adaptive());
  EXPECT_EQ(in_force.improbable_run, ImprobableRun());
  EXPECT_EQ(in_force.adaptive_recovery, AdaptiveRecovery());
  EXPECT_EQ(in_force.overload_limit, OverloadLimit());
  // Nothing else is said in it.
  in_force.improbable_run = std::nullopt;
  in_force.adaptive_recovery = std::nullopt;
  in_force.overload_limit = std::nullopt;
  EXPECT_EQ(in_force, empty);
}

TEST(Policy, R19_WhatOnlyRefinesLeavesItSo) {
  const auto expect_adaptive = [](auto change) {
    const Policy policy = With(change);
    Policy expected = Policy::Adaptive();
    change(expected);
    EXPECT_EQ(policy.InForce(), expected);
    EXPECT_TRUE(Validate(policy).ok());
  };
  expect_adaptive([](Policy& p) { p.window = TimeWindow(); });
  expect_adaptive([](Policy& p) { p.minimum_calls = 7; });
  expect_adaptive([](Policy& p) { p.max_open_duration = absl::Seconds(10); });
  expect_adaptive([](Policy& p) { p.jitter = 0; });
  expect_adaptive([](Policy& p) { p.half_open.probe_timeout = absl::Seconds(5); });
  expect_adaptive([](Policy& p) { p.max_in_flight = 100; });
  expect_adaptive([](Policy& p) {
    p.slow_call_duration = absl::Seconds(1);
    p.slow_is_failure = true;
  });
}

TEST(Policy, R19_AnyThresholdMakesItAFixedOne) {
  const auto expect_fixed = [](auto change) {
    const Policy policy = With(change);
    Policy expected = Policy::Fixed();
    change(expected);
    EXPECT_EQ(policy.InForce(), expected);
    EXPECT_TRUE(Validate(policy).ok()) << Validate(policy);
  };
  expect_fixed([](Policy& p) { p.consecutive_failures = 10; });
  expect_fixed([](Policy& p) { p.open_duration = absl::Seconds(5); });
  expect_fixed([](Policy& p) { p.backoff_multiplier = 2; });
  expect_fixed([](Policy& p) { p.backoff_memory = absl::Minutes(1); });
  expect_fixed([](Policy& p) { p.half_open.max_concurrent = 1; });
  expect_fixed([](Policy& p) { p.half_open.verdict = SuccessThreshold{1}; });
  expect_fixed([](Policy& p) { p.ramp = Ramp(); });
}

TEST(Policy, R19_ARuleOfYoursIsTheOnlyOne) {
  const auto expect_alone = [](auto set) {
    Policy expected = Policy::Fixed();
    expected.consecutive_failures = std::nullopt;
    set(expected);
    EXPECT_EQ(With(set).InForce(), expected);
    // Whatever else is set.
    const auto with_more = [&set](Policy& p) {
      set(p);
      p.open_duration = absl::Seconds(5);
    };
    with_more(expected);
    EXPECT_EQ(With(with_more).InForce(), expected);
  };
  expect_alone([](Policy& p) { p.failure_rate = 0.5; });
  expect_alone([](Policy& p) { p.failures_in_window = 9; });
  expect_alone([](Policy& p) { p.improbable_run = ImprobableRun(); });
  expect_alone([](Policy& p) { p.hung_calls = HungCalls(); });
  expect_alone([](Policy& p) {
    p.slow_call_rate = 0.5;
    p.slow_call_duration = absl::Seconds(1);
  });
}

TEST(Policy, R19_AdaptiveRecoveryTakesThePlaceOfNumbers) {
  Policy policy;
  policy.adaptive_recovery = AdaptiveRecovery{2};
  Policy expected = policy;
  expected.consecutive_failures = 5;
  EXPECT_EQ(policy.InForce(), expected);
  policy.failure_rate = 0.5;
  EXPECT_EQ(policy.InForce(), policy);
  // What is said beside it is neither lost nor completed.
  policy.half_open.max_concurrent = 1;
  EXPECT_EQ(policy.InForce(), policy);
}

TEST(Policy, R19_WhatIsInForceIsInForce) {
  for (const Policy& policy : fusebox_testing::PoliciesWithOneFieldChanged()) {
    const Policy in_force = policy.InForce();
    EXPECT_EQ(in_force.InForce(), in_force);
    EXPECT_EQ(Validate(in_force), Validate(policy));
    EXPECT_EQ(PolicyWarnings(in_force), PolicyWarnings(policy));
  }
}

TEST(Policy, R19_FieldsBesideEachOtherAreThoseInForce) {
  ExpectError(
      [](Policy& p) {
        p.consecutive_failures = 3;
        p.max_open_duration = absl::Seconds(29);
      },
      "max_open_duration = 29s, must be at least open_duration, 30s");
  ExpectValid([](Policy& p) { p.max_open_duration = absl::Seconds(29); });
}

TEST(Policy, TheFixedOneIsAsStatedAndValid) {
  const Policy policy = Policy::Fixed();
  EXPECT_TRUE(Validate(policy).ok());
  EXPECT_EQ(policy.InForce(), policy);
  EXPECT_EQ(policy.consecutive_failures, 5);
  EXPECT_FALSE(policy.improbable_run.has_value());
  EXPECT_FALSE(policy.adaptive_recovery.has_value());
  EXPECT_FALSE(policy.failures_in_window.has_value());
  EXPECT_FALSE(policy.failure_rate.has_value());
  EXPECT_FALSE(policy.slow_call_rate.has_value());
  EXPECT_FALSE(policy.slow_call_duration.has_value());
  EXPECT_FALSE(policy.slow_is_failure);
  EXPECT_EQ(std::get<CountWindow>(policy.window).size, 100);
  EXPECT_EQ(policy.open_duration, absl::Seconds(30));
  EXPECT_EQ(policy.backoff_multiplier, 1);
  EXPECT_EQ(policy.max_open_duration, absl::Minutes(5));
  EXPECT_EQ(policy.jitter, 0.1);
  EXPECT_EQ(policy.half_open.max_concurrent, 3);
  ASSERT_NE(ThresholdOf(policy), nullptr);
  EXPECT_EQ(ThresholdOf(policy)->successes, 3);
  EXPECT_EQ(policy.half_open.probe_timeout, absl::Seconds(60));
}

void ExpectPreset(const Policy& policy, int64_t failures, int64_t successes, absl::Duration open) {
  EXPECT_TRUE(Validate(policy).ok());
  EXPECT_EQ(policy.InForce(), policy);
  EXPECT_EQ(policy.consecutive_failures, failures);
  EXPECT_EQ(policy.half_open.max_concurrent, 3);
  ASSERT_NE(ThresholdOf(policy), nullptr);
  EXPECT_EQ(ThresholdOf(policy)->successes, successes);
  EXPECT_EQ(policy.open_duration, open);
  EXPECT_EQ(policy.max_open_duration, absl::Minutes(5));
  EXPECT_EQ(policy.jitter, 0.1);
}

TEST(Policy, ThePresetsAreAsStatedAndValid) {
  ExpectPreset(Policy::Database(), 5, 2, absl::Seconds(30));
  ExpectPreset(Policy::MessageBroker(), 3, 2, absl::Seconds(20));
  ExpectPreset(Policy::InternalApi(), 5, 3, absl::Seconds(60));
  ExpectPreset(Policy::ExternalApi(), 10, 5, absl::Seconds(120));
}

TEST(Policy, R11_ConsecutiveFailures) {
  for (const int64_t good : {1, 1'000'000}) {
    ExpectValid([&](Policy& p) { p.consecutive_failures = good; });
  }
  for (const int64_t bad :
       {int64_t{0}, int64_t{-1}, int64_t{1'000'001}, std::numeric_limits<int64_t>::min()}) {
    ExpectError([&](Policy& p) { p.consecutive_failures = bad; },
                "consecutive_failures = " + std::to_string(bad) + ", must be from 1 to 1000000");
  }
}

TEST(Policy, R11_FailuresInWindow) {
  ExpectValid([](Policy& p) { p.failures_in_window = 100; });
  ExpectError([](Policy& p) { p.failures_in_window = 101; },
              "failures_in_window = 101, must be from 1 to 100 (the size of the window)");
  ExpectError([](Policy& p) { p.failures_in_window = 0; },
              "failures_in_window = 0, must be from 1 to 100 (the size of the window)");
  ExpectValid([](Policy& p) {
    p.failures_in_window = 1'000'000;
    p.window = TimeWindow{};
  });
  ExpectError(
      [](Policy& p) {
        p.failures_in_window = 1'000'001;
        p.window = TimeWindow{};
      },
      "failures_in_window = 1000001, must be from 1 to 1000000");
}

TEST(Policy, R11_FailureRate) {
  for (const double good : {1e-9, 0.5, 1.0}) {
    ExpectValid([&](Policy& p) { p.failure_rate = good; });
  }
  const auto bad = [](double value, const std::string& text) {
    ExpectError([&](Policy& p) { p.failure_rate = value; },
                "failure_rate = " + text + ", must be greater than 0 and at most 1");
  };
  bad(0, "0");
  bad(-0.5, "-0.5");
  bad(1.5, "1.5");
  bad(kNan, "nan");
  bad(kInfinity, "inf");
  bad(-kInfinity, "-inf");
}

TEST(Policy, R11_SlowCallRate) {
  const auto with = [](double value) {
    return [value](Policy& p) {
      p.slow_call_rate = value;
      p.slow_call_duration = absl::Seconds(1);
    };
  };
  ExpectValid(with(1));
  ExpectError(with(0), "slow_call_rate = 0, must be greater than 0 and at most 1");
  ExpectError(with(1.01), "slow_call_rate = 1.01, must be greater than 0 and at most 1");
  ExpectError(with(kNan), "slow_call_rate = nan, must be greater than 0 and at most 1");
}

TEST(Policy, R11_SlowCallDuration) {
  ExpectValid([](Policy& p) { p.slow_call_duration = absl::Microseconds(1); });
  ExpectValid([](Policy& p) { p.slow_call_duration = absl::Hours(24); });
  const auto bad = [](absl::Duration value, const std::string& text) {
    ExpectError([&](Policy& p) { p.slow_call_duration = value; },
                "slow_call_duration = " + text + ", must be from 1us to 24h");
  };
  bad(absl::ZeroDuration(), "0");
  bad(absl::Nanoseconds(999), "999ns");
  bad(absl::Seconds(-1), "-1s");
  bad(absl::Hours(24) + absl::Nanoseconds(1), "24h0.000000001s");
  bad(absl::InfiniteDuration(), "inf");
  bad(-absl::InfiniteDuration(), "-inf");
}

TEST(Policy, R11_SlowCallDurationIsNeededByWhatLooksAtIt) {
  const std::string error =
      "slow_call_duration = unset, must be set, from 1us to 24h, for slow_call_rate or "
      "slow_is_failure";
  ExpectError([](Policy& p) { p.slow_call_rate = 0.5; }, error);
  ExpectError([](Policy& p) { p.slow_is_failure = true; }, error);
}

TEST(Policy, R11_MinimumCalls) {
  const auto with = [](int64_t value) {
    return [value](Policy& p) {
      p.failure_rate = 0.5;
      p.minimum_calls = value;
    };
  };
  ExpectValid(with(1));
  ExpectValid(with(100));
  ExpectError(with(0), "minimum_calls = 0, must be from 1 to 100 (the size of the window)");
  ExpectError(with(101), "minimum_calls = 101, must be from 1 to 100 (the size of the window)");
  ExpectValid([](Policy& p) { p.minimum_calls = 0; });  // looked at by no rule
}

TEST(Policy, R11_CountWindow) {
  for (const int64_t good : {1, 1'000'000}) {
    ExpectValid([&](Policy& p) { p.window = CountWindow{good}; });
  }
  for (const int64_t bad : {0, -7, 1'000'001}) {
    ExpectError([&](Policy& p) { p.window = CountWindow{bad}; },
                "window.size = " + std::to_string(bad) + ", must be from 1 to 1000000");
  }
}

TEST(Policy, R11_TimeWindow) {
  ExpectValid([](Policy& p) { p.window = TimeWindow{absl::Milliseconds(1), 1}; });
  ExpectValid([](Policy& p) { p.window = TimeWindow{absl::Hours(24), 1'000}; });
  const auto bad = [](absl::Duration duration, int64_t buckets, const std::string& error) {
    ExpectError([&](Policy& p) { p.window = TimeWindow{duration, buckets}; }, error);
  };
  const std::string range = ", must be from 1ms to 24h";
  bad(absl::ZeroDuration(), 1, "window.duration = 0" + range);
  bad(absl::Seconds(-1), 1, "window.duration = -1s" + range);
  bad(absl::InfiniteDuration(), 1, "window.duration = inf" + range);
  bad(absl::Hours(25), 1, "window.duration = 25h" + range);
  bad(absl::Seconds(1), 0, "window.buckets = 0, must be from 1 to 1000");
  bad(absl::Seconds(1), -1, "window.buckets = -1, must be from 1 to 1000");
  bad(absl::Seconds(10), 1'001, "window.buckets = 1001, must be from 1 to 1000");
  bad(absl::Milliseconds(9), 10, "window.duration / window.buckets = 900us, must be at least 1ms");
}

TEST(Policy, R11_OpenDuration) {
  ExpectValid([](Policy& p) { p.open_duration = absl::Milliseconds(1); });
  const auto year = 365 * absl::Hours(24);
  ExpectValid([&](Policy& p) { p.open_duration = p.max_open_duration = year; });
  const std::string range = ", must be from 1ms to 8760h";
  ExpectError([](Policy& p) { p.open_duration = absl::ZeroDuration(); },
              "open_duration = 0" + range);
  ExpectError([](Policy& p) { p.open_duration = absl::Seconds(-30); },
              "open_duration = -30s" + range);
  ExpectError([](Policy& p) { p.open_duration = -absl::InfiniteDuration(); },
              "open_duration = -inf" + range);
  ExpectError([](Policy& p) { p.open_duration = p.max_open_duration = absl::InfiniteDuration(); },
              "open_duration = inf" + range + "; max_open_duration = inf" + range);
}

TEST(Policy, R11_MaxOpenDurationIsAtLeastTheOpenDuration) {
  ExpectValid([](Policy& p) { p.open_duration = p.max_open_duration; });
  ExpectError(
      [](Policy& p) {
        p = Policy::Fixed();
        p.max_open_duration = absl::Seconds(29);
      },
      "max_open_duration = 29s, must be at least open_duration, 30s");
  ExpectError(
      [](Policy& p) {
        p = Policy::Fixed();
        p.max_open_duration = absl::ZeroDuration();
      },
      "max_open_duration = 0, must be from 1ms to 8760h; max_open_duration = 0, must be at least "
      "open_duration, 30s");
}

TEST(Policy, R11_R22_BackoffMemory) {
  EXPECT_EQ(Policy().backoff_memory, std::nullopt);
  ExpectValid([](Policy& p) { p.backoff_memory = absl::Milliseconds(1); });
  ExpectValid([](Policy& p) { p.backoff_memory = 365 * absl::Hours(24); });
  const std::string range = ", must be from 1ms to 8760h";
  ExpectError([](Policy& p) { p.backoff_memory = absl::ZeroDuration(); },
              "backoff_memory = 0" + range);
  ExpectError([](Policy& p) { p.backoff_memory = absl::InfiniteDuration(); },
              "backoff_memory = inf" + range);
}

TEST(Policy, R11_BackoffMultiplier) {
  for (const double good : {1.0, 1.5, 100.0}) {
    ExpectValid([&](Policy& p) { p.backoff_multiplier = good; });
  }
  const auto bad = [](double value, const std::string& text) {
    ExpectError([&](Policy& p) { p.backoff_multiplier = value; },
                "backoff_multiplier = " + text + ", must be from 1 to 100");
  };
  bad(0.5, "0.5");
  bad(0, "0");
  bad(-2, "-2");
  bad(101, "101");
  bad(kNan, "nan");
  bad(kInfinity, "inf");
}

TEST(Policy, R11_Jitter) {
  for (const double good : {0.0, 0.5, 0.999}) {
    ExpectValid([&](Policy& p) { p.jitter = good; });
  }
  const auto bad = [](double value, const std::string& text) {
    ExpectError([&](Policy& p) { p.jitter = value; },
                "jitter = " + text + ", must be at least 0 and less than 1");
  };
  bad(1, "1");
  bad(-0.1, "-0.1");
  bad(2, "2");
  bad(kNan, "nan");
  bad(kInfinity, "inf");
  bad(-kInfinity, "-inf");
}

TEST(Policy, R11_HalfOpenMaxConcurrent) {
  for (const int64_t good : {1, 1'000}) {
    ExpectValid([&](Policy& p) { p.half_open.max_concurrent = good; });
  }
  for (const int64_t bad : {0, -3, 1'001}) {
    ExpectError([&](Policy& p) { p.half_open.max_concurrent = bad; },
                "half_open.max_concurrent = " + std::to_string(bad) + ", must be from 1 to 1000");
  }
}

TEST(Policy, R11_HalfOpenSuccessThreshold) {
  for (const int64_t good : {1, 1'000'000}) {
    ExpectValid([&](Policy& p) { p.half_open.verdict = SuccessThreshold{good}; });
  }
  for (const int64_t bad : {0, -3, 1'000'001}) {
    ExpectError(
        [&](Policy& p) { p.half_open.verdict = SuccessThreshold{bad}; },
        "half_open.success_threshold = " + std::to_string(bad) + ", must be from 1 to 1000000");
  }
}

TEST(Policy, R11_HalfOpenProbeCalls) {
  const auto with = [](int64_t value) {
    return [value](Policy& p) {
      p.failure_rate = 0.5;
      p.half_open.verdict = ProbeCalls{value};
    };
  };
  ExpectValid(with(1));
  ExpectValid(with(1'000'000));
  ExpectError(with(0), "half_open.probe_calls = 0, must be from 1 to 1000000");
  ExpectError(with(1'000'001), "half_open.probe_calls = 1000001, must be from 1 to 1000000");
  ExpectValid([](Policy& p) {
    p.slow_call_rate = 0.5;
    p.slow_call_duration = absl::Seconds(1);
    p.half_open.verdict = ProbeCalls{10};
  });
  ExpectError([](Policy& p) { p.half_open.verdict = ProbeCalls{10}; },
              "half_open.probe_calls = 10, must be unset unless failure_rate or slow_call_rate is "
              "set");
}

TEST(Policy, R11_HalfOpenProbeTimeout) {
  const auto year = 365 * absl::Hours(24);
  for (const absl::Duration good : {absl::ZeroDuration(), absl::Milliseconds(1), year}) {
    ExpectValid([&](Policy& p) { p.half_open.probe_timeout = good; });
  }
  const auto bad = [](absl::Duration value, const std::string& text) {
    ExpectError([&](Policy& p) { p.half_open.probe_timeout = value; },
                "half_open.probe_timeout = " + text + ", must be 0, or from 1ms to 8760h");
  };
  bad(absl::Nanoseconds(1), "1ns");
  bad(absl::Seconds(-1), "-1s");
  bad(absl::InfiniteDuration(), "inf");
  bad(-absl::InfiniteDuration(), "-inf");
}

TEST(Policy, R11_EveryBadFieldIsInTheOneMessage) {
  Policy policy;
  policy.consecutive_failures = 0;
  policy.failures_in_window = -1;
  policy.failure_rate = 1.5;
  policy.slow_call_rate = kNan;
  policy.slow_call_duration = absl::Seconds(-1);
  policy.minimum_calls = 0;
  policy.window = TimeWindow{absl::ZeroDuration(), 0};
  policy.open_duration = absl::InfiniteDuration();
  policy.backoff_multiplier = 0;
  policy.max_open_duration = absl::ZeroDuration();
  policy.backoff_memory = absl::Seconds(-1);
  policy.jitter = 1;
  policy.half_open.max_concurrent = 0;
  policy.half_open.verdict = SuccessThreshold{0};
  policy.half_open.probe_timeout = absl::Seconds(-1);
  const absl::Status status = Validate(policy);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  for (const char* field :
       {"consecutive_failures = 0,", "failures_in_window = -1,", "failure_rate = 1.5,",
        "slow_call_rate = nan,", "slow_call_duration = -1s,", "minimum_calls = 0,",
        "window.duration = 0,", "window.buckets = 0,", "; open_duration = inf,",
        "backoff_multiplier = 0,", "max_open_duration = 0,", "backoff_memory = -1s,", "jitter = 1,",
        "half_open.max_concurrent = 0,", "half_open.success_threshold = 0,",
        "half_open.probe_timeout = -1s,"}) {
    EXPECT_THAT(message, HasSubstr(field));
  }
}

TEST(Policy, R11_ErrorsFieldByField) {
  EXPECT_TRUE(PolicyErrors(Policy()).empty());
  Policy policy;
  policy.jitter = 1;
  policy.half_open.max_concurrent = 0;
  const std::vector<FieldError> errors = PolicyErrors(policy);
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].field, "jitter");
  EXPECT_EQ(errors[0].value, "1");
  EXPECT_EQ(errors[0].range, "at least 0 and less than 1");
  EXPECT_EQ(errors[1].field, "half_open.max_concurrent");
  EXPECT_EQ(errors[1].range, "from 1 to 1000");
}

TEST(Policy, R11_NothingIsClamped) {
  Policy policy;
  policy.jitter = 5;
  EXPECT_FALSE(Validate(policy).ok());
  EXPECT_EQ(policy.jitter, 5);
}

}  // namespace
}  // namespace fusebox
