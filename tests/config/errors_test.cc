// SPDX-License-Identifier: Apache-2.0
//
// All that is wrong, at once and word by word.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/config/read.h"

namespace fusebox_testing {
namespace {

using fusebox::ConfigFormat;

// Of a policy "d", in line 1.
std::string ErrorsOfPolicy(const std::string& policy) {
  return ErrorsOf(absl::StrCat("dependencies: {d: {default: {", policy, "}}}"));
}

std::string InPolicy(const std::string& error) {
  return absl::StrCat("f:1: dependencies.d.default.", error);
}

TEST(Errors, AllAtOnceByLine) {
  EXPECT_EQ(
      ErrorsOf("dependencies:\n"
               "  payment:\n"
               "    default:\n"
               "      failure_rate: 1.5\n"
               "      minimum_cals: 3\n"
               "      open_duration: 30\n"
               "    defualt: {}\n"
               "    services: {a/b: {}}\n"
               "    methods: {a.B: {}}\n"
               "    classifier: {failure_codes: [UNAVAILABEL], ignored_codes: [OK, ok]}\n"
               "    health: ture\n"
               "    scope: per_call\n"
               "  x*: {health: true}\n"
               "  payment: {}\n"
               "registry: {max_circuits: -1}\n"
               "log: {format: xml, max_lines_per_second: 0}\n"),
      "f:4: dependencies.payment.default.failure_rate = 1.5, must be greater than 0 and at most "
      "1\n"
      "f:5: dependencies.payment.default.minimum_cals: no such key; did you mean "
      "minimum_calls?\n"
      "f:6: dependencies.payment.default.open_duration = 30, must be a duration with its unit, "
      "as 30s or 30ms\n"
      "f:7: dependencies.payment.defualt: no such key; did you mean default?\n"
      "f:8: dependencies.payment.services[\"a/b\"]: a service is written as package.Service\n"
      "f:9: dependencies.payment.methods[\"a.B\"]: a method is written as "
      "package.Service/Method\n"
      "f:10: dependencies.payment.classifier.failure_codes = UNAVAILABEL, must be a status code, "
      "as UNAVAILABLE; did you mean UNAVAILABLE?\n"
      "f:10: dependencies.payment.classifier.ignored_codes: ok: a second time\n"
      "f:11: dependencies.payment.health = ture, must be true or false\n"
      "f:12: dependencies.payment.scope = per_call, must be one of per_method, per_service, "
      "per_target\n"
      "f:13: dependencies[\"x*\"].health = true, must be of a single dependency: it is shown "
      "under its name\n"
      "f:14: dependencies.payment: a second time; the first is in line 2\n"
      "f:15: registry.max_circuits = -1, must be from 0 to 10000000\n"
      "f:16: log.format = xml, must be one of text, json_lines\n"
      "f:16: log.max_lines_per_second = 0, must be from 1 to 1000000");
}

TEST(Errors, NumbersAreNumbers) {
  for (const std::string value : {".nan", "nan", "NaN", ".inf", "inf", "1e999", "0x10", "'1,5'",
                                  "''", "half", "[1]", "{a: 1}", "5 %", "e2%", "1e400%"}) {
    EXPECT_THAT(ErrorsOfPolicy(absl::StrCat("failure_rate: ", value)),
                testing::EndsWith(", must be a number, as 0.5 or 50%"))
        << value;
  }
  for (const std::string value : {"1.5", "1e3", "99999999999999999999", "ten", "0x10", "'1 '"}) {
    EXPECT_THAT(ErrorsOfPolicy(absl::StrCat("minimum_calls: ", value)),
                testing::EndsWith(", must be a whole number"))
        << value;
  }
  for (const std::string value : {"-0.5", "0", "101%", "-1%"}) {
    EXPECT_THAT(ErrorsOfPolicy(absl::StrCat("failure_rate: ", value)),
                testing::EndsWith(", must be greater than 0 and at most 1"))
        << value;
  }
}

TEST(Errors, DurationsHaveUnits) {
  EXPECT_EQ(ErrorsOfPolicy("open_duration: 30"),
            InPolicy("open_duration = 30, must be a duration with its unit, as 30s or 30ms"));
  EXPECT_EQ(
      ErrorsOfPolicy("open_duration: '1.5'"),
      InPolicy("open_duration = \"1.5\", must be a duration with its unit, as 1.5s or 1.5ms"));
  for (const std::string value : {"inf", "-inf", "1d", "s", "30 s", "soon", "[]"}) {
    EXPECT_THAT(ErrorsOfPolicy(absl::StrCat("open_duration: ", value)),
                testing::EndsWith(", must be a duration, as 30s, 1.5s, 100ms or 1m30s"))
        << value;
  }
  EXPECT_EQ(ErrorsOfPolicy("open_duration: 99999999999999h"),
            InPolicy("open_duration = 99999999999999h, must be from 1ms to 8760h"));
  EXPECT_EQ(ErrorsOfPolicy("open_duration: 0.5ms"),
            InPolicy("open_duration = 0.5ms, must be from 1ms to 8760h"));
  EXPECT_EQ(ErrorsOfPolicy("half_open: {probe_timeout: -1s}"),
            InPolicy("half_open.probe_timeout = -1s, must be 0, or from 1ms to 8760h"));
}

TEST(Errors, WhatCantBeOff) {
  EXPECT_EQ(ErrorsOfPolicy("open_duration: off"),
            InPolicy("open_duration = off, must be from 1ms to 8760h; it can't be off"));
  EXPECT_EQ(ErrorsOfPolicy("half_open: off"), InPolicy("half_open = off, must be a map"));
  EXPECT_EQ(ErrorsOfPolicy("count_window: false"),
            InPolicy("count_window = false, must be a map, or on"));
  EXPECT_EQ(ErrorsOfPolicy("ramp: 10s"), InPolicy("ramp = 10s, must be a map, on or off"));
  EXPECT_EQ(ErrorsOfPolicy("shadow_policy: on"),
            InPolicy("shadow_policy = on, must be a map, or off"));
}

TEST(Errors, APolicyAsAWhole) {
  EXPECT_EQ(
      ErrorsOf("dependencies:\n"
               "  d:\n"
               "    default:\n"
               "      slow_call_rate: 50%\n"
               "      count_window: {size: 10}\n"
               "      minimum_calls: 11\n"
               "      open_duration: 10m\n"),
      "f:3: dependencies.d.default.slow_call_duration = unset, must be set, from 1us to 24h, for "
      "slow_call_rate or slow_is_failure\n"
      "f:3: dependencies.d.default.max_open_duration = 5m, must be at least open_duration, 10m\n"
      "f:6: dependencies.d.default.minimum_calls = 11, must be from 1 to 10 (the size of the "
      "window)");
  EXPECT_EQ(ErrorsOfPolicy("time_window: {duration: 5ms, buckets: 10}, failure_rate: 0.5"),
            InPolicy("time_window.duration / time_window.buckets = 500us, must be at least 1ms"));
  EXPECT_EQ(ErrorsOfPolicy("count_window: {size: 5}, time_window: {buckets: 5}"),
            InPolicy("time_window: only one of count_window and time_window can be set"));
  EXPECT_EQ(
      ErrorsOfPolicy("half_open: {probe_calls: 5, success_threshold: 5}"),
      InPolicy("half_open.success_threshold: only one of success_threshold and probe_calls can "
               "be set"));
  EXPECT_EQ(
      ErrorsOfPolicy("shadow_policy: {shadow_policy: {}}"),
      InPolicy("shadow_policy.shadow_policy = set, must be unset: a candidate has none itself"));
}

// What services and methods come to on top of the dependency's own.
TEST(Errors, OnTopOfEachOther) {
  EXPECT_EQ(
      ErrorsOf("dependencies:\n"
               "  d:\n"
               "    default: {failure_rate: 50%, count_window: {size: 20}, minimum_calls: 10}\n"
               "    services:\n"
               "      a.B: {count_window: {size: 15}}\n"
               "    methods:\n"
               "      a.B/Good: {minimum_calls: 15}\n"
               "      a.B/Bad: {minimum_calls: 16}\n"
               "      a.C/Good: {minimum_calls: 16}\n"),
      "f:8: dependencies.d.methods[\"a.B/Bad\"].minimum_calls = 16, must be from 1 to 15 (the "
      "size of the window)");
}

TEST(Errors, OfAPresetAreToldOnce) {
  EXPECT_EQ(
      ErrorsOf("presets:\n"
               "  p:\n"
               "    failure_rate: 50%\n"
               "    max_open_duration: 1s\n"
               "    open_duration: 2s\n"
               "  broken: {jitter: 2}\n"
               "dependencies:\n"
               "  a: {default: {preset: p}}\n"
               "  b: {default: {preset: p}}\n"
               "  c: {default: {preset: broken}}\n"),
      "f:4: dependencies.a.default.max_open_duration = 1s, must be at least open_duration, 2s\n"
      "f:6: presets.broken.jitter = 2, must be at least 0 and less than 1");
}

TEST(Errors, Presets) {
  EXPECT_EQ(
      ErrorsOf("presets:\n"
               "  a: {preset: b}\n"
               "  b: {preset: c}\n"
               "  c: {preset: a}\n"
               "  self: {preset: self}\n"
               "  lone: 5\n"
               "dependencies: {d: {default: {preset: standrad}, services: {a.B: {preset: []}}}}\n"),
      "f:4: presets.c.preset = a, must be another one: a preset can't be based on itself\n"
      "f:5: presets.self.preset = self, must be another one: a preset can't be based on itself\n"
      "f:6: presets.lone = 5, must be a map\n"
      "f:7: dependencies.d.default.preset = standrad, must be the name of one of the presets\n"
      "f:7: dependencies.d.services[\"a.B\"].preset = a list, must be the name of one of the "
      "presets");
  EXPECT_EQ(
      ErrorsOf("presets: {standard: {}}\n"
               "dependencies: {d: {default: {preset: standrad}}}\n"),
      "f:2: dependencies.d.default.preset = standrad, must be the name of one of the presets; "
      "did you mean standard?");
}

TEST(Errors, WhatSharesACircuitHasOnePolicy) {
  EXPECT_EQ(ErrorsOf("dependencies:\n"
                     "  a:\n"
                     "    scope: per_service\n"
                     "    services: {a.B: {}}\n"
                     "    methods: {a.B/C: {}}\n"
                     "  b:\n"
                     "    scope: per_target\n"
                     "    services: {a.B: {}}\n"),
            "f:5: dependencies.a.methods[\"a.B/C\"]: a method has no policy of its own: scope = "
            "per_service gives its service one circuit\n"
            "f:8: dependencies.b.services[\"a.B\"]: must not have a policy of its own: scope = "
            "per_target gives the dependency one circuit");
}

TEST(Errors, Unprotected) {
  EXPECT_EQ(
      ErrorsOf("dependencies:\n"
               "  d:\n"
               "    methods: {a.B/C: {}}\n"
               "    unprotected:\n"
               "      - a.B/C\n"
               "      - a.B/D\n"
               "      - a.B/D\n"
               "      - 'a b'\n"
               "      - {}\n"),
      "f:5: dependencies.d.unprotected: a.B/C: also has a policy\n"
      "f:7: dependencies.d.unprotected: a.B/D: a second time\n"
      "f:8: dependencies.d.unprotected = a b, must be package.Service/Method or package.Service\n"
      "f:9: dependencies.d.unprotected = a map, must be text");
}

TEST(Errors, OfForm) {
  EXPECT_EQ(ErrorsOf("a: [1\n"), "f:1: the file ends too early: a bracket is not closed");
  EXPECT_EQ(ErrorsOf("just text"), "f:1: the file = just text, must be a map");
  EXPECT_EQ(ErrorsOf("a: {}\n---\nb: {}\n"), "f:2: a second document; there may be only one");
  EXPECT_EQ(ErrorsOf("presets: !preset {}"), "f:1: the tag !preset is not known");
  EXPECT_EQ(ErrorsOf("? [a]\n: b\n"), "f:1: a key must be text");
  EXPECT_EQ(ErrorsOf("<<: 5\n"), "f:1: << must be a map, or a list of maps");
}

TEST(Errors, AnEmptyFile) {
  for (const std::string text : {"", " \n", "# nothing\n", "---\n", "null"}) {
    EXPECT_EQ(ErrorsOf(text), "f: is empty") << text;
  }
  EXPECT_EQ(ErrorsOf("\n", ConfigFormat::kJson), "f: is empty");
  EXPECT_EQ(ErrorsOf("# nothing\n", ConfigFormat::kText), "f: is empty");
}

TEST(Errors, AQuoteThatIsNotClosed) {
  for (const std::string text :
       {"version: \"1", "version: \"1\ndependencies: {}\n", "version: '1''", "version: \"1\\\"\n",
        "version: &a !!str '1\n", "{version: '1}\n", "\xef\xbb\xbfversion: '1\n"}) {
    EXPECT_EQ(ErrorsOf(text), "f:1: a quote that is not closed") << text;
  }
  EXPECT_EQ(ErrorsOf("presets:\n  a:\n    failure_rate: '50%\n"),
            "f:3: a quote that is not closed");
  EXPECT_EQ(ErrorsOf("version: 1\n\"presets: {}\n"), "f:2: a quote that is not closed");
  EXPECT_EQ(Read("version: 'it''s'")->version(), "it's");
  EXPECT_EQ(Read("version: \"a\\\"b\"")->version(), "a\"b");
}

TEST(Errors, AKeyWithoutAColon) {
  for (const std::string end : {"", "\n"}) {
    EXPECT_EQ(ErrorsOf("version: 1\ndependencies" + end), "f:2: a key must be followed by a colon");
    EXPECT_EQ(ErrorsOf("dependencies:\n  d:\n    scope: per_method\n    health" + end),
              "f:4: a key must be followed by a colon");
    EXPECT_EQ(ErrorsOf("presets:\n  a:\n    jitter: 0.1\n    slow_call_rate" + end),
              "f:4: a key must be followed by a colon");
  }
  EXPECT_EQ(ErrorsOf("presets: {a: {slow_call_rate, jitter: 0.1}}"),
            "f:1: a key must be followed by a colon");
  EXPECT_EQ(ErrorsOf("presets: {a: {'slow_call_rate'}}"), "f:1: a key must be followed by a colon");
  EXPECT_EQ(ErrorsOf("? version\n"), "f:1: a key must be followed by a colon");
  EXPECT_EQ(ErrorsOf("presets:\n  a: {slow_call_rate:, 'jitter' : }\n  b:\n"), "");
}

TEST(Errors, ATabInTheIndentation) {
  for (const std::string line : {"\thealth: true", "    \thealth: true"}) {
    EXPECT_EQ(ErrorsOf("dependencies:\n  d:\n" + line + "\n"),
              "f:3: a tab in the indentation; YAML is indented with spaces");
  }
  EXPECT_EQ(ErrorsOf("version: 1\npresets: a b\n  c: 1\n"),
            "f:3: illegal map value; the mistake may be in the line before");
}

TEST(Errors, OfVersion) {
  EXPECT_EQ(ErrorsOf("version: " + std::string(128, 'x')), "");
  EXPECT_EQ(
      ErrorsOf("version: " + std::string(129, 'x')),
      "f:1: version = " + std::string(60, 'x') + ", must be text of 1 to 128 printable bytes");
  EXPECT_EQ(ErrorsOf("version: \"a\\nb\""),
            "f:1: version = \"a\\x0ab\", must be text of 1 to 128 printable bytes");
}

TEST(Errors, HintsOfWhatIsMeant) {
  EXPECT_EQ(ErrorsOfPolicy("failure_rate: 50"),
            InPolicy("failure_rate = 50, must be greater than 0 and at most 1; did you mean 50% "
                     "(0.5)?"));
  EXPECT_EQ(ErrorsOf("dependencies: {d: {preset: a}}"),
            "f:1: dependencies.d.preset: no such key; it belongs under default:");
}

TEST(Errors, JsonThatIsCutOff) {
  const auto errors_of = [](const std::string& text) {
    return ErrorsOf(text, ConfigFormat::kJson);
  };
  EXPECT_EQ(errors_of("{\n \"dependencies\": {\"d\": {\n  \"default\":\n\n"),
            "f:3: the JSON ends too early: the { of line 2 is not closed");
  EXPECT_EQ(errors_of("{\n \"dep"), "f:2: a quote that is not closed");
  EXPECT_EQ(errors_of("{\"version\": \"1,\n\"presets\": {}}"), "f:1: a quote that is not closed");
}

TEST(Errors, WhatIsNoJson) {
  const auto error_of = [](const std::string& text) { return ErrorsOf(text, ConfigFormat::kJson); };
  const auto refused = [](int line, const std::string& why) {
    return absl::StrCat("f:", line, ": no JSON: ", why);
  };
  const std::string comma = "a comma before the closing bracket";
  EXPECT_EQ(error_of("{\n\"version\": \"1\",\n}"), refused(3, comma));
  EXPECT_EQ(error_of("{\"x\": [1, 2,]}"), refused(1, comma));
  EXPECT_EQ(error_of("{\"x\": [,]}"), refused(1, "a value must come here"));
  EXPECT_EQ(error_of("{\"version\"}"), refused(1, "a key must be followed by a colon"));
  EXPECT_EQ(error_of("{\"version\", \"presets\": {}}"),
            refused(1, "a key must be followed by a colon"));
  EXPECT_EQ(error_of("{\n'version': \"1\"}"), refused(2, "a key must be text in double quotes"));
  EXPECT_EQ(error_of("{version: 1}"), refused(1, "a key must be text in double quotes"));
  EXPECT_EQ(error_of("{1: 1}"), refused(1, "a key must be text in double quotes"));
  EXPECT_EQ(error_of("{\"version\": '1'}"), refused(1, "text must be in double quotes"));
  EXPECT_EQ(error_of("{\"version\": \"a\nb\"}"), "f:1: a quote that is not closed");
  EXPECT_EQ(error_of("{\"version\": \"a\tb\"}"),
            refused(1, "a control character in text, must be written as \\t or \\u0009"));
  EXPECT_EQ(error_of("{\"x\": 1 \"y\": 2}"), refused(1, "a comma or a } must come here"));
  EXPECT_EQ(error_of("{\"x\": [1 2]}"), refused(1, "a comma or a ] must come here"));
  EXPECT_EQ(error_of("{\"x\": [1}}"), refused(1, "a comma or a ] must come here"));
  EXPECT_EQ(error_of("{}\n{}"), refused(2, "something comes behind the end"));
  EXPECT_EQ(error_of("{} # no"), refused(1, "something comes behind the end"));
  for (const std::string comment : {"# no", "// no", "/* no */"}) {
    EXPECT_EQ(error_of("{\"version\":\n" + comment + "\n\"1\"}"), refused(2, "a comment"));
  }
  for (const std::string value : {"yes", "off", "True", "nan", "NaN", ".5", "5.", "01", "+1", "1e",
                                  "0x10", "-", "1_000", "~", "*a", "&a", "!!str", "<<"}) {
    EXPECT_EQ(error_of("{\"x\": " + value + "}"),
              refused(1, value + ", must be a number, true, false, null or text in double quotes"));
  }
  for (const std::string escape : {"\\x41", "\\'", "\\0", "\\\n"}) {
    EXPECT_EQ(error_of("{\"x\": \"" + escape + "\"}"),
              refused(1, "a backslash in text, must be followed by one of \" \\ / b f n r t u"));
  }
  EXPECT_EQ(error_of("{\"x\": \"\\u12g4\"}"),
            refused(1, "\\u in text, must be followed by 4 hexadecimal digits"));
  for (const std::string half : {"\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\n"}) {
    EXPECT_EQ(error_of("{\"x\": \"" + half + "\"}"),
              refused(1, "a \\u escape that is half of a character"));
  }
}

TEST(Errors, WhatIsJson) {
  const auto version_of = [](const std::string& text) {
    return Read("\xef\xbb\xbf\t\r\n{ \"version\" :" + text + "}\n", ConfigFormat::kJson)->version();
  };
  EXPECT_EQ(version_of("\"a\\u0062\\/\\\"\\\\\""), "ab/\"\\");
  EXPECT_EQ(version_of("\"\\u00e4\\u20AC\\ud83d\\ude00\""), "\u00e4\u20ac\U0001f600");
  EXPECT_EQ(version_of("\"\u00e4\u20ac\U0001f600\""), "\u00e4\u20ac\U0001f600");
  EXPECT_EQ(version_of("-0.5e+3"), "-0.5e+3");
  EXPECT_EQ(version_of("null"), "");
}

TEST(Errors, OfText) {
  EXPECT_EQ(
      ErrorsOf("version: \"1\"\n"
               "dependencies { key: \"d\" value { defualt { } scop: 3 } }\n"
               "versio: 3\n",
               ConfigFormat::kText),
      "f:2: Message type \"fusebox.v1.ConfigDependency\" has no field named \"defualt\"; did you "
      "mean default?\n"
      "f:2: Message type \"fusebox.v1.ConfigDependency\" has no field named \"scop\"; did you "
      "mean scope?\n"
      "f:3: Message type \"fusebox.v1.Config\" has no field named \"versio\"; did you mean "
      "version?");
  EXPECT_EQ(
      ErrorsOf("dependencies {\n"
               "  key: \"d\"\n"
               "  value { default {\n"
               "    failure_rate: 1.5\n"
               "    jitter: nan\n"
               "    open_duration { seconds: 1 nanos: -1 }\n"
               "  } }\n"
               "}\n"
               "dependencies { key: \"d\" value { } }\n",
               ConfigFormat::kText),
      "f:4: dependencies.d.default.failure_rate = 1.5, must be greater than 0 and at most 1\n"
      "f:5: dependencies.d.default.jitter = nan, must be a number, as 0.5 or 50%\n"
      "f:6: dependencies.d.default.open_duration = 1s and -1ns, must be a duration, as 30s, 1.5s, "
      "100ms or 1m30s\n"
      "f:9: dependencies.d: a second time; the first is in line 1");
  EXPECT_THAT(ErrorsOf("version: \"1\"\nversion: \"2\"\n", ConfigFormat::kText),
              testing::StartsWith("f:2: "));
}

TEST(Errors, OfTextWithoutQuotes) {
  const auto in_dependency = [](const std::string& text) {
    return "dependencies { key: \"d\" value {\n" + text + " } }";
  };
  const std::string quoted = in_dependency("classifier { failure_codes: [\"UNAVAILABLE\"] }");
  EXPECT_EQ(ErrorsOf(quoted, ConfigFormat::kText), "");
  EXPECT_THAT(
      ErrorsOf(in_dependency("classifier { failure_codes: UNAVAILABLE }"), ConfigFormat::kText),
      testing::StartsWith("f:2: Expected string, got: UNAVAILABLE; write it in double quotes"));
}

TEST(Errors, OfJson) {
  EXPECT_EQ(ErrorsOf("{\n  \"presets\": {\n    \"a\": {\"jitter\": 2},\n    \"a\": {}\n  }\n}\n",
                     ConfigFormat::kJson),
            "f:3: presets.a.jitter = 2, must be at least 0 and less than 1\n"
            "f:4: presets.a: a second time; the first is in line 3");
  EXPECT_EQ(ErrorsOf("version: 1\n", ConfigFormat::kJson),
            "f:1: no JSON: version, must be a number, true, false, null or text in double quotes");
}

TEST(Errors, Warnings) {
  const auto config = Read(
      "presets: {p: {failure_rate: 50%}}\n"
      "dependencies:\n"
      "  a:\n"
      "    default:\n"
      "      preset: p\n"
      "      jitter: off\n"
      "  b: {default: {preset: p, jitter: 0}}\n");
  EXPECT_THAT(
      config->warnings(),
      testing::ElementsAre("f:6: dependencies.a.default: jitter = 0: the circuits of a fleet "
                           "open, probe and close in step",
                           "f:7: dependencies.b.default: jitter = 0: the circuits of a fleet "
                           "open, probe and close in step"));
  EXPECT_THAT(Read("dependencies: {d: {default: {failure_rate: 50%}}}")->warnings(),
              testing::IsEmpty());
}

}  // namespace
}  // namespace fusebox_testing
