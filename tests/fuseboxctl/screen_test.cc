// SPDX-License-Identifier: Apache-2.0
//
// What a terminal of 80 columns and 24 rows shows. Times are blanked out, and what stands in for
// them is as wide.
#include <regex.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Le;
using testing::Not;

constexpr char kReserve[] = "inventory/shop.Inventory/Reserve";

std::size_t Columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::size_t> WidthsOf(const std::string& text) {
  std::vector<std::size_t> widths;
  for (const std::string& line : LinesOf(text)) widths.push_back(Columns(line));
  return widths;
}

// "12:03:44.123" becomes "hh:mm:ss.mmm", and an age "#s".
std::string WithoutTimes(std::string text) {
  const std::pair<const char*, const char*> kTimes[] = {
      {"[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\\.[0-9][0-9][0-9]", "hh:mm:ss.mmm"},
      {"[0-9][0-9]:[0-9][0-9]:[0-9][0-9]", "hh:mm:ss"},
      {"[0-9][0-9]*s ago", "#s ago"},
      {"etag [0-9a-f]+", "etag #"}};
  for (const auto& [pattern, stand_in] : kTimes) {
    regex_t regex;
    EXPECT_EQ(regcomp(&regex, pattern, REG_EXTENDED), 0);
    regmatch_t match;
    std::size_t from = 0;
    while (regexec(&regex, text.c_str() + from, 1, &match, 0) == 0) {
      const std::size_t at = from + static_cast<std::size_t>(match.rm_so);
      text.replace(at, static_cast<std::size_t>(match.rm_eo - match.rm_so), stand_in);
      from = at + std::string(stand_in).size();
    }
    regfree(&regex);
  }
  return text;
}

class Screen : public testing::Test {
 protected:
  Screen()
      : server_([](fusebox::CircuitAdminOptions& options) {
          options.instance = "checkout-7f9c4d-x2v8q";
          options.show_failure_messages = true;
        }) {
    // An hour ahead of the machine's, so that ages are 0 and what is to come is an hour and a bit
    // away.
    server_.clock().Advance(absl::Now() + absl::Hours(1) + absl::Seconds(30) -
                            server_.clock().WallNow());
    AdminServer::Open(server_.Add(kReserve, "inventory"));
    server_.Add("payments/shop.Payments/Charge")
        .Disable(fusebox::Operator("oncall").Because("a migration that takes long"));
    server_.Add("a/b");
  }

  static Surroundings Terminal() {
    Surroundings surroundings;
    surroundings.screen = true;
    surroundings.variables = {"TERM=dumb"};
    return surroundings;
  }
  std::string Show(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address()});
    const Ran ran = RunCtl(std::move(arguments), Terminal());
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.out;
  }

  AdminServer server_;
};

TEST_F(Screen, ListHasALineForEachCircuit) {
  const std::string shown = Show({"list"});
  EXPECT_THAT(WidthsOf(shown), Each(Le(80U)));
  EXPECT_EQ(LinesOf(shown).size(), 4U);
  EXPECT_EQ(shown,
            "INSTANCE          CIRCUIT            STATE     SINCE  NEXT  WHY\n"
            "checko…c4d-x2v8q  a/b                CLOSED    -      -     -\n"
            "checko…c4d-x2v8q  invento…y/Reserve  OPEN      0s     1h0m  3 failures in a row…\n"
            "checko…c4d-x2v8q  payment…ts/Charge  DISABLED  0s     -     oncall: a migration…\n");
}

TEST_F(Screen, ListIsCompleteWhereThatIsAskedFor) {
  const std::string wide = Show({"list", "-o", "wide"});
  EXPECT_THAT(wide, HasSubstr("checkout-7f9c4d-x2v8q  inventory/shop.Inventory/Reserve"));
  EXPECT_THAT(wide, HasSubstr("FAILURES"));
}

TEST_F(Screen, GetFitsAPageAndBeginsWithTheState) {
  for (int i = 0; i < 30; ++i)
    server_.registry()->Find(kReserve)->Shadow(fusebox::Operator("oncall").Because("back"));
  const std::string shown = WithoutTimes(Show({"get", kReserve}));
  EXPECT_THAT(WidthsOf(shown), Each(Le(80U)));
  EXPECT_LE(LinesOf(shown).size(), 22U) << "except for the command and the prompt";
  EXPECT_THAT(LinesOf(shown)[1], HasSubstr("state"));
  EXPECT_THAT(shown, HasSubstr("\nevents\n"));
  EXPECT_THAT(shown, Not(HasSubstr("policy (etag")));
}

TEST_F(Screen, GetOfAllEndsWithTheState) {
  const std::vector<std::string> lines = LinesOf(Show({"get", kReserve, "--all"}));
  ASSERT_GT(lines.size(), 24U);
  const std::vector<std::string> seen(lines.end() - 22, lines.end());
  EXPECT_THAT(seen, testing::Contains(HasSubstr("  state         OPEN for ")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("policy (etag ")));
}

TEST_F(Screen, GetOfSeveralInstancesFitsAPageToo) {
  AdminServer other;
  AdminServer::Open(other.Add(kReserve, "inventory"));
  const std::string shown = Show({"get", kReserve, "--endpoint", other.address()});
  EXPECT_LE(LinesOf(shown).size(), 22U);
  EXPECT_THAT(shown, HasSubstr("Reserve on test-1\n  state         OPEN for "));
}

TEST_F(Screen, WatchHasALineForEachThing) {
  Running watch({"--endpoint", server_.address(), "watch"}, Terminal());
  std::string shown = watch.WaitForLine("Reserve") + "\n";
  shown += watch.WaitForLine("Charge") + "\n";
  ASSERT_TRUE(watch.WaitForError("watching 3 circuits"));
  server_.registry()->Find(kReserve)->Reset(
      fusebox::Operator("oncall").Because("the dependency is back, says its owner"));
  shown += watch.WaitForLine("-> CLOSED") + "\n";
  EXPECT_THAT(WidthsOf(shown), Each(Le(80U)));
  const std::vector<std::string> lines = LinesOf(WithoutTimes(shown));
  EXPECT_THAT(
      lines[0],
      HasSubstr("hh:mm:ss  chec…x2v8q  inventory…tory/Reserve  OPEN for 0s, next probe in"));
  EXPECT_THAT(lines[1],
              HasSubstr("hh:mm:ss  chec…x2v8q  payments/…ments/Charge  CLOSED, DISABLED"));
  EXPECT_THAT(lines[2], HasSubstr("chec…x2v8q  inventory…tory/Reserve  reset: OPEN -> CLOSED"));
}

}  // namespace
}  // namespace fusebox_testing
