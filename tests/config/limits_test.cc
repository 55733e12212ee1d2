// SPDX-License-Identifier: Apache-2.0
//
// What is too much, or hostile: refused, and soon.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/config/read.h"

namespace fusebox_testing {
namespace {

using fusebox::ConfigFormat;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

std::string Times(int count, absl::string_view text) {
  std::string all;
  for (int i = 0; i < count; ++i) absl::StrAppend(&all, text);
  return all;
}

TEST(Limits, ManyBytes) {
  const std::string most(fusebox::Config::kMaxBytes - 3, '#');
  EXPECT_EQ(ErrorsOf(most + "\n{}"), "");
  EXPECT_EQ(ErrorsOf(most + "\n{}\n"), "f: has more than 4194304 bytes");
}

TEST(Limits, ABombOfAliasesIsNotExpanded) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name < 'z'; ++name) {
    const std::string before = absl::StrCat("*", std::string(1, static_cast<char>(name - 1)), " ");
    absl::StrAppend(&bomb, std::string(1, name), ": &", std::string(1, name), " [",
                    Times(9, before + ","), before, "]\n");
  }
  EXPECT_EQ(ErrorsOf(bomb),
            "f:5: more than 100000 values, each counted as often as an alias repeats it");
}

TEST(Limits, ABombOfMergedMapsIsNotExpanded) {
  std::string bomb = "a: &a {k: {x: 1, y: 2, z: 3}}\n";
  for (int i = 0; i < 40; ++i) {
    absl::StrAppend(&bomb, "b", i, ": &b", i, " {<<: *", i == 0 ? "a" : absl::StrCat("b", i - 1),
                    ", k", i, ": {", "p: *", i == 0 ? "a" : absl::StrCat("b", i - 1), ", q: *",
                    i == 0 ? "a" : absl::StrCat("b", i - 1), "}}\n");
  }
  EXPECT_THAT(ErrorsOf(bomb), HasSubstr("more than"));
}

TEST(Limits, AnAliasOfItself) {
  EXPECT_EQ(ErrorsOf("presets: &a {p: *a}"), "f:1: an alias within what it stands for");
}

TEST(Limits, Depth) {
  EXPECT_EQ(ErrorsOf(absl::StrCat("x: ", Times(31, "["), Times(31, "]"))), "f:1: x: no such key");
  const std::string deep = "f:1: more than 32 maps and lists within each other";
  EXPECT_EQ(ErrorsOf(absl::StrCat("x: ", Times(32, "["), Times(32, "]"))), deep);
  EXPECT_EQ(ErrorsOf(absl::StrCat("x: ", Times(200'000, "["))), deep);
  EXPECT_EQ(ErrorsOf(Times(200'000, "- ")), deep);
  EXPECT_EQ(ErrorsOf("# [\n" + Times(500, "# [{\n")), "f:501" + deep.substr(3));
  EXPECT_EQ(ErrorsOf("version: 1  # " + Times(1'000, "[") + "\n# " + Times(2'000, "]") +
                     Times(1'000, "{") + "\n"),
            "");
  EXPECT_NE(ErrorsOf(Times(200'000, "{"), ConfigFormat::kJson), "");
  EXPECT_NE(ErrorsOf(Times(200'000, "{\"a\":"), ConfigFormat::kJson), "");
}

// Else each of them would look for its line from the text's begin: that takes many minutes.
TEST(Limits, AMillionKeysWithoutValues) {
  EXPECT_EQ(ErrorsOf("x: {" + Times(2'000'000, "a,") + "}"),
            "f:1: a key must be followed by a colon");
}

TEST(Limits, AMillionTags) {
  const std::string many = "f:1: x: no such key";
  EXPECT_EQ(ErrorsOf("x: [" + Times(90'000, "!, ") + "]"), many);
  EXPECT_EQ(ErrorsOf("x: [" + Times(90'000, "!,") + "]"), many);
  EXPECT_NE(ErrorsOf("x: [" + Times(1'000'000, "! ") + "]"), "");
}

TEST(Limits, DepthByAliases) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    absl::StrAppend(&text, "a", i, ": &a", i, " [*a", i - 1, "]\n");
  }
  EXPECT_EQ(ErrorsOf(text), "f:31: more than 32 maps and lists within each other");
}

TEST(Limits, DepthInText) {
  const std::string open = "shadow_policy { ";
  EXPECT_THAT(
      ErrorsOf(absl::StrCat("dependencies { key: 'd' value { default { ", Times(100'000, open)),
               ConfigFormat::kText),
      HasSubstr("too deep"));
}

TEST(Limits, ErrorsAreToldUpToAHundred) {
  std::string text;
  for (int i = 0; i < 250; ++i) absl::StrAppend(&text, "wrong", i, ": 1\n");
  const std::string errors = ErrorsOf(text);
  EXPECT_THAT(std::vector<std::string>(absl::StrSplit(errors, '\n')), SizeIs(101));
  EXPECT_THAT(errors, EndsWith("\nf: and 150 more"));
}

TEST(Limits, ManyKeysTakeNoLongerThanTheyMust) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) absl::StrAppend(&text, "k", i, ": {}\n");
  EXPECT_THAT(ErrorsOf(text), HasSubstr("more than 100000 values"));
  text = "presets:\n";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&text, "  p", i, ": {preset: q", i, "}\n");
  EXPECT_THAT(ErrorsOf(text), EndsWith("f: and 19900 more"));
}

TEST(Limits, PresetsOnEachOther) {
  std::string text = "presets:\n";
  for (int i = 0; i < 50'000 / 4; ++i) {
    absl::StrAppend(&text, "  p", i, ": {preset: p", i + 1, "}\n");
  }
  EXPECT_THAT(ErrorsOf(text), HasSubstr("f:33: presets.p31.preset: more than 32 presets on each "
                                        "other"));
}

TEST(Limits, ManyMapsThatAreMerged) {
  std::string text = "presets:\n  empty: &e {}\n  large:\n";
  for (int i = 0; i < 30'000; ++i) absl::StrAppend(&text, "    k", i, ":\n");
  absl::StrAppend(&text, "    <<: [", Times(38'000, "*e, "), "]\n");
  EXPECT_THAT(ErrorsOf(text), EndsWith("f: and 29900 more"));
}

TEST(Limits, ManyFieldsThatAreOff) {
  const std::string text = absl::StrCat("dependencies: {d: {default: {without: [",
                                        Times(45'000, "ramp, jitter, "), "]}}}");
  EXPECT_EQ(ErrorsOf(text),
            "f:1: dependencies.d.default.without: ramp: a second time\n"
            "f:1: dependencies.d.default.without: jitter: a second time");
}

// Whatever the presets are based on, a policy takes no more room than its fields do.
TEST(Limits, ManyPoliciesOnManyPresets) {
  std::string text = "presets:\n  p0: {failure_rate: 50%, jitter: 0.2}\n";
  for (int i = 1; i < 32; ++i) {
    absl::StrAppend(&text, "  p", i, ": {preset: p", i - 1, ", failure_rate: 50%, jitter: 0.2}\n");
  }
  absl::StrAppend(&text, "dependencies:\n  d:\n    methods:\n");
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&text, "      a.B/M", i, ": {preset: p31}\n");
  const auto config = Read(text);
  const auto& methods = config->overrides().dependencies.front().methods;
  EXPECT_THAT(methods, SizeIs(20'000));
  for (const auto& [method, patch] : methods) {
    ASSERT_TRUE(patch.below.empty());
    ASSERT_THAT(patch.fields, SizeIs(2));
  }
}

// Whoever asks for advice over and over gets none in the end, even if it is not told.
TEST(Limits, MuchThatOtherNamesAreNear) {
  const std::string name(96, 'x');
  std::string text = "presets:\n";
  for (int i = 0; i < 990; ++i) absl::StrAppend(&text, "  ", name, i, ":\n");
  absl::StrAppend(&text, "dependencies: {d: {methods: {");
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(&text, "a.B/M", i, ": {preset: y", name.substr(1), "}, ");
  }
  EXPECT_THAT(ErrorsOf(text + "}}}"), HasSubstr("did you mean xxx"));
}

TEST(Limits, DependenciesByGlobs) {
  std::string text = "dependencies:\n";
  for (int i = 0; i < 2'000; ++i) absl::StrAppend(&text, "  d", i, ":\n");
  for (int i = 0; i < 1'000; ++i) absl::StrAppend(&text, "  d", i, "*:\n");
  EXPECT_EQ(ErrorsOf(text), "");
  const std::string error =
      ": more than 1000 dependencies with * or ? in their names, or more than 16384 bytes of such "
      "names; of others there may be more";
  EXPECT_EQ(ErrorsOf(text + "  e?: {}\n  f?: {}\n"), "f:3002: dependencies[\"e?\"]" + error);

  text = "dependencies:\n";
  for (int i = 0; i < 85; ++i) absl::StrAppend(&text, "  x", 100 + i, std::string(188, '?'), ":\n");
  EXPECT_EQ(ErrorsOf(text), "");
  EXPECT_EQ(ErrorsOf(text + "  " + std::string(64, '?') + ":\n"), "");
  EXPECT_EQ(ErrorsOf(text + "  " + std::string(65, '?') + ":\n"),
            "f:87: dependencies[\"" + std::string(65, '?') + "\"]" + error);
}

TEST(Limits, BytesThatAreNoText) {
  EXPECT_EQ(ErrorsOf("a: 1\nb: \xff\n"), "f:2: a byte that is no text in UTF-8");
  EXPECT_EQ(ErrorsOf(std::string("\0\0\0a", 4)), "f:1: a byte that is no text in UTF-8");
  EXPECT_EQ(ErrorsOf("\xfe\xff\0a"), "f:1: a byte that is no text in UTF-8");
}

TEST(Limits, WhatTerminalsObeyIsNotRepeated) {
  for (const ConfigFormat format : {ConfigFormat::kYaml, ConfigFormat::kText}) {
    for (const std::string text : {"\"\\e[31mx\": 1", "x: \x1b[31m", "version: \"\\e[31m\"",
                                   "\x1b[31m: 1", "\xe2\x80\xae: 1"}) {
      const std::string errors = ErrorsOf(text, format);
      EXPECT_FALSE(absl::StrContains(errors, "\x1b")) << errors;
      EXPECT_FALSE(absl::StrContains(errors, "\xe2\x80\xae")) << errors;
      EXPECT_NE(errors, "");
    }
  }
}

TEST(Limits, TextsOfOddForm) {
  for (const std::string text : {"{",
                                 "}",
                                 "[",
                                 "]",
                                 ": :",
                                 "a: b: c",
                                 "*x",
                                 "&",
                                 "!",
                                 "!!",
                                 "%",
                                 "|",
                                 ">",
                                 "'",
                                 "\"",
                                 "\"\\",
                                 "- ? -",
                                 "? ?",
                                 "@",
                                 "`",
                                 "---\n---\n",
                                 "{a",
                                 "{a:",
                                 "{a: 1",
                                 "<<: 1",
                                 "<<: [1]",
                                 "<<: *x",
                                 "? {a: 1}\n: 2",
                                 "!foo {}",
                                 "!!binary x",
                                 "a: !!set {b}",
                                 "\t",
                                 "\ta: 1"}) {
    for (const ConfigFormat format :
         {ConfigFormat::kYaml, ConfigFormat::kJson, ConfigFormat::kText}) {
      ErrorsOf(text, format);  // neither throws nor hangs
    }
  }
}

}  // namespace
}  // namespace fusebox_testing
