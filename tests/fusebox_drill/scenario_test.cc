// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tools/fusebox_drill/builtin_scenarios.h"

namespace fusebox_drill {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(text);
  if (scenario.ok()) return "none";
  EXPECT_EQ(scenario.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(scenario.status().message());
}

// What is wrong with a phase.
std::string PhaseError(const std::string& phase) {
  return ErrorOf(absl::StrCat("name: a\nbackends: 10\nmethods: 4\nphase: ", phase, "\n"));
}

TEST(ScenarioTest, ReadsWhatAPhaseSays) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(
      "# a comment\n"
      "name: all_of_it\n"
      "about: what can be said  # and another\n"
      "backends: 10\r\n"
      "methods: 4\n"
      "rate: 0.5\n"
      "clients: 3\n"
      "queue_limit: 64\n"
      "retries: 2\n"
      "backoff: 50ms\n"
      "\n"
      "  phase: 20s\n"
      "phase: ~1m30s refuse backends=1\n"
      "phase: 2s hang methods=2\n"
      "phase: 3s errors=0..0.5 slow=4 delay=370ms delayed=0.1 load=2.4\n"
      "phase: 60s cold=0.1 warm_after=1500");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->name, "all_of_it");
  EXPECT_EQ(scenario->about, "what can be said");
  EXPECT_EQ(scenario->backends, 10);
  EXPECT_EQ(scenario->methods, 4);
  EXPECT_EQ(scenario->rate, 0.5);
  EXPECT_EQ(scenario->clients, 3);
  EXPECT_EQ(scenario->queue_limit, 64);
  EXPECT_EQ(scenario->retries, 2);
  EXPECT_EQ(scenario->backoff, absl::Milliseconds(50));
  ASSERT_EQ(scenario->phases.size(), 5U);
  EXPECT_EQ(scenario->phases[0].length, absl::Seconds(20));
  EXPECT_FALSE(scenario->phases[0].varied);
  EXPECT_EQ(scenario->phases[1].length, absl::Seconds(90));
  EXPECT_TRUE(scenario->phases[1].varied);
  EXPECT_EQ(scenario->phases[1].reach, Reach::kRefuses);
  EXPECT_EQ(scenario->phases[1].backends, 1);
  EXPECT_EQ(scenario->phases[2].reach, Reach::kHangs);
  EXPECT_EQ(scenario->phases[2].methods, 2);
  const Phase& mixed = scenario->phases[3];
  EXPECT_EQ(mixed.errors.At(0), 0);
  EXPECT_EQ(mixed.errors.At(0.5), 0.25);
  EXPECT_EQ(mixed.slow.At(1), 4);
  EXPECT_EQ(mixed.delay, absl::Milliseconds(370));
  EXPECT_EQ(mixed.delayed, 0.1);
  EXPECT_EQ(mixed.load.most(), 2.4);
  EXPECT_EQ(scenario->phases[4].cold, 0.1);
  EXPECT_EQ(scenario->phases[4].warm_after, 1500);
}

TEST(ScenarioTest, WritesAPhaseAsItReadsIt) {
  for (const std::string phase : {"20s", "~1m30s refuse backends=1", "2s hang methods=2",
                                  "3s errors=0..0.5 slow=4 delay=370ms delayed=0.1 load=2.4",
                                  "500ms delay=1s", "1m cold=0.1 warm_after=1500"}) {
    const absl::StatusOr<Scenario> scenario =
        ParseScenario(absl::StrCat("name: a\nbackends: 10\nmethods: 4\nphase: ", phase));
    ASSERT_TRUE(scenario.ok()) << scenario.status();
    EXPECT_EQ(TextOf(scenario->phases.front()), phase);
  }
}

TEST(ScenarioTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ErrorOf(""), "name is missing; a phase is missing, as in \"phase: ~20s refuse\"");
  EXPECT_EQ(ErrorOf("name: a\nphase: 1s\nphase: 1s errors=1.5\n"),
            "line 3: phase: errors = 1.5, must be a number from 0 to 1");
  EXPECT_EQ(ErrorOf("name: a\nnonsense\nphase: 1s"),
            "line 2: \"nonsense\" must be a name and a value, as \"phase: ~20s refuse\"");
  EXPECT_EQ(ErrorOf("name: a\nname: b\nphase: 1s"), "line 2: name is given twice");
  EXPECT_THAT(ErrorOf("name: a\nphases: 1s\nphase: 1s"),
              HasSubstr("line 2: \"phases\" is not known; there are: name, about, phase"));
  EXPECT_EQ(ErrorOf("name: A b\nphase: 1s"),
            "line 1: name = A b, must be 1 to 64 small letters, digits and underscores");
  // One after the other.
  EXPECT_EQ(ErrorOf("name: a\nrate: 0\nphase: 1s load=-1"),
            "line 2: rate = 0, must be a number from 0.01 to 100000; "
            "line 3: phase: load = -1, must be a number from 0 to 1000");
}

TEST(ScenarioTest, RefusesWhatIsOutOfRange) {
  const std::vector<std::tuple<std::string, std::string>> cases = {
      {"rate: nan", "rate = nan, must be a number from 0.01 to 100000"},
      {"clients: 0", "clients = 0, must be a whole number from 1 to 10000"},
      {"clients: 1.5", "clients = 1.5, must be a whole number from 1 to 10000"},
      {"backends: 1001", "backends = 1001, must be a whole number from 1 to 1000"},
      {"methods: x", "methods = x, must be a whole number from 1 to 100"},
      {"queue_limit: -1", "queue_limit = -1, must be a whole number from 0 to 1000000"},
      {"retries: 11", "retries = 11, must be a whole number from 0 to 10"},
      {"backoff: 0s", "backoff = 0s, must be a duration from 1ms to 1h, as 500ms, 30s or 1m30s"},
      {"about:", "about = nothing, must be a text of 1 to 200 bytes"},
  };
  for (const auto& [line, error] : cases) {
    EXPECT_EQ(ErrorOf(absl::StrCat("name: a\n", line, "\nphase: 1s")),
              absl::StrCat("line 2: ", error));
  }
}

TEST(ScenarioTest, RefusesWhatNoPhaseIs) {
  const std::vector<std::tuple<std::string, std::string>> cases = {
      {"", "phase = nothing, must be a length, and what happens in it, as \"~20s refuse\""},
      {"0s", "length = 0s, must be a duration from 1ms to 24h, as 500ms, 30s or 1m30s"},
      {"refuse", "length = refuse, must be a duration from 1ms to 24h, as 500ms, 30s or 1m30s"},
      {"1s refuse=1", "refuse = 1, must be written without a value"},
      {"1s refuse hang", "refuse and hang exclude each other"},
      {"1s refuse refuse", "refuse is given twice"},
      {"1s errors=inf", "errors = inf, must be a number from 0 to 1"},
      {"1s errors=", "errors = nothing, must be a number from 0 to 1"},
      {"1s errors=0..2", "errors = 0..2, must be a number from 0 to 1, or two with \"..\" between"},
      {"1s slow=0", "slow = 0, must be a number from 0.01 to 1000"},
      {"1s delayed=0.1", "delayed needs a delay"},
      {"1s warm_after=5", "warm_after needs cold"},
      {"1s cold=0", "cold = 0, must be a number from 0.001 to 1"},
      {"1s backends=11", "backends = 11, must be at most the 10 of \"backends: 10\""},
      {"1s methods=5", "methods = 5, must be at most the 4 of \"methods: 4\""},
      {"25h", "length = 25h, must be a duration from 1ms to 24h, as 500ms, 30s or 1m30s"},
  };
  for (const auto& [phase, error] : cases) EXPECT_THAT(PhaseError(phase), EndsWith(error));
  EXPECT_THAT(PhaseError("1s up"),
              HasSubstr("\"up\" is not known; there are: refuse, hang, errors"));
  EXPECT_THAT(PhaseError("20h\nphase: 5h"), HasSubstr("the phases together last 25h"));
}

TEST(ScenarioTest, TellsNoMoreThanABeginningOfWhatIsWrong) {
  std::string text = "name: a\nphase: 1s\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&text, "x", i, ": 1\n");
  EXPECT_THAT(ErrorOf(text), EndsWith("; and 4980 more"));
  text = "name: a\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&text, "phase: 1s\n");
  EXPECT_EQ(ErrorOf(text), "there must be at most 1000 phases");
  EXPECT_LT(ErrorOf(absl::StrCat("name: ", std::string(100'000, 'A'), "\nphase: 1s")).size(), 300U);
  EXPECT_THAT(ErrorOf("name: \x1b[2J\nphase: 1s"), HasSubstr("\\x1b"));
}

// The names behind "there are: ".
std::vector<std::string> NamesIn(absl::string_view error) {
  constexpr absl::string_view kBefore = "there are: ";
  const std::size_t begin = error.find(kBefore);
  EXPECT_NE(begin, absl::string_view::npos) << error;
  return absl::StrSplit(error.substr(begin + kBefore.size()), ", ");
}

TEST(ScenarioTest, ThePageNamesAllThatCanBeSaid) {
  std::ifstream file(FUSEBOX_DRILL_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  const std::vector<std::string> effects = NamesIn(PhaseError("1s nosuch"));
  EXPECT_EQ(effects.size(), 11U);
  for (const std::string& effect : effects) {
    EXPECT_THAT(page.str(), testing::ContainsRegex("\n\\| `" + effect + "[`=]")) << effect;
  }
  const std::vector<std::string> settings = NamesIn(ErrorOf("name: a\nnosuch: 1\nphase: 1s"));
  EXPECT_EQ(settings.size(), 10U);
  for (const std::string& setting : settings) {
    EXPECT_THAT(page.str(), HasSubstr("\n| `" + setting + "` |")) << setting;
  }
}

TEST(ScenarioTest, ThoseThatComeWithItAreCalledAsTheirFiles) {
  EXPECT_EQ(BuiltinScenarios().size(), 26U);
  for (const BuiltinScenario& builtin : BuiltinScenarios()) {
    const absl::StatusOr<Scenario> scenario = ParseScenario(builtin.text);
    ASSERT_TRUE(scenario.ok()) << builtin.name << ": " << scenario.status();
    EXPECT_EQ(scenario->name, builtin.name);
    EXPECT_FALSE(scenario->about.empty()) << builtin.name;
  }
}

}  // namespace
}  // namespace fusebox_drill
