// SPDX-License-Identifier: Apache-2.0
//
// Events and rejections as lines of text and of JSON.
#include "fusebox/event_text.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "fusebox/event.h"
#include "fusebox/evidence.h"
#include "fusebox/rejection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Event Opening() {
  Event event;
  event.sequence = 7;
  event.kind = EventKind::kTransition;
  event.circuit = "inventory/shop.Inventory/Reserve";
  event.epoch = 2;
  event.time = absl::FromUnixMillis(1893456000250);
  event.from = State::kClosed;
  event.to = State::kOpen;
  event.cause = Cause::kConsecutiveFailures;
  event.detail = "5 failures in a row >= 5";
  Evidence evidence;
  evidence.calls = 5;
  evidence.told_apart = 5;
  evidence.codes = {{14, 4}, {4, 1}};
  evidence.peers = {{"10.0.0.7:50051", 4}};
  evidence.other_peers = 1;
  evidence.last_code = 14;
  evidence.last_message = "card 4711 is unknown";
  event.evidence = evidence;
  return event;
}

TEST(FormatEvent, SaysInOneLineWhatMovedAndWhy) {
  EXPECT_EQ(FormatEvent(Opening()),
            "2030-01-01T00:00:00.250Z #7 transition inventory/shop.Inventory/Reserve: CLOSED -> "
            "OPEN, consecutive_failures: 5 failures in a row >= 5; " +
                EvidenceText(*Opening().evidence));
}

TEST(FormatEvent, SaysWhoActed) {
  Event event;
  event.sequence = 12;
  event.kind = EventKind::kModeChanged;
  event.circuit = "a";
  event.time = absl::FromUnixMillis(1893456000000);
  event.to = State::kOpen;
  event.mode_to = Mode::kForcedOpen;
  event.cause = Cause::kForcedOpen;
  event.detail = "migrating";
  event.actor = "oncall";
  EXPECT_EQ(
      FormatEvent(event),
      "2030-01-01T00:00:00.000Z #12 mode_changed a: AUTOMATIC -> FORCED_OPEN, CLOSED -> OPEN, "
      "forced_open: migrating, by oncall");
}

TEST(FormatEvent, LeavesOutWhatIsNotThere) {
  Event event;
  event.sequence = 1;
  event.kind = EventKind::kCircuitAdded;
  event.circuit = "a";
  event.time = absl::FromUnixMillis(1893456000000);
  EXPECT_EQ(FormatEvent(event), "2030-01-01T00:00:00.000Z #1 circuit_added a");
  event.kind = EventKind::kUserCodeFailed;
  event.circuit = "";
  event.detail = "an authorizer threw int";
  EXPECT_EQ(FormatEvent(event),
            "2030-01-01T00:00:00.000Z #1 user_code_failed: an authorizer threw int");
}

TEST(FormatEvent, NothingFromOutsideEndsTheLine) {
  Event event = Opening();
  event.circuit = "a\nb";
  event.detail = "why\r\n\x1b[31m";
  event.actor = "who\t";
  EXPECT_THAT(FormatEvent(event), HasSubstr(R"(a\x0ab: CLOSED)"));
  EXPECT_THAT(FormatEvent(event), HasSubstr(R"(why\x0d\x0a\x1b[31m)"));
  EXPECT_THAT(FormatEvent(event), HasSubstr(R"(by who\x09)"));
  EXPECT_THAT(FormatEvent(event), Not(HasSubstr("\n")));
}

TEST(FormatEvent, LeavesOutWhatTheDependencySaid) {
  EXPECT_THAT(FormatEvent(Opening()), Not(HasSubstr("4711")));
  EXPECT_THAT(FormatEventJson(Opening()), Not(HasSubstr("4711")));
}

TEST(FormatEventJson, HasEveryField) {
  EXPECT_EQ(
      FormatEventJson(Opening(), /*failure_messages=*/true),
      R"({"time":"2030-01-01T00:00:00.250Z","sequence":7,"kind":"transition",)"
      R"("circuit":"inventory/shop.Inventory/Reserve","epoch":2,"from":"CLOSED","to":"OPEN",)"
      R"("mode_from":"AUTOMATIC","mode_to":"AUTOMATIC","cause":"consecutive_failures",)"
      R"("detail":"5 failures in a row >= 5","actor":"","evidence":{"calls":5,"told_apart":5,)"
      R"("codes":[{"code":"UNAVAILABLE","calls":4},{"code":"DEADLINE_EXCEEDED","calls":1}],)"
      R"("peers":[{"peer":"10.0.0.7:50051","calls":4}],"other_peers":1,)"
      R"("last_code":"UNAVAILABLE","last_message":"card 4711 is unknown","age_seconds":0}})");
}

TEST(FormatEventJson, IsJsonWhateverItHolds) {
  Event event;
  event.circuit = "quote\" backslash\\ newline\n nul" + std::string(1, '\0') + " bad\xff \xc3\xa9";
  EXPECT_THAT(FormatEventJson(event),
              HasSubstr(R"("circuit":"quote\" backslash\\ newline\\x0a nul\\x00 bad\\xff )"
                        "\xc3\xa9\""));
}

TEST(FormatEvent, P3_ShowsNothingInvisible) {
  Event event;
  event.circuit = "turned\u202e tagged\U000e0041 filled\u3164 control\u009b";
  const std::string shown = R"(turned\u202e tagged\U000e0041 filled\u3164 control\u009b)";
  EXPECT_THAT(FormatEvent(event), HasSubstr(shown));
  EXPECT_THAT(FormatEventJson(event), HasSubstr(absl::StrReplaceAll(shown, {{R"(\)", R"(\\)"}})));
}

TEST(FormatRejection, SaysWhyAndUntilWhen) {
  Rejection rejection;
  rejection.reason = RejectionReason::kOpen;
  rejection.circuit = "inventory/shop.Inventory/Reserve";
  rejection.state = State::kOpen;
  rejection.retry_after = absl::Milliseconds(27'400);
  EXPECT_EQ(FormatRejection(rejection), "CIRCUIT_OPEN: " + RejectionMessage(rejection));
  EXPECT_EQ(FormatRejectionJson(rejection),
            R"({"circuit":"inventory/shop.Inventory/Reserve","reason":"CIRCUIT_OPEN",)"
            R"("state":"OPEN","retry_after_seconds":27.4})");
  rejection.reason = RejectionReason::kForcedOpen;
  rejection.retry_after = absl::InfiniteDuration();
  rejection.circuit = "a\nb";
  EXPECT_EQ(FormatRejectionJson(rejection),
            R"({"circuit":"a\\x0ab","reason":"CIRCUIT_FORCED_OPEN","state":"OPEN",)"
            R"("retry_after_seconds":null})");
  EXPECT_THAT(FormatRejection(rejection), Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace fusebox
