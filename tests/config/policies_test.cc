// SPDX-License-Identifier: Apache-2.0
//
// Every field of the table, in each format.
#include <fusebox/v1/circuit.pb.h>
#include <fusebox/v1/config.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include <cstddef>
#include <random>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fusebox/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/admin/policy_conversion.h"
#include "src/base/text.h"
#include "src/policy/every_field.h"
#include "src/policy/field_table.h"
#include "src/policy/range_text.h"
#include "tests/config/read.h"
#include "tests/support/policy_maker.h"

namespace fusebox_testing {
namespace {

using fusebox::ConfigFormat;
using fusebox::Policy;
using fusebox::internal::ChoiceField;
using fusebox::internal::IfSet;
using fusebox::internal::PartField;
using fusebox::internal::PolicyField;
using fusebox::internal::ValueField;
using fusebox::internal::ValueText;
using testing::HasSubstr;

// A policy as YAML in brackets: "{failure_rate: 0.5, ramp: {duration: 10s}}".
class Yaml {
 public:
  template <typename T>
  static std::string Of(const T& of) {
    std::string text;
    fusebox::internal::VisitFields(
        of, [&text](const auto& field, const auto& value) { Write(field, value, text); });
    return absl::StrCat("{", text, "}");
  }

 private:
  static void Add(absl::string_view name, absl::string_view value, std::string& to) {
    absl::StrAppend(&to, to.empty() ? "" : ", ", name, ": ", value);
  }

  template <typename Owner, typename Member>
  static void Write(const ValueField<Owner, Member>& field, const Member& value, std::string& to) {
    if (const auto* const set = IfSet(value)) Add(field.name, ValueText(*set), to);
  }
  template <typename Owner, typename Member>
  static void Write(const PartField<Owner, Member>& field, const Member& value, std::string& to) {
    if (const auto* const set = IfSet(value)) Add(field.name, Of(*set), to);
  }
  template <typename Owner, typename Member>
  static void Write(const PolicyField<Owner, Member>& field, const Member& value, std::string& to) {
    if (value) Add(field.name, Of(*value), to);
  }
  template <typename Owner, typename Member>
  static void Write(const ChoiceField<Owner, Member>& field, const Member& value, std::string& to) {
    fusebox::internal::VisitChosen(field, value, [&](const auto& alternative, const auto& chosen) {
      if (*alternative.name != '\0') {
        Add(alternative.name, Of(chosen), to);
      } else {
        fusebox::internal::VisitFields(
            chosen, [&to](const auto& one, const auto& member) { Write(one, member, to); });
      }
    });
  }
};

std::string YamlOf(const Policy& policy) {
  return absl::StrCat("dependencies: {d: {default: ", Yaml::Of(policy), "}}");
}

// A ConfigPolicy has the fields of a Policy, under their numbers.
fusebox::v1::Config ProtoOf(const Policy& policy) {
  fusebox::v1::Policy proto;
  fusebox::internal::ToProto(policy, proto);
  fusebox::v1::Config config;
  EXPECT_TRUE((*config.mutable_dependencies())["d"].mutable_default_()->ParseFromString(
      proto.SerializeAsString()));
  return config;
}

std::string TextOf(const Policy& policy) {
  std::string text;
  EXPECT_TRUE(google::protobuf::TextFormat::PrintToString(ProtoOf(policy), &text));
  return text;
}

std::string JsonOf(const Policy& policy) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(ProtoOf(policy), &text, options).ok());
  return text;
}

std::string WrittenAs(ConfigFormat format, const Policy& policy) {
  return format == ConfigFormat::kYaml   ? YamlOf(policy)
         : format == ConfigFormat::kJson ? JsonOf(policy)
                                         : TextOf(policy);
}

// minimum_calls is only looked at beside a rate; a file has to say a possible one all the same.
bool IsOfNoEffect(const std::string& errors) { return absl::StrContains(errors, "minimum_calls"); }

// What is accepted is valid, and is what was written; what is refused isn't valid.
void ExpectFaithful(const Policy& policy, ConfigFormat format) {
  const std::string text = WrittenAs(format, policy);
  const auto config = fusebox::Config::Parse(text, format, "f");
  const bool valid = fusebox::Validate(policy).ok();
  if (config.ok()) {
    EXPECT_TRUE(valid) << text;
    EXPECT_EQ(PolicyOf(**config), policy) << text;
  } else {
    const std::string errors(config.status().message());
    EXPECT_TRUE(!valid || IsOfNoEffect(errors)) << text << "\n" << errors;
  }
}

class InFormat : public testing::TestWithParam<ConfigFormat> {};

TEST_P(InFormat, EachFieldComesThroughOrIsRefused) {
  for (const Policy& policy : PoliciesWithOneFieldChanged()) ExpectFaithful(policy, GetParam());
}

TEST_P(InFormat, AnyPolicyComesThroughOrIsRefused) {
  std::mt19937_64 random(20'261'127);  // NOLINT(cert-msc51-cpp): the same each time
  int valid = 0;
  for (int i = 0; i < 3'000; ++i) {
    // Mostly what is there anyway, so that some are valid.
    PolicyMaker maker([&random](std::size_t count) -> std::size_t {
      return random() % 3 == 0 ? random() % count : 0;
    });
    const Policy policy = maker.Make();
    valid += fusebox::Validate(policy).ok() ? 1 : 0;
    ExpectFaithful(policy, GetParam());
  }
  EXPECT_GT(valid, 100);
}

INSTANTIATE_TEST_SUITE_P(Policies, InFormat,
                         testing::Values(ConfigFormat::kYaml, ConfigFormat::kJson,
                                         ConfigFormat::kText),
                         [](const auto& format) {
                           return std::string(format.param == ConfigFormat::kYaml   ? "Yaml"
                                              : format.param == ConfigFormat::kJson ? "Json"
                                                                                    : "Text");
                         });

// "{a: {b: off}}" of "a.b".
std::string Nested(const std::string& path, const std::string& value) {
  std::string text = value;
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    text = absl::StrCat("{", *name, ": ", text, "}");
  }
  return text;
}

// Each field that can be off is off by off, by null and by false, and in text by its name.
class OffVisitor {
 public:
  template <typename Owner, typename Member>
  void operator()(const std::string& path, const ValueField<Owner, Member>& field,
                  const Member& /*value*/) {
    Check(path, field.off() != fusebox::internal::Off::kNever);
  }
  template <typename Owner, typename Member>
  void operator()(const std::string& path, const PartField<Owner, Member>& field,
                  const Member& /*value*/) {
    Check(path, field.off() != fusebox::internal::Off::kNever);
  }
  template <typename Owner, typename Member>
  void operator()(const std::string& path, const PolicyField<Owner, Member>& /*field*/,
                  const Member& /*value*/) {
    Check(path, true);
  }
  template <typename Owner, typename Member>
  void operator()(const std::string& /*path*/, const ChoiceField<Owner, Member>& /*field*/,
                  std::size_t /*index*/) {}

 private:
  static void Check(const std::string& path, bool can_be_off) {
    for (const std::string off : {"off", "null", "false", "~"}) {
      if (path == "slow_is_failure" && (off == "null" || off == "~")) continue;  // is no value
      const std::string text =
          absl::StrCat("dependencies: {d: {default: ", Nested(path, off), "}}");
      const std::string errors = ErrorsOf(text);
      EXPECT_EQ(errors.empty(), can_be_off) << text << "\n" << errors;
    }
    const std::string text =
        absl::StrCat("dependencies { key: \"d\" value { default { without: \"", path, "\" } } }");
    const std::string errors = ErrorsOf(text, ConfigFormat::kText);
    if (path != "slow_is_failure") {
      EXPECT_EQ(errors.empty(), can_be_off) << text << "\n" << errors;
    }
  }
};

TEST(Policies, WhatCanBeOffIsTurnedOff) {
  fusebox::internal::VisitEveryField(OffVisitor());
  const auto config = Read(
      "presets: {p: {failure_rate: 50%, ramp: {duration: 5s}, jitter: 0.2, "
      "half_open: {probe_timeout: 5s}, slow_is_failure: true, slow_call_duration: 1s}}\n"
      "dependencies: {d: {default: {preset: p, consecutive_failures: 5, failure_rate: off, "
      "ramp: null, jitter: off, half_open: {probe_timeout: false}, slow_is_failure: off}}}");
  Policy policy;
  policy.consecutive_failures = 5;
  policy.jitter = 0;
  policy.half_open.probe_timeout = absl::ZeroDuration();
  policy.slow_call_duration = absl::Seconds(1);
  EXPECT_EQ(PolicyOf(*config), policy);
}

TEST(Policies, OffIsInTextWhatItIsInYaml) {
  const std::string preset =
      "presets { key: \"p\" value { failure_rate: 0.5 ramp { } jitter: 0.2 } }\n";
  const auto config =
      Read(preset +
               "dependencies { key: \"d\" value { default { preset: \"p\" consecutive_failures: 5\n"
               "  without: \"failure_rate\" without: \"ramp\" without: \"jitter\" without: "
               "\"half_open.probe_timeout\" "
               "} } }",
           ConfigFormat::kText);
  Policy policy;
  policy.consecutive_failures = 5;
  policy.jitter = 0;
  policy.half_open.probe_timeout = absl::ZeroDuration();
  EXPECT_EQ(PolicyOf(*config), policy);

  EXPECT_EQ(ErrorsOf("dependencies { key: \"d\" value { default {\n"
                     "  without: \"failure_rat\"\n  without: \"jitter\" jitter: 0.5 } } }",
                     ConfigFormat::kText),
            "f:2: dependencies.d.default.without = \"failure_rat\", must be the path of a policy's "
            "field\n"
            "f:3: dependencies.d.default.without: jitter is also set");
}

// What turns fields off, with all that is wrong in the list.
TEST(Policies, WithoutIsOneListOfFields) {
  const auto config = Read(
      "presets: {p: {failure_rate: 50%, ramp: {duration: 5s}, jitter: 0.2, half_open: "
      "{probe_calls: 4, probe_timeout: 5s}}}\n"
      "dependencies:\n"
      "  d:\n"
      "    default:\n"
      "      preset: p\n"
      "      half_open: {max_concurrent: 3}\n"
      "      without: [ramp, jitter, half_open.probe_timeout]\n");
  Policy policy;
  policy.failure_rate = 0.5;
  policy.jitter = 0;
  policy.half_open.verdict = fusebox::ProbeCalls{4};
  policy.half_open.max_concurrent = 3;
  policy.half_open.probe_timeout = absl::ZeroDuration();
  EXPECT_EQ(PolicyOf(*config), policy);
  const fusebox::PolicyPatch& patch = config->overrides().dependencies.front().default_policy;
  EXPECT_TRUE(patch.below.empty());
  EXPECT_EQ(fusebox::FindField(patch, "ramp.duration")->source, "f:7");
  EXPECT_EQ(fusebox::FindField(patch, "half_open.max_concurrent")->source, "f:6");
}

TEST(Policies, WithoutWhatIsSetIsRefused) {
  EXPECT_EQ(ErrorsOf("dependencies:\n"
                     "  d:\n"
                     "    default:\n"
                     "      ramp: {duration: 5s}\n"
                     "      adaptive_recovery: on\n"
                     "      without:\n"
                     "        - jitter\n"
                     "        - ramp\n"
                     "        - adaptive_recovery.probe_cost\n"
                     "        - jitter\n"
                     "        - hung_calls.age\n"
                     "        - hung_calls\n"
                     "        - half_open.probe_calls\n"
                     "        - shadow_policy.jitter\n"
                     "        - rampage\n"
                     "        - {}\n"),
            "f:8: dependencies.d.default.without: ramp is also set, by ramp.duration\n"
            "f:9: dependencies.d.default.without: adaptive_recovery.probe_cost is also set, by "
            "adaptive_recovery\n"
            "f:10: dependencies.d.default.without: jitter: a second time\n"
            "f:11: dependencies.d.default.hung_calls.age = off, must be from 1ms to 24h; it can't "
            "be off\n"
            "f:12: dependencies.d.default.without: hung_calls: a second time, by "
            "hung_calls.age\n"
            "f:13: dependencies.d.default.half_open.probe_calls = off, must be from 1 to 1000000; "
            "it can't be off\n"
            "f:14: dependencies.d.default.without = shadow_policy.jitter, must be no field of "
            "shadow_policy, which has a `without` of its own\n"
            "f:15: dependencies.d.default.without = rampage, must be the path of a policy's field\n"
            "f:16: dependencies.d.default.without = a map, must be the path of a policy's field");
}

TEST(Policies, PresetsOnEachOtherMakeOnePatch) {
  const auto config = Read(
      "presets:\n"
      "  a: {failure_rate: 50%, time_window: {duration: 20s, buckets: 5}}\n"
      "  b: {preset: a, failure_rate: 60%, count_window: {size: 50}}\n"
      "  c: {preset: b, jitter: off, time_window: {duration: 30s}}\n"
      "dependencies: {d: {default: {preset: c}, methods: {a.B/C: {preset: c, ramp: on}}}}");
  const fusebox::DependencyOverrides& d = config->overrides().dependencies.front();
  EXPECT_TRUE(d.default_policy.below.empty());
  EXPECT_TRUE(d.methods.at("a.B/C").below.empty());
  // The window of c begins with its defaults, since that of b is between them, and whatever the
  // code's is.
  for (const fusebox::Window& window : {fusebox::Window(fusebox::TimeWindow{absl::Seconds(7), 3}),
                                        fusebox::Window(fusebox::CountWindow{7})}) {
    Policy code;
    code.window = window;
    const Policy policy = fusebox::Patched(code, d.default_policy);
    EXPECT_EQ(policy.window, fusebox::Window(fusebox::TimeWindow{absl::Seconds(30),
                                                                 fusebox::TimeWindow().buckets}));
    EXPECT_EQ(policy.failure_rate, 0.6);
    EXPECT_EQ(policy.jitter, 0);
  }
}

TEST(Policies, APartIsOnWithItsDefaults) {
  for (const std::string on : {"on", "true", "{}"}) {
    const auto config =
        Read(absl::StrCat("dependencies: {d: {default: {failure_rate: 0.5, ramp: ", on,
                          ", time_window: ", on, "}}}"));
    EXPECT_EQ(PolicyOf(*config).ramp, fusebox::Ramp()) << on;
    EXPECT_EQ(PolicyOf(*config).window, fusebox::Window(fusebox::TimeWindow())) << on;
  }
}

TEST(Policies, SharesMayBePercents) {
  const auto config = Read(
      "dependencies: {d: {default: {failure_rate: 33.3%, jitter: 5%, slow_call_rate: '100%', "
      "slow_call_duration: 1s}}}");
  EXPECT_EQ(PolicyOf(*config).failure_rate, 0.333);
  EXPECT_EQ(PolicyOf(*config).jitter, 0.05);
  EXPECT_EQ(PolicyOf(*config).slow_call_rate, 1);
  EXPECT_THAT(ErrorsOf("dependencies: {d: {default: {backoff_multiplier: 200%}}}"),
              HasSubstr("backoff_multiplier = 200%, must be a number"));
}

TEST(Policies, EachFieldKnowsItsLine) {
  const auto config = Read(
      "presets:\n"
      "  base: {failure_rate: 50%}\n"
      "  strict:\n"
      "    preset: base\n"
      "    minimum_calls: 10\n"
      "dependencies:\n"
      "  d:\n"
      "    default:\n"
      "      preset: strict\n"
      "      half_open:\n"
      "        probe_calls: 5\n"
      "    services: {shop.Payments: {open_duration: 5s}}\n"
      "    methods: {shop.Payments/Charge: {preset: strict, failure_rate: 0.25}}\n");
  const fusebox::DependencyOverrides& d = config->overrides().dependencies.front();
  const auto place_of = [](const fusebox::PolicyPatch& patch, const std::string& field) {
    const fusebox::PatchedField* const found = fusebox::FindField(patch, field);
    return found == nullptr ? "nowhere" : found->source;
  };
  EXPECT_EQ(place_of(d.default_policy, "failure_rate"), "f:2");
  EXPECT_EQ(place_of(d.default_policy, "minimum_calls"), "f:5");
  EXPECT_EQ(place_of(d.default_policy, "half_open.probe_calls"), "f:11");
  EXPECT_EQ(place_of(d.default_policy, "open_duration"), "nowhere");
  EXPECT_EQ(place_of(d.services.at("shop.Payments"), "open_duration"), "f:12");
  EXPECT_EQ(place_of(d.methods.at("shop.Payments/Charge"), "failure_rate"), "f:13");
  EXPECT_EQ(place_of(d.methods.at("shop.Payments/Charge"), "minimum_calls"), "f:5");
}

TEST(Policies, ACandidateMayHaveAPreset) {
  const auto config = Read(
      "presets: {p: {failure_rate: 50%}}\n"
      "dependencies: {d: {default: {shadow_policy: {preset: p, minimum_calls: 5}}}}");
  Policy candidate;
  candidate.failure_rate = 0.5;
  candidate.minimum_calls = 5;
  Policy policy;
  policy.shadow_policy = candidate;
  EXPECT_EQ(PolicyOf(*config), policy);
}

TEST(Policies, TheLaterWindowWins) {
  const auto config = Read(
      "presets: {p: {failure_rate: 50%, count_window: {size: 50}}}\n"
      "dependencies: {d: {default: {preset: p, time_window: {duration: 20s}}}}");
  EXPECT_EQ(PolicyOf(*config).window, fusebox::Window(fusebox::TimeWindow{absl::Seconds(20), 10}));
}

}  // namespace
}  // namespace fusebox_testing
