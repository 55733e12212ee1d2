// SPDX-License-Identifier: Apache-2.0
//
// Texts, tables, errors, and what --wait goes by.
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/base/admin_reasons.h"
#include "src/base/blank.h"
#include "src/base/printable.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/explain.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/pages.h"
#include "tools/fuseboxctl/state_goal.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/table.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Text, NothingThatATerminalWouldObeyComesOut) {
  EXPECT_EQ(Printable("plain äöü → 漢字"), "plain äöü → 漢字");
  EXPECT_EQ(Printable("\x1b[2J\r\n\t\x7f"), "\\x1b[2J\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\u009b");              // a control of the second set
  EXPECT_EQ(Printable("\xe2\x80\xae"), "\\u202e");          // turns what follows around
  EXPECT_EQ(Printable("\xff\xc0\x80"), "\\xff\\xc0\\x80");  // not UTF-8
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // half of a pair
  EXPECT_EQ(Printable("\xe2\x80"), "\\xe2\\x80");           // cut
  EXPECT_EQ(Printable(absl::string_view("a\0b", 3)), "a\\x00b");
}

// What the library doesn't store, fuseboxctl doesn't show, and the other way round.
TEST(Text, EachCharacterIsShownByTheLibrarysOwnRule) {
  for (uint32_t character = 0; character < 0x110000; ++character) {
    if (character >= 0xD800 && character < 0xE000) continue;  // which UTF-8 has none of
    std::string text;
    if (character < 0x80) {
      text = {static_cast<char>(character)};
    } else if (character < 0x800) {
      text = {static_cast<char>(0xC0U | character >> 6U),
              static_cast<char>(0x80U | (character & 0x3FU))};
    } else if (character < 0x10000) {
      text = {static_cast<char>(0xE0U | character >> 12U),
              static_cast<char>(0x80U | (character >> 6U & 0x3FU)),
              static_cast<char>(0x80U | (character & 0x3FU))};
    } else {
      text = {static_cast<char>(0xF0U | character >> 18U),
              static_cast<char>(0x80U | (character >> 12U & 0x3FU)),
              static_cast<char>(0x80U | (character >> 6U & 0x3FU)),
              static_cast<char>(0x80U | (character & 0x3FU))};
    }
    ASSERT_EQ(Printable(text) == text, fusebox::internal::IsPrintable(character))
        << std::hex << character;
  }
}

TEST(Text, IsBlankIfNothingIsInItButSpaces) {
  for (const char* const blank : {"", " ", "\t\r\n", "\u00a0", "\u3000 \u2003\u205f\u1680"}) {
    EXPECT_TRUE(fusebox::internal::IsBlank(blank)) << Printable(blank);
  }
  for (const char* const text : {"x", " x", "\u3000漢", "\xff", "\xc2", "\u200b"}) {
    EXPECT_FALSE(fusebox::internal::IsBlank(text)) << Printable(text);
  }
}

TEST(Text, CanBeSentIfItIsUtf8) {
  for (const char* const text : {"", "plain", "äöü → 漢字 😀", "\x1b"}) EXPECT_TRUE(IsUtf8(text));
  for (const char* const text : {"caf\xe9", "\xc0\x80", "\xed\xa0\x80", "cut \xe2\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << Printable(text);
  }
}

TEST(Text, DurationsAreReadAsPeopleWriteThem) {
  EXPECT_EQ(*ParseDuration("500ms"), absl::Milliseconds(500));
  EXPECT_EQ(*ParseDuration("1m30s"), absl::Seconds(90));
  EXPECT_EQ(*ParseDuration("7d"), absl::Hours(168));
  EXPECT_EQ(*ParseDuration("0"), absl::ZeroDuration());
  for (const char* const wrong : {"", "30", "5 parsecs", "-1s", "inf", "d", "s"}) {
    EXPECT_FALSE(ParseDuration(wrong).ok()) << wrong;
  }
  EXPECT_EQ(DurationText(absl::Seconds(90)), "1m30s");
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0s");
}

TEST(Text, AgesHaveTwoUnits) {
  EXPECT_EQ(AgeText(absl::Seconds(59)), "59s");
  EXPECT_EQ(AgeText(absl::Seconds(192)), "3m12s");
  EXPECT_EQ(AgeText(absl::Minutes(125)), "2h5m");
  EXPECT_EQ(AgeText(absl::Hours(52)), "2d4h");
  EXPECT_EQ(AgeText(absl::Seconds(-3)), "0s");
}

TEST(Table, ColumnsLineUpWithoutBlanksAtTheEnd) {
  Table table({"A", "NAME", "LAST"});
  table.Add({"1", "é", ""});
  table.Add({"22", "long", "text"});
  EXPECT_EQ(table.Render({}), "A   NAME  LAST\n1   é     -\n22  long  text\n");
}

TEST(Table, ColourTakesNoPlace) {
  Table table({"A", "B"});
  table.Add({Cell("x", Colour::kRed), "y"});
  table.Add({"long", "z"});
  Terminal terminal;
  terminal.colour = true;
  EXPECT_EQ(table.Render(terminal),
            "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m     y\nlong  z\n");
}

TEST(Table, ANarrowTerminalCutsTheLastColumn) {
  Table table({"A", "WHY"});
  table.Add({"1", std::string(80, 'x')});
  Terminal terminal;
  terminal.columns = 40;
  EXPECT_THAT(table.Render(terminal), HasSubstr("\n1  " + std::string(36, 'x') + "…\n"));
  terminal.columns = 5;
  EXPECT_THAT(table.Render(terminal), HasSubstr("\n1  x…\n"));
}

TEST(Table, NamesAreShortenedInTheMiddleBeforeTheLastColumnIsCutToNothing) {
  EXPECT_EQ(ShortenMiddle("inventory/shop.Inventory/Reserve", 22), "inventory…tory/Reserve");
  EXPECT_EQ(ShortenMiddle("short", 5), "short");
  EXPECT_EQ(ShortenMiddle("ääääüü", 4), "ää…ü");
  Table table({"NAME", "WHY"});
  table.MayShorten(0, 8);
  table.Add({"inventory/shop.Inventory/Reserve", std::string(80, 'x')});
  Terminal terminal;
  terminal.columns = 44;
  EXPECT_THAT(table.Render(terminal),
              HasSubstr("\ninventory…tory/Reserve  " + std::string(19, 'x') + "…\n"));
  EXPECT_FALSE(table.Fits(terminal));
}

TEST(Table, ALineIsCutWithItsColours) {
  EXPECT_EQ(Fit("abc", 3), "abc");
  EXPECT_EQ(Fit("abcd", 3), "ab…");
  EXPECT_EQ(Fit("\x1b[31mOPEN\x1b[0m now", 0), "\x1b[31mOPEN\x1b[0m now");
  EXPECT_EQ(Fit("\x1b[31mOPEN\x1b[0m now", 8), "\x1b[31mOPEN\x1b[0m now");
  EXPECT_EQ(Fit("\x1b[31mOPEN\x1b[0m now", 3), "\x1b[31mOP…\x1b[0m");
}

TEST(Table, ColourIsForTerminalsThatWantIt) {
  Environment environment;
  environment.is_terminal = true;
  environment.term = "xterm";
  EXPECT_TRUE(WantsColour(ColourWish::kAuto, environment));
  EXPECT_FALSE(WantsColour(ColourWish::kNever, environment));
  environment.term = "dumb";
  EXPECT_FALSE(WantsColour(ColourWish::kAuto, environment));
  environment.term = "xterm";
  environment.no_color = true;
  EXPECT_FALSE(WantsColour(ColourWish::kAuto, environment));
  EXPECT_TRUE(WantsColour(ColourWish::kAlways, environment));
  EXPECT_FALSE(WantsColour(ColourWish::kAuto, Environment()));
}

TEST(Names, OfStatesAndModesAreTakenInAnyCase) {
  EXPECT_EQ(StateOf("half-open"), fusebox::v1::STATE_HALF_OPEN);
  EXPECT_EQ(StateOf("Open"), fusebox::v1::STATE_OPEN);
  EXPECT_EQ(StateOf("unspecified"), std::nullopt);
  EXPECT_EQ(ModeOf("forced_open"), fusebox::v1::MODE_FORCED_OPEN);
  EXPECT_EQ(ModeOf("off"), std::nullopt);
  EXPECT_EQ(StateName(static_cast<fusebox::v1::State>(77)), "77");
}

TEST(Since, IsTheModesAgeWhereTheModeIsShownForTheState) {
  const absl::Time now = absl::FromUnixSeconds(1'000);
  fusebox::v1::Circuit circuit;
  circuit.set_state(fusebox::v1::STATE_OPEN);
  circuit.set_mode(fusebox::v1::MODE_AUTOMATIC);
  circuit.mutable_transition_time()->set_seconds(989);
  EXPECT_EQ(ShortSinceText(circuit, now), "11s");
  circuit.set_mode(fusebox::v1::MODE_FORCED_OPEN);
  circuit.mutable_last_action()->set_cause(fusebox::v1::CAUSE_FORCED_OPEN);
  circuit.mutable_last_action()->mutable_time()->set_seconds(998);
  EXPECT_EQ(ShortStateCell(circuit).text, "FORCED_OPEN");
  EXPECT_EQ(ShortSinceText(circuit, now), "2s");
  EXPECT_EQ(SinceText(circuit, now), "11s") << "beside STATE and MODE, it is the state's";
  circuit.mutable_last_action()->set_cause(fusebox::v1::CAUSE_POLICY_CHANGED);
  EXPECT_EQ(ShortSinceText(circuit, now), "") << "the mode is older than that";
  circuit.set_state(fusebox::v1::STATE_HALF_OPEN);  // its time to live has ended
  EXPECT_EQ(ShortStateCell(circuit).text, "HALF_OPEN");
  EXPECT_EQ(ShortSinceText(circuit, now), "11s");
  circuit.set_mode(fusebox::v1::MODE_DISABLED);
  circuit.mutable_last_action()->set_cause(fusebox::v1::CAUSE_DISABLED);
  EXPECT_EQ(ShortSinceText(circuit, now), "2s");
  circuit.set_mode(fusebox::v1::MODE_SHADOW);
  circuit.mutable_last_action()->set_cause(fusebox::v1::CAUSE_SHADOWED);
  EXPECT_EQ(ShortSinceText(circuit, now), "11s") << "the state is shown too";
}

TEST(Table, CountsTheColumnsThatCharactersTake) {
  EXPECT_EQ(Columns("äöü"), 3U);
  EXPECT_EQ(Columns("漢字"), 4U);
  EXPECT_EQ(Columns("カナ😀"), 6U);
  EXPECT_EQ(Columns("e\u0301"), 1U) << "an accent is set on the letter";
  EXPECT_EQ(Shorten("漢字漢字", 8), "漢字漢字");
  EXPECT_EQ(Shorten("漢字漢字", 7), "漢字漢…");
  EXPECT_EQ(Shorten("漢字漢字", 6), "漢字…");
  EXPECT_EQ(ShortenMiddle("漢字漢字漢字", 8), "漢…漢字");
  EXPECT_EQ(Fit("漢字漢字", 6), "漢字…");
  EXPECT_EQ(Fit("\x1b[1m漢字\x1b[0m漢字", 4), "\x1b[1m漢…\x1b[0m");
  EXPECT_EQ(PaintedColumns("\x1b[1m漢字\x1b[0m"), 4U);
  for (std::size_t columns = 3; columns < 14; ++columns) {
    EXPECT_LE(Columns(ShortenMiddle("在庫a/予約b", columns)), columns);
    EXPECT_LE(PaintedColumns(Fit("\x1b[1m在庫a\x1b[0m/予約b", columns)), columns);
  }
  Table table({"NAME", "STATE"});
  table.Add({"漢字", "OPEN"});
  table.Add({"abcdef", "CLOSED"});
  EXPECT_EQ(table.Render({}), "NAME    STATE\n漢字    OPEN\nabcdef  CLOSED\n");
}

TEST(Table, WrapsNoLineHoweverNarrowTheTerminalIs) {
  Table table({"INSTANCE", "CIRCUIT", "STATE", "WHY"});
  table.MayShorten(0, 8);
  table.MayShorten(1, 16);
  table.Add({"checkout-7f9c", "inventory/shop.Inventory/Reserve", Cell("OPEN", Colour::kRed),
             "5 failures in a row >= 5: 5 UNAVAILABLE"});
  for (const bool colour : {false, true}) {
    for (std::size_t columns = 2; columns < 120; ++columns) {
      const std::string text = table.Render({colour, columns, 24});
      for (const absl::string_view line : absl::StrSplit(text, '\n')) {
        EXPECT_LE(PaintedColumns(line), columns) << text;
      }
    }
  }
}

// Pages of this many circuits, each with another token, and no last one unless it is said which.
grpc::Status Read(int circuits_on_a_page, int last_page, int& circuits) {
  int pages = 0;
  circuits = 0;
  return ReadPages(
      [&](const fusebox::v1::ListCircuitsRequest& request,
          fusebox::v1::ListCircuitsResponse& page) {
        EXPECT_EQ(request.page_token(), pages == 0 ? "" : std::to_string(pages));
        for (int i = 0; i < circuits_on_a_page; ++i) page.add_circuits();
        if (++pages != last_page) page.set_next_page_token(std::to_string(pages));
        return grpc::Status::OK;
      },
      {}, [&](fusebox::v1::ListCircuitsResponse& page) { circuits += page.circuits_size(); });
}

TEST(Pages, AreReadToTheLastUnlessThereIsNone) {
  int circuits = 0;
  EXPECT_TRUE(Read(3, 4, circuits).ok());
  EXPECT_EQ(circuits, 12);
  EXPECT_TRUE(Read(0, 50'000, circuits).ok()) << "pages may be empty";
  const grpc::Status empty = Read(0, -1, circuits);
  EXPECT_EQ(empty.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(empty.error_message(),
              HasSubstr("does not end: 0 circuits so far, and 100000 pages"));
  const grpc::Status full = Read(5'000, -1, circuits);
  EXPECT_EQ(full.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(circuits, 1'000'000);
}

TEST(Pages, ATokenThatComesAgainIsTheLast) {
  int pages = 0;
  const grpc::Status status = ReadPages(
      [&pages](const auto& /*request*/, fusebox::v1::ListCircuitsResponse& page) {
        ++pages;
        page.set_next_page_token("again");
        return grpc::Status::OK;
      },
      {}, [](auto& /*page*/) {});
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(pages, 2);
}

TEST(Json, TimesOutOfRangeAreLeftOutAndSaidToBe) {
  fusebox::v1::Circuit circuit;
  circuit.set_name("x");
  circuit.mutable_transition_time()->set_seconds(1);
  EXPECT_THAT(JsonMessage(circuit), Not(HasSubstr("error")));
  circuit.mutable_next_probe_time()->set_seconds(1LL << 50);
  circuit.mutable_policy()->mutable_time_window()->mutable_duration()->set_nanos(-2'000'000'000);
  const std::string json = JsonMessage(circuit);
  EXPECT_THAT(json, HasSubstr(R"("name":"x")"));
  EXPECT_THAT(json, HasSubstr(R"("transition_time":"1970-01-01T00:00:01Z")"));
  EXPECT_THAT(json,
              HasSubstr(R"("error":{"code":"DATA_LOSS","message":"out of range, and left out:)"
                        R"( next_probe_time, policy.time_window.duration"}})"));
  fusebox::v1::LastFailure failure;  // with no other field
  failure.mutable_time()->set_nanos(-1);
  EXPECT_THAT(JsonMessage(failure), HasSubstr("left out: time"));
}

TEST(Explain, SaysWhatToDoNext) {
  const auto explain = [](grpc::StatusCode code, Attempt attempt) {
    return Explain({code, "\x1b[2J"}, attempt, {});
  };
  EXPECT_THAT(explain(grpc::StatusCode::UNIMPLEMENTED, Attempt::kRead),
              HasSubstr("register CreateCircuitAdmin"));
  EXPECT_THAT(explain(grpc::StatusCode::UNAUTHENTICATED, Attempt::kWrite),
              HasSubstr("--token-file"));
  EXPECT_THAT(explain(grpc::StatusCode::PERMISSION_DENIED, Attempt::kWrite),
              HasSubstr("write_authorizer"));
  EXPECT_THAT(explain(grpc::StatusCode::UNAVAILABLE, Attempt::kRead), Not(HasSubstr("\x1b")));
  const auto unknown = [](bool token, bool certificate) {
    return Explain({grpc::StatusCode::UNAUTHENTICATED, ""}, Attempt::kRead, {token, certificate});
  };
  EXPECT_THAT(unknown(false, false), HasSubstr("say who you are"));
  EXPECT_THAT(unknown(true, false), HasSubstr("the token was sent"));
  EXPECT_THAT(unknown(false, true), HasSubstr("the certificate was sent"));
  EXPECT_THAT(unknown(true, true), HasSubstr("both were refused"));
  EXPECT_THAT(explain(grpc::StatusCode::UNAVAILABLE, Attempt::kRead),
              AllOf(HasSubstr("is the endpoint right"), HasSubstr("If it serves TLS: --tls")));
  EXPECT_THAT(Explain({grpc::StatusCode::UNAVAILABLE, ""}, Attempt::kRead, {false, false, true}),
              AllOf(HasSubstr("TLS failed"), HasSubstr("--ca"), HasSubstr("--server-name")));
  EXPECT_EQ(CodeName(16), "UNAUTHENTICATED");
  EXPECT_EQ(CodeName(99), "code 99");
}

// Whatever the message says.
TEST(Explain, GoesByTheReasonThatTheServiceGives) {
  const auto explain = [](grpc::StatusCode code, const std::string& reason) {
    return Explain(
        {code, "a message", fusebox::internal::AdminReasonDetails(code, reason, "a message")},
        Attempt::kWrite, {});
  };
  EXPECT_THAT(explain(grpc::StatusCode::ABORTED, "POLICY_CHANGED"), HasSubstr("`policy get`"));
  EXPECT_THAT(explain(grpc::StatusCode::ABORTED, "CIRCUIT_CONTENDED"),
              AllOf(HasSubstr("`get`"), Not(HasSubstr("policy"))));
  EXPECT_THAT(explain(grpc::StatusCode::NOT_FOUND, "CIRCUIT_NOT_FOUND"),
              HasSubstr("`fuseboxctl list`"));
  EXPECT_THAT(explain(grpc::StatusCode::UNAUTHENTICATED, "CALLER_UNNAMED"),
              HasSubstr("say who you are"));
  EXPECT_EQ(explain(grpc::StatusCode::FAILED_PRECONDITION, "TOO_MANY_CIRCUITS"),
            "FAILED_PRECONDITION: a message");
  // A newer service's goes by its code.
  EXPECT_THAT(explain(grpc::StatusCode::NOT_FOUND, "NEWS"), HasSubstr("`fuseboxctl list`"));
  // As does what isn't this service's.
  const std::string details =
      absl::StrReplaceAll(fusebox::internal::AdminReasonDetails(10, "POLICY_CHANGED", ""),
                          {{"admin.fusebox", "admin.Fusebox"}});
  EXPECT_EQ(Explain({grpc::StatusCode::ABORTED, "", details}, Attempt::kWrite, {}), "ABORTED");
  EXPECT_EQ(ReasonOf({grpc::StatusCode::ABORTED, "", "\xff"}), "");
}

TEST(ExitCodes, TellAllSomeAndNone) {
  Tally tally;
  EXPECT_EQ(tally.exit_code(), ExitCode::kDone);
  tally.Add(false);
  EXPECT_EQ(tally.exit_code(), ExitCode::kFailed);
  tally.Add(true);
  EXPECT_EQ(tally.exit_code(), ExitCode::kPartial);
}

// ---- What --wait and --until go by.

using fusebox::v1::WatchCircuitsResponse;

WatchCircuitsResponse Snapshot(fusebox::v1::State state, uint64_t epoch) {
  WatchCircuitsResponse message;
  fusebox::v1::Circuit& circuit = *message.add_circuits();
  circuit.set_name("x");
  circuit.set_state(state);
  circuit.set_epoch(epoch);
  message.set_snapshot_complete(true);
  return message;
}

WatchCircuitsResponse Moved(fusebox::v1::State to, uint64_t epoch) {
  WatchCircuitsResponse message;
  fusebox::v1::Event& event = *message.add_events();
  event.set_kind(fusebox::v1::EVENT_KIND_TRANSITION);
  event.set_circuit("x");
  event.set_to_state(to);
  event.set_epoch(epoch);
  return message;
}

TEST(StateGoal, AnEventOlderThanTheCircuitCountsForNothing) {
  StateGoal goal(fusebox::v1::STATE_CLOSED, 1);
  EXPECT_TRUE(goal.Hear(0, Snapshot(fusebox::v1::STATE_OPEN, 5)));
  EXPECT_TRUE(goal.Hear(0, Moved(fusebox::v1::STATE_CLOSED, 5)));
  EXPECT_FALSE(goal.reached());
  EXPECT_TRUE(goal.Hear(0, Moved(fusebox::v1::STATE_CLOSED, 6)));
  EXPECT_TRUE(goal.reached());
}

TEST(StateGoal, NeedsEveryEndpointAndOneCircuit) {
  StateGoal goal(fusebox::v1::STATE_CLOSED, 2);
  WatchCircuitsResponse none;
  none.set_snapshot_complete(true);
  EXPECT_TRUE(goal.Hear(0, none));
  EXPECT_FALSE(goal.reached());
  EXPECT_TRUE(goal.Hear(1, none));
  EXPECT_FALSE(goal.reached()) << "nothing matches yet";
  EXPECT_TRUE(goal.Hear(1, Moved(fusebox::v1::STATE_CLOSED, 1)));
  EXPECT_TRUE(goal.reached());
}

TEST(StateGoal, WaitsForWhatIsRequiredAndNothingElse) {
  StateGoal goal(fusebox::v1::STATE_CLOSED, 2);
  goal.Require(0, "y");
  EXPECT_TRUE(goal.Hear(0, Snapshot(fusebox::v1::STATE_OPEN, 1)));
  EXPECT_FALSE(goal.reached());
  ASSERT_EQ(goal.pending().size(), 1U);
  EXPECT_EQ(goal.pending()[0].state, "unknown");
  WatchCircuitsResponse event = Moved(fusebox::v1::STATE_CLOSED, 2);
  event.mutable_events(0)->set_circuit("y");
  EXPECT_TRUE(goal.Hear(0, event));
  EXPECT_TRUE(goal.reached());
}

TEST(StateGoal, CallsThatWentWithoutACircuitMakeNone) {
  StateGoal goal(fusebox::v1::STATE_CLOSED, 1);
  WatchCircuitsResponse none;
  none.set_snapshot_complete(true);
  EXPECT_TRUE(goal.Hear(0, none));
  WatchCircuitsResponse event = Moved(fusebox::v1::STATE_CLOSED, 0);
  event.mutable_events(0)->set_kind(fusebox::v1::EVENT_KIND_CALLS_UNPROTECTED);
  EXPECT_TRUE(goal.Hear(0, event));
  EXPECT_FALSE(goal.reached()) << "there is no circuit yet";
}

TEST(StateGoal, NoEventOfTheRegistrysOwnMakesACircuit) {
  StateGoal goal(fusebox::v1::STATE_CLOSED, 1);
  WatchCircuitsResponse none;
  none.set_snapshot_complete(true);
  EXPECT_TRUE(goal.Hear(0, none));
  // Of no circuit, or of one that was evicted: whose policy is forgotten.
  for (const auto kind :
       {fusebox::v1::EVENT_KIND_USER_CODE_FAILED, fusebox::v1::EVENT_KIND_EVENTS_DROPPED,
        fusebox::v1::EVENT_KIND_POLICY_CHANGED}) {
    WatchCircuitsResponse event = Moved(fusebox::v1::STATE_CLOSED, 0);
    event.mutable_events(0)->set_kind(kind);
    EXPECT_TRUE(goal.Hear(0, event));
    EXPECT_FALSE(goal.reached()) << fusebox::v1::EventKind_Name(kind);
  }
}

TEST(StateGoal, WhatWasMissedIsAskedForAnew) {
  StateGoal goal(fusebox::v1::STATE_CLOSED, 1);
  EXPECT_TRUE(goal.Hear(0, Snapshot(fusebox::v1::STATE_CLOSED, 1)));
  EXPECT_TRUE(goal.reached());
  WatchCircuitsResponse missed;
  missed.set_missed_events(3);
  EXPECT_FALSE(goal.Hear(0, missed));
  EXPECT_FALSE(goal.reached());
}

}  // namespace
}  // namespace fuseboxctl
