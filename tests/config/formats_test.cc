// SPDX-License-Identifier: Apache-2.0
//
// The three formats say the same.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/config/read.h"

namespace fusebox_testing {
namespace {

using fusebox::Config;
using fusebox::ConfigFormat;
using fusebox::DependencyOverrides;
using fusebox::InterceptorOptions;
using fusebox::OutcomeKind;
using fusebox::Policy;

constexpr char kYaml[] = R"(
version: "7"
presets:
  base: {failure_rate: 50%, minimum_calls: 10, half_open: {probe_calls: 5}}
dependencies:
  zeta*:
    default: {preset: base, open_duration: 1m30s, ramp: on}
    services: {shop.Payments: {slow_call_duration: 100ms}}
    methods: {shop.Payments/Charge: {failure_rate: off, consecutive_failures: 3, half_open: {success_threshold: 2}}}
    unprotected: [shop.Payments/Watch, shop.Other]
    classifier:
      failure_codes: [NOT_FOUND, INTERNAL]
      ignored_codes: [INVALID_ARGUMENT]
      overload_codes: [unavailable]
      success_codes: [UNKNOWN]
      min_deadline: 5ms
      cancelled_after: 1.5s
    streams: {success: first_message, time_client_streams: true}
    method_streams: {shop.Payments/Feed: {success: final_status}}
    await_connection: false
    health_service: shop.Payments
    allow_unknown_names: true
  alpha:
    scope: per_target
    health: true
registry: {max_circuits: 20000, event_capacity: 64}
log: {format: json_lines, min_level: warning, max_lines_per_second: 5, failure_messages: true}
)";

constexpr char kJson[] = R"({
	"version": "7",
	"presets": {
		"base": {"failure_rate": 0.5, "minimum_calls": "10", "half_open": {"probe_calls": 5}}
	},
	"dependencies": {
		"zeta*": {
			"default": {"preset": "base", "open_duration": "90s", "ramp": {}},
			"services": {"shop.Payments": {"slow_call_duration": "0.100s"}},
			"methods": {"shop.Payments/Charge": {"failure_rate": null, "consecutive_failures": 3,
				"half_open": {"success_threshold": "2"}}},
			"unprotected": ["shop.Payments/Watch", "shop.Other"],
			"classifier": {
				"failure_codes": ["NOT_FOUND", "INTERNAL"], "ignored_codes": ["INVALID_ARGUMENT"],
				"overload_codes": ["UNAVAILABLE"], "success_codes": ["UNKNOWN"],
				"min_deadline": "5ms", "cancelled_after": "1.500s"
			},
			"streams": {"success": "first_message", "time_client_streams": true},
			"method_streams": {"shop.Payments/Feed": {"success": "final_status"}},
			"await_connection": false, "health_service": "shop.Payments", "allow_unknown_names": true
		},
		"alpha": {"scope": "per_target", "health": true}
	},
	"registry": {"max_circuits": 20000, "event_capacity": 64},
	"log": {"format": "json_lines", "min_level": "WARNING", "max_lines_per_second": 5,
		"failure_messages": true}
})";

constexpr char kText[] = R"(
version: "7"
presets {
  key: "base"
  value { failure_rate: 0.5 minimum_calls: 10 half_open { probe_calls: 5 } }
}
dependencies {
  key: "zeta*"
  value {
    default { preset: "base" open_duration { seconds: 90 } ramp { } }
    services { key: "shop.Payments" value { slow_call_duration { nanos: 100000000 } } }
    methods {
      key: "shop.Payments/Charge"
      value { without: "failure_rate" consecutive_failures: 3 half_open { success_threshold: 2 } }
    }
    unprotected: [ "shop.Payments/Watch", "shop.Other" ]
    classifier {
      failure_codes: "NOT_FOUND" failure_codes: "INTERNAL"
      ignored_codes: "INVALID_ARGUMENT"
      overload_codes: "UNAVAILABLE"
      success_codes: "UNKNOWN"
      min_deadline { nanos: 5000000 }
      cancelled_after { seconds: 1 nanos: 500000000 }
    }
    streams { success: CONFIG_STREAM_SUCCESS_FIRST_MESSAGE time_client_streams: true }
    method_streams {
      key: "shop.Payments/Feed"
      value { success: CONFIG_STREAM_SUCCESS_FINAL_STATUS }
    }
    await_connection: false
    health_service: "shop.Payments"
    allow_unknown_names: true
  }
}
dependencies { key: "alpha" value { scope: CONFIG_SCOPE_PER_TARGET health: true } }
registry { max_circuits: 20000 event_capacity: 64 }
log {
  format: CONFIG_LOG_FORMAT_JSON_LINES
  min_level: CONFIG_LOG_LEVEL_WARNING
  max_lines_per_second: 5
  failure_messages: true
}
)";

struct Sample {
  ConfigFormat format;
  const char* text;
};

class Formats : public testing::TestWithParam<Sample> {
 protected:
  const std::shared_ptr<const Config> config_ = Read(GetParam().text, GetParam().format);
};

TEST_P(Formats, Policies) {
  EXPECT_EQ(config_->version(), "7");
  ASSERT_EQ(config_->overrides().dependencies.size(), 2U);
  const DependencyOverrides& zeta = config_->overrides().dependencies[0];
  EXPECT_EQ(zeta.dependency, "zeta*");  // the first in the file
  EXPECT_EQ(config_->overrides().dependencies[1].dependency, "alpha");

  Policy policy;
  policy.failure_rate = 0.5;
  policy.minimum_calls = 10;
  policy.half_open.verdict = fusebox::ProbeCalls{5};
  policy.open_duration = absl::Seconds(90);
  policy.ramp = fusebox::Ramp();
  EXPECT_EQ(fusebox::Patched(Policy(), zeta.default_policy), policy);

  const fusebox::CircuitIdentity charge = {"zeta1/shop.Payments/Charge", "zeta1", {}};
  policy.slow_call_duration = absl::Milliseconds(100);
  policy.failure_rate.reset();
  policy.consecutive_failures = 3;
  policy.half_open.verdict = fusebox::SuccessThreshold{2};
  EXPECT_EQ(fusebox::Patched(Policy(), fusebox::Resolve(config_->overrides(), charge)), policy);
}

TEST_P(Formats, OptionsOfAChannel) {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const absl::StatusOr<InterceptorOptions> options = config_->Options("zeta1", registry);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->dependency, "zeta1");
  EXPECT_EQ(options->registry, registry);
  EXPECT_EQ(options->policies.Resolve("shop.Payments/Watch"), nullptr);
  EXPECT_EQ(options->policies.Resolve("shop.Other/Any"), nullptr);
  EXPECT_NE(options->policies.Resolve("shop.Payments/Charge"), nullptr);
  EXPECT_TRUE(options->policies.allows_unknown_names());
  EXPECT_EQ(options->scope, fusebox::CircuitScope::kPerMethod);
  EXPECT_THAT(options->classifier.codes,
              testing::UnorderedElementsAre(
                  testing::Pair(grpc::StatusCode::NOT_FOUND, OutcomeKind::kFailure),
                  testing::Pair(grpc::StatusCode::INTERNAL, OutcomeKind::kFailure),
                  testing::Pair(grpc::StatusCode::INVALID_ARGUMENT, OutcomeKind::kIgnored),
                  testing::Pair(grpc::StatusCode::UNAVAILABLE, OutcomeKind::kOverload),
                  testing::Pair(grpc::StatusCode::UNKNOWN, OutcomeKind::kSuccess)));
  EXPECT_EQ(options->classifier.min_deadline, absl::Milliseconds(5));
  EXPECT_EQ(options->classifier.cancelled_after, absl::Milliseconds(1'500));
  EXPECT_EQ(options->streams.success, fusebox::StreamSuccess::kFirstMessage);
  EXPECT_TRUE(options->streams.time_client_streams);
  ASSERT_EQ(options->method_streams.count("shop.Payments/Feed"), 1U);
  EXPECT_EQ(options->method_streams.at("shop.Payments/Feed").success,
            fusebox::StreamSuccess::kFinalStatus);
  EXPECT_FALSE(options->await_connection);
  EXPECT_EQ(options->health_service, "shop.Payments");

  const absl::StatusOr<InterceptorOptions> alpha = config_->Options("alpha", registry);
  ASSERT_TRUE(alpha.ok()) << alpha.status();
  EXPECT_EQ(alpha->scope, fusebox::CircuitScope::kPerTarget);
  EXPECT_TRUE(alpha->await_connection);
}

TEST_P(Formats, OptionsOfTheProcess) {
  EXPECT_EQ(config_->RegistryOptions().max_circuits, 20'000U);
  EXPECT_EQ(config_->RegistryOptions().event_capacity, 64U);
  const fusebox::LogListener::Options log = config_->LogOptions();
  EXPECT_EQ(log.format, fusebox::LogListener::Format::kJsonLines);
  EXPECT_EQ(log.min_level, fusebox::LogLevel::kWarning);
  EXPECT_EQ(log.max_lines_per_second, 5);
  EXPECT_TRUE(log.failure_messages);
  EXPECT_THAT(config_->HealthServices(), testing::ElementsAre(testing::Pair(
                                             "alpha", testing::ElementsAre("alpha", "alpha/*"))));
}

INSTANTIATE_TEST_SUITE_P(All, Formats,
                         testing::Values(Sample{ConfigFormat::kYaml, kYaml},
                                         Sample{ConfigFormat::kJson, kJson},
                                         Sample{ConfigFormat::kYaml, kJson},
                                         Sample{ConfigFormat::kText, kText}));

TEST(Yaml, AnchorsAndMergedMaps) {
  const auto config = Read(
      "presets: &presets\n"
      "  a: &a {failure_rate: 50%, minimum_calls: 10}\n"
      "  b: &b {minimum_calls: 20, jitter: 0.2}\n"
      "dependencies:\n"
      "  d: {default: {<<: [*a, *b], open_duration: 5s}}\n"
      "  e: {default: *a}\n"
      "  f: {default: {minimum_calls: 5, <<: *a}}\n");
  Policy d;
  d.failure_rate = 0.5;
  d.minimum_calls = 10;
  d.jitter = 0.2;
  d.open_duration = absl::Seconds(5);
  EXPECT_EQ(PolicyOf(*config), d);
  EXPECT_THAT(config->overrides().dependencies[1].default_policy.fields,
              testing::ElementsAre(fusebox::PatchedField{"failure_rate", "f:2"},
                                   fusebox::PatchedField{"minimum_calls", "f:2"}));
  EXPECT_EQ(config->overrides().dependencies[2].default_policy.values.minimum_calls, 5);
}

TEST(Yaml, AMergeKeyInQuotesIsAKey) {
  EXPECT_EQ(ErrorsOf("\"<<\": {}"), "f:1: [\"<<\"]: no such key");
  EXPECT_EQ(ErrorsOf("{\"<<\": {}}", ConfigFormat::kJson), "f:1: [\"<<\"]: no such key");
}

TEST(Yaml, AFileWithoutDependenciesIsWarnedOf) {
  for (const std::string text : {"{}", "presets:\ndependencies:\n", "version: a\n"}) {
    EXPECT_TRUE(Read(text)->overrides().dependencies.empty()) << text;
    EXPECT_THAT(
        Read(text)->warnings(),
        testing::ElementsAre("f: has no dependencies: every circuit goes by its code's policy"));
  }
  EXPECT_EQ(Read("dependencies: {d: }")->overrides().dependencies.size(), 1U);
}

TEST(Yaml, TextMayBeInQuotesOrInBlocks) {
  EXPECT_EQ(Read("version: '1.10'")->version(), "1.10");
  EXPECT_EQ(Read("version: 1.10")->version(), "1.10");
  EXPECT_EQ(Read("version: !!str 1.10")->version(), "1.10");
  EXPECT_EQ(Read("version: >-\n  a b\n  c\n")->version(), "a b c");
  EXPECT_EQ(Read("dependencies: {d: {default: {failure_rate: '0.5'}}}")
                ->overrides()
                .dependencies.front()
                .default_policy.values.failure_rate,
            0.5);
}

}  // namespace
}  // namespace fusebox_testing
