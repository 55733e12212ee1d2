// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/ending.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"

namespace fusebox_testing {
namespace {

struct Words {
  Ending ending;
  const char* name;
  const char* title;
};

constexpr std::array kWords = {
    Words{Ending::kOk, "Ok", "The server answers"},
    Words{Ending::kErrorStatus, "ErrorStatus", "The server answers `INTERNAL`"},
    Words{Ending::kPassedOnRejection, "PassedOnRejection",
          "The server passes on a rejection by a circuit of its own"},
    Words{Ending::kNoMessage, "NoMessage", "The server answers `OK`, without a message"},
    Words{Ending::kUnreadableMessage, "UnreadableMessage",
          "The server answers `OK`, with a message that can't be read"},
    Words{Ending::kGarbledMessage, "GarbledMessage",
          "The server answers `OK`, with a message that can't be decompressed"},
    Words{Ending::kServerSendLimit, "ServerSendLimit",
          "The answer is larger than the server may send"},
    Words{Ending::kServerReceiveLimit, "ServerReceiveLimit",
          "The request is larger than the server may receive"},
    Words{Ending::kForgedText, "ForgedText",
          "The server answers with the code and the text of the channel's own limit"},
    Words{Ending::kDeadline, "Deadline", "The server has the call, and does not answer in time"},
    Words{Ending::kNobodyListens, "NobodyListens", "Nobody listens at the address"},
    Words{Ending::kWaitForReady, "WaitForReady",
          "Nobody listens at the address, and the call waits until the channel is ready"},
    Words{Ending::kServerKilled, "ServerKilled", "The server is killed during the call"},
    Words{Ending::kServerStopped, "ServerStopped", "The server's process is stopped"},
    Words{Ending::kSilentServer, "SilentServer",
          "Connections are accepted, and nothing is read or answered"},
    Words{Ending::kBlackhole, "Blackhole", "The network loses every packet"},
    Words{Ending::kSendLimit, "SendLimit", "The request is larger than the channel may send"},
    Words{Ending::kReceiveLimit, "ReceiveLimit",
          "The answer is larger than the channel may receive"},
    Words{Ending::kCredentialsFail, "CredentialsFail", "Call credentials that can't be obtained"},
    Words{Ending::kCredentialsNotSent, "CredentialsNotSent",
          "Call credentials that must not be sent, without TLS"},
    Words{Ending::kIllegalMetadata, "IllegalMetadata",
          "Call credentials whose metadata can't be sent"},
    Words{Ending::kLameChannel, "LameChannel", "The channel's service config can't be read"},
    Words{Ending::kDeadlineBeforeStart, "DeadlineBeforeStart",
          "The deadline is over before the call starts"},
    Words{Ending::kCancelledBeforeStart, "CancelledBeforeStart", "Cancelled before it starts"},
    Words{Ending::kCancelled, "Cancelled", "Cancelled while the server has it"},
    Words{Ending::kGivenUp, "GivenUp",
          "Cancelled after `cancelled_after`, which is set, without a message"},
    Words{Ending::kCancelledAfterMessage, "CancelledAfterMessage",
          "Cancelled after `cancelled_after`, which is set, and after a message"},
    Words{Ending::kCancelRace, "CancelRace", "Cancelled while the server answers"},
    Words{Ending::kCancelledAfter, "CancelledAfter", "Cancelled when it has ended"},
    Words{Ending::kNeverStarted, "NeverStarted", "Prepared, and never started"},
    Words{Ending::kDropped, "Dropped", "Started, and dropped without `Finish`"},
    Words{Ending::kDroppedLate, "DroppedLate",
          "Started, and dropped without `Finish` after `cancelled_after`, which is set"},
    Words{Ending::kReadAndDropped, "ReadAndDropped",
          "Read to its end, and dropped without `Finish`"},
    Words{Ending::kContextDestroyedByDone, "ContextDestroyedByDone",
          "The server answers `INTERNAL`; `OnDone` destroys the `ClientContext`"},
    Words{Ending::kChannelReleased, "ChannelReleased",
          "The application lets go of the channel during the call"},
    Words{Ending::kRegistryReleased, "RegistryReleased",
          "The application lets go of the registry, and of the channel during the call"},
    Words{Ending::kRejected, "Rejected", "The circuit is open"},
    Words{Ending::kRejectedThenCancelled, "RejectedThenCancelled",
          "The circuit is open, and the call is cancelled before, meanwhile and after"},
    Words{Ending::kRejectedAndDropped, "RejectedAndDropped",
          "The circuit is open, and the call is dropped without `Finish`"},
    Words{Ending::kOpenNeverStarted, "OpenNeverStarted",
          "The circuit is open, and the call is prepared and never started"},
};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<std::size_t>(kWords[i].ending) != i) return false;
  }
  return true;
}
static_assert(InOrder());

const Words& WordsOf(Ending ending) { return kWords[static_cast<std::size_t>(ending)]; }

// The texts with "or" in between, each just once.
void WriteAlternatives(std::ostream& out, const std::vector<std::string>& texts) {
  for (auto text = texts.begin(); text != texts.end(); ++text) {
    if (std::find(texts.begin(), text, *text) != text) continue;
    out << (text == texts.begin() ? "" : " or ") << *text;
  }
}

std::string TestName() {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test.test_suite_name()) + "." + test.name();
}

}  // namespace

std::string Name(Ending ending) { return WordsOf(ending).name; }
std::string Title(Ending ending) { return WordsOf(ending).title; }

std::string Name(Counted counted) {
  switch (counted) {
    case Counted::kNothing:
      return "nothing";
    case Counted::kSuccess:
      return "success";
    case Counted::kFailure:
      return "failure";
    case Counted::kIgnored:
      return "ignored";
    case Counted::kRejected:
      return "rejected";
  }
  return "";
}

std::string StatusName(const Result& result) {
  if (!result.status) return "nothing";
  return "`" + absl::StatusCodeToString(static_cast<absl::StatusCode>(*result.status)) + "`";
}

void PrintTo(const Result& result, std::ostream* out) {
  *out << StatusName(result) << ", counted as " << Name(result.counted);
}

std::string Name(const Cell& cell) {
  return Name(cell.ending) + "_" + Name(cell.style) + "_" + Name(cell.kind);
}

std::vector<Cell> Cells(const std::vector<Ending>& endings, const std::vector<Style>& styles,
                        const std::vector<Kind>& kinds) {
  std::vector<Cell> cells;
  for (const Ending ending : endings) {
    for (const Style style : styles) {
      for (const Kind kind : kinds) cells.push_back({ending, style, kind});
    }
  }
  return cells;
}

std::vector<Cell> EveryCell(const std::vector<Ending>& endings) {
  return Cells(endings, {kStyles.begin(), kStyles.end()}, {kKinds.begin(), kKinds.end()});
}

void RecordForTable(const Cell& cell, const std::vector<Result>& results) {
  // A file for each cell: they are written by processes that run at the same time.
  const std::filesystem::path folder = FUSEBOX_TEST_ENDINGS;
  std::filesystem::create_directories(folder);
  std::string name = TestName();
  std::replace(name.begin(), name.end(), '/', '-');
  std::ofstream out(folder / name);
  out << static_cast<int>(cell.ending) << '|' << Title(cell.ending) << '|' << Name(cell.kind) << '|'
      << Name(cell.style) << '|';
  std::vector<std::string> statuses;
  std::vector<std::string> counted;
  for (const Result& result : results) {
    statuses.push_back(StatusName(result));
    counted.push_back(Name(result.counted));
  }
  WriteAlternatives(out, statuses);
  out << '|';
  WriteAlternatives(out, counted);
  out << '\n';
  EXPECT_TRUE(out.flush()) << folder / name;
}

}  // namespace fusebox_testing
