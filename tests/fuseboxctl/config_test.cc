// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl config check|schema`, which ask no endpoint.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fuseboxctl/run_ctl.h"
#include "tests/support/made_text.h"

namespace fusebox_testing {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kValid[] = "version: \"7\"\ndependencies: {d: {default: {failure_rate: 50%}}}\n";

Surroundings Input(const std::string& text) {
  Surroundings surroundings;
  surroundings.input = text;
  return surroundings;
}

TEST(ConfigCheck, OfAValidFile) {
  const Ran ran = RunCtl({"config", "check", "-"}, Input(kValid));
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "standard input: valid, version 7, 1 dependency\n");
  EXPECT_EQ(ran.err, "");
}

TEST(ConfigCheck, WarningsAreNoErrors) {
  const Ran ran = RunCtl({"config", "check", "-"},
                         Input("dependencies: {d: {default: {failure_rate: 50%, jitter: off}}}"));
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, StartsWith("warning: standard input:1: dependencies.d.default: jitter = 0"));
}

TEST(ConfigCheck, ErrorsComeLineByLine) {
  const Ran ran =
      RunCtl({"config", "check", "-"}, Input("presets:\n  p: {jitter: 2}\ndependancies: {}\n"));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            "standard input:2: presets.p.jitter = 2, must be at least 0 and less than 1\n"
            "standard input:3: dependancies: no such key; did you mean dependencies?\n");
}

TEST(ConfigCheck, OneBadFileIsEnough) {
  const TestFile valid(kValid);
  const TestFile invalid("x: 1");
  const Ran ran =
      RunCtl({"config", "check", "--format", "yaml", valid.path(), invalid.path(), "/dev/zero"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.out, HasSubstr(valid.path() + ": valid"));
  EXPECT_THAT(ran.err, HasSubstr(invalid.path() + ":1: x: no such key\n"));
  EXPECT_THAT(ran.err, HasSubstr("/dev/zero: is not a regular file\n"));
}

TEST(ConfigCheck, TheNameSaysTheFormat) {
  const TestFile file(kValid);
  const Ran ran = RunCtl({"config", "check", file.path()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("its name must end with .yaml, .yml, .json or .textproto"));
  EXPECT_EQ(RunCtl({"config", "check", "--format", "yaml", file.path()}).exit_code, 0);
  EXPECT_EQ(RunCtl({"config", "check", "--format", "json", file.path()}).exit_code, 1);
  EXPECT_EQ(RunCtl({"config", "check", "--format", "text", "-"}, Input("version: \"7\"")).exit_code,
            0);
}

TEST(ConfigCheck, ForPrograms) {
  const Ran ran = RunCtl({"config", "check", "-o", "json", "-"}, Input("x: 1"));
  EXPECT_EQ(ran.exit_code, 1);
  const google::protobuf::Struct file =
      Json(ran.out).fields().at("files").list_value().values(0).struct_value();
  EXPECT_FALSE(file.fields().at("valid").bool_value());
  EXPECT_EQ(file.fields().at("errors").list_value().values(0).string_value(),
            "standard input:1: x: no such key");
}

TEST(ConfigCheck, WrongUsage) {
  EXPECT_EQ(RunCtl({"config", "check"}).exit_code, 2);
  EXPECT_EQ(RunCtl({"config"}).exit_code, 2);
  EXPECT_EQ(RunCtl({"config", "check", "--format", "toml", "-"}).exit_code, 2);
}

TEST(ConfigSchema, IsThatOfTheDocumentation) {
  const Ran ran = RunCtl({"config", "schema"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, FileContent(FUSEBOXCTL_CONFIG_SCHEMA));
}

}  // namespace
}  // namespace fusebox_testing
