// SPDX-License-Identifier: Apache-2.0
//
// What the program says, and with what it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "fusebox/policy.h"
#include "tools/fusebox_drill/builtin_scenarios.h"
#include "tools/fusebox_drill/draws.h"
#include "tools/fusebox_drill/drill.h"
#include "tools/fusebox_drill/drill_main.h"
#include "tools/fusebox_drill/report.h"
#include "tools/fusebox_drill/sources.h"

namespace fusebox_drill {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class Redirected {
 public:
  explicit Redirected(std::ostream& stream)
      : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() { stream_.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* const before_;
};

Ran RunProgram(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"fusebox_drill"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const Redirected out(std::cout);
  const Redirected err(std::cerr);
  Ran ran;
  ran.exit_code = DrillMain({"fusebox_drill", "A drill", NamedProtections(), {"default"}},
                            static_cast<int>(argv.size()), argv.data());
  ran.out = out.text();
  ran.err = err.text();
  return ran;
}

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

TEST(ProgramTest, HelpSaysWhatThereIs) {
  for (const char* flag : {"--help", "-h"}) {
    const Ran ran = RunProgram({flag});
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_THAT(ran.err, IsEmpty());
    for (const char* said :
         {"--scenario",     "--all",       "--policy",   "--clients",       "--seeds",
          "--seeds-from",   "--rate",      "--deadline", "--hide-deadline", "--queue-limit",
          "--newest-first", "--drop-dead", "--summary",  "--csv",           "--plot",
          "--svg",          "--list",      "--show",     "Examples:",       "Exit codes:"}) {
      EXPECT_THAT(ran.out, HasSubstr(said));
    }
  }
}

TEST(ProgramTest, WrongFlagsAreRefusedWithTwo) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "say what to play: --scenario NAME, or --all"},
      {{"--bogus"}, "--bogus"},
      {{"--scenario", "nosuch"}, "\"nosuch\" is not a scenario nor a file"},
      {{"--scenario", "nosuch"}, "by name there are: dead, hung"},
      {{"--scenario", "dead", "--policy", "nosuch"}, "\"nosuch\" is not a policy nor a file"},
      {{"--scenario", "dead", "--policy", "nosuch"}, "by name there are: default, fixed, database"},
      {{"--scenario", "dead", "--seeds", "0"}, "--seeds"},
      {{"--scenario", "dead", "--seeds-from", "x", "--first-seed", "2"}, "--seeds-from"},
      {{"--scenario", "dead", "--clients", "0"}, "--clients"},
      {{"--scenario", "dead", "--clients", "1,x"}, "--clients"},
      {{"--scenario", "dead", "--rate", "0"}, "--rate"},
      {{"--scenario", "dead", "--deadline", "0s"}, "--deadline: must be greater than 0"},
      {{"--scenario", "dead", "--deadline", "soon"}, "--deadline"},
      {{"--scenario", "dead", "--csv", "--plot"}, "exclude each other"},
      {{"--scenario", "dead", "--all"}, "--all and --scenario exclude each other"},
      {{"--all", "--plot"}, "a plot is of one --scenario"},
      {{"--show", "nosuch"}, "there is no scenario \"nosuch\"; see --list"},
  };
  for (const auto& [arguments, said] : cases) {
    const Ran ran = RunProgram(arguments);
    EXPECT_EQ(ran.exit_code, 2) << said;
    EXPECT_THAT(ran.err, AllOf(StartsWith("fusebox_drill: "), HasSubstr(said)));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST(ProgramTest, WrongFilesAreNamedWithWhatIsWrong) {
  const std::string scenario = WriteFile("bad.txt", "name: bad\nphase: 1s errors=2\n");
  const Ran bad = RunProgram({"--scenario", scenario});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr(scenario + ": line 2: phase: errors = 2, must be a number"));
  const std::string policy = WriteFile("bad_policy.txt", "jitter: 1\n");
  const Ran bad_policy = RunProgram({"--scenario", "dead", "--policy", policy});
  EXPECT_EQ(bad_policy.exit_code, 2);
  EXPECT_THAT(bad_policy.err,
              HasSubstr(policy + ": jitter = 1, must be at least 0 and less than 1"));
  EXPECT_EQ(RunProgram({"--scenario", testing::TempDir()}).exit_code, 2) << "a folder";
}

TEST(ProgramTest, PolicyFilesAreThoseOfFuseboxctl) {
  fusebox::Policy expected;
  expected.consecutive_failures.reset();
  expected.failure_rate = 0.5;
  expected.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  expected.ramp = fusebox::Ramp{absl::Seconds(5), 0.1};
  const std::string lines =
      "# strict\nconsecutive_failures: off\nfailure_rate: 0.5\ntime_window.duration: 10s\n"
      "ramp.duration: 5s\nramp.initial_fraction: 0.1\n";
  const std::string json =
      R"({"failure_rate": 0.5, "time_window": {"duration": "10s"},
          "ramp": {"duration": "5s", "initial_fraction": 0.1}})";
  for (const std::string& text : {lines, json}) {
    const absl::StatusOr<fusebox::Policy> policy = ParsePolicy(text);
    ASSERT_TRUE(policy.ok()) << policy.status();
    EXPECT_TRUE(*policy == expected) << text;
  }
  EXPECT_FALSE(ParsePolicy("").ok());
  EXPECT_FALSE(ParsePolicy("{").ok());
  EXPECT_FALSE(ParsePolicy("nosuch: 1").ok());
}

TEST(ProgramTest, ListsAndShowsWhatHasAName) {
  const Ran listed = RunProgram({"--list"});
  EXPECT_EQ(listed.exit_code, 0);
  for (const BuiltinScenario& builtin : BuiltinScenarios()) {
    EXPECT_THAT(listed.out, HasSubstr(std::string(builtin.name)));
    const Ran shown = RunProgram({"--show", std::string(builtin.name)});
    EXPECT_EQ(shown.out, builtin.text);
  }
  for (const Protection& protection : NamedProtections()) {
    EXPECT_THAT(listed.out, HasSubstr("\n" + protection.name + "\n"));
  }
}

TEST(ProgramTest, TheSameSeedGivesTheSameBytes) {
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{}, {"--csv"}, {"--summary"}, {"--plot"}}) {
    std::vector<std::string> arguments = {"--scenario", "flapping", "--seeds",
                                          "2",          "--policy", "default,nothing"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const Ran first = RunProgram(arguments);
    EXPECT_EQ(first.exit_code, 0) << first.err;
    EXPECT_EQ(RunProgram(arguments).out, first.out);
    arguments.insert(arguments.end(), {"--first-seed", "7"});
    EXPECT_NE(RunProgram(arguments).out, first.out);
  }
}

TEST(ProgramTest, ATextStandsForTheSameSeedsEverywhere) {
  // Of FNV-1a with 64 bits, as its authors give them.
  EXPECT_EQ(SeedOf(""), 0xCBF29CE484222325U);
  EXPECT_EQ(SeedOf("a"), 0xAF63DC4C8601EC8CU);
  EXPECT_EQ(SeedOf("foobar"), 0x85944171F73967E8U);
  EXPECT_EQ(SeedOf("\xff"), (0xCBF29CE484222325U ^ 0xFFU) * 0x100000001B3U) << "bytes, no signs";

  const auto csv_with = [](const std::vector<std::string>& seeds) {
    std::vector<std::string> arguments = {"--scenario", "flapping", "--csv"};
    arguments.insert(arguments.end(), seeds.begin(), seeds.end());
    const Ran ran = RunProgram(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.out;
  };
  const std::string of_text = csv_with({"--seeds-from", "5012bd0", "--seeds", "2"});
  EXPECT_EQ(csv_with({"--seeds-from", "5012bd0", "--seeds", "2"}), of_text);
  EXPECT_NE(csv_with({"--seeds-from", "5012bd1", "--seeds", "2"}), of_text);
  Drill drill;
  drill.scenarios = {*FindScenario("flapping")};
  drill.protections = {*FindProtection("default", NamedProtections())};
  drill.clients = {1, 50};
  drill.seeds = 2;
  drill.first_seed = SeedOf("5012bd0");
  EXPECT_EQ(Csv(drill, RunDrill(drill)), of_text);

  const Ran said = RunProgram({"--scenario", "blip", "--seeds-from", "a", "--seeds", "1"});
  EXPECT_THAT(said.out, HasSubstr("; 1 seed from \"a\"\n"));
}

TEST(ProgramTest, R23_ACandidateIsComparedWithItselfAlone) {
  const std::string policy = WriteFile("tried.txt",
                                       "consecutive_failures: 5\nopen_duration: 30s\n"
                                       "shadow_policy.consecutive_failures: 5\n"
                                       "shadow_policy.open_duration: 5s\n");
  for (const char* how : {"--summary", "--rate=200"}) {
    const Ran ran = RunProgram({"--scenario", "dead", "--policy", policy + ",default", "--clients",
                                "1", "--seeds", "1", how});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("the candidate of tried, beside it and alone\n"));
    EXPECT_THAT(ran.out, HasSubstr("WOULD OPEN"));
    EXPECT_THAT(ran.out, Not(HasSubstr("the candidate of default")));
  }
  const std::string wrong = WriteFile("wrong.txt", "shadow_policy.jitter: 1\n");
  EXPECT_THAT(RunProgram({"--scenario", "dead", "--policy", wrong}).err,
              HasSubstr("shadow_policy.jitter = 1, must be"));
}

TEST(ProgramTest, ALineForEachPolicyScenarioAndNumberOfClients) {
  const Ran ran = RunProgram({"--scenario", "blip,low_traffic_dead", "--policy", "default,nothing",
                              "--clients", "1,5", "--seeds", "2", "--csv"});
  std::vector<std::string> beginnings;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) {
    beginnings.push_back(line.substr(0, line.find(",2,") + 2));
  }
  EXPECT_THAT(beginnings,
              testing::ElementsAre(StartsWith("p"), "default,blip,1,2", "default,blip,5,2",
                                   "default,low_traffic_dead,1,2", "nothing,blip,1,2",
                                   "nothing,blip,5,2", "nothing,low_traffic_dead,1,2"));
}

TEST(ProgramTest, APlotShowsPhasesAndStates) {
  const Ran ran =
      RunProgram({"--scenario", "dead", "--policy", "default,nothing", "--clients", "1", "--plot"});
  EXPECT_THAT(ran.out, HasSubstr("refuse"));
  EXPECT_THAT(ran.out, HasSubstr("CO"));
  EXPECT_THAT(ran.out, HasSubstr("█"));
  EXPECT_THAT(ran.out, HasSubstr("\nnothing\n"));
}

TEST(ProgramTest, APictureIsWritten) {
  const std::string path = testing::TempDir() + "drill.svg";
  const Ran ran = RunProgram({"--scenario", "dead", "--policy", "default,nothing", "--svg", path});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::stringstream svg;
  svg << std::ifstream(path).rdbuf();
  EXPECT_THAT(svg.str(), StartsWith("<svg "));
  EXPECT_THAT(svg.str(), HasSubstr(">nothing</text>"));
  EXPECT_THAT(svg.str(), Not(HasSubstr("nan")));
  const Ran failed =
      RunProgram({"--scenario", "dead", "--svg", testing::TempDir() + "no/such/file"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("cannot write"));
}

TEST(ProgramTest, AServerOfAnotherKindIsAnotherWorld) {
  const std::vector<std::string> base = {"--scenario", "overload", "--policy", "nothing",
                                         "--clients",  "1",        "--seeds",  "1"};
  const std::string plain = RunProgram(base).out;
  for (const std::vector<std::string>& how :
       std::vector<std::vector<std::string>>{{"--newest-first"},
                                             {"--drop-dead"},
                                             {"--queue-limit", "64"},
                                             {"--workers", "12"},
                                             {"--service", "100ms"},
                                             {"--deadline", "1s"},
                                             {"--rate", "100"}}) {
    std::vector<std::string> arguments = base;
    arguments.insert(arguments.end(), how.begin(), how.end());
    const Ran ran = RunProgram(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_NE(ran.out, plain) << how.front();
  }
}

TEST(ProgramTest, TheFirstLineHasTheCallsThatArePlayed) {
  const auto first_line = [](const std::string& scenarios) {
    const Ran ran = RunProgram({"--scenario", scenarios, "--clients", "1", "--seeds", "1"});
    return ran.out.substr(0, ran.out.find('\n'));
  };
  EXPECT_THAT(first_line("blip"), StartsWith("200 calls/s, "));
  EXPECT_THAT(first_line("low_traffic_dead"), StartsWith("0.5 calls/s, "));
  EXPECT_THAT(first_line("blip,low_traffic_dead"), StartsWith("0.5 to 200 calls/s, "));
}

}  // namespace
}  // namespace fusebox_drill
