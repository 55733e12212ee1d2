// SPDX-License-Identifier: Apache-2.0
//
// The ways that a call can end, and the words for what comes of each. docs/endings.md is made of
// them.
#ifndef FUSEBOX_TESTS_END2END_ENDING_H_
#define FUSEBOX_TESTS_END2END_ENDING_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

// In the order of the table's rows.
enum class Ending {
  // The server answers.
  kOk,
  kErrorStatus,
  kPassedOnRejection,
  kNoMessage,
  kUnreadableMessage,
  kGarbledMessage,
  kServerSendLimit,
  kServerReceiveLimit,
  kForgedText,
  // It doesn't.
  kDeadline,
  kNobodyListens,
  kWaitForReady,
  kServerKilled,
  kServerStopped,
  kSilentServer,
  kBlackhole,
  // This process' own gRPC does.
  kSendLimit,
  kReceiveLimit,
  kCredentialsFail,
  kCredentialsNotSent,
  kIllegalMetadata,
  kLameChannel,
  // The caller's doing.
  kDeadlineBeforeStart,
  kCancelledBeforeStart,
  kCancelled,
  kGivenUp,
  kCancelledAfterMessage,
  kCancelRace,
  kCancelledAfter,
  kNeverStarted,
  kDropped,
  kDroppedLate,
  kReadAndDropped,
  kContextDestroyedByDone,
  // The application's.
  kChannelReleased,
  kRegistryReleased,
  // The circuit is open.
  kRejected,
  kRejectedThenCancelled,
  kRejectedAndDropped,
  kOpenNeverStarted,
};

std::string Name(Ending ending);   // as in the names of test cases
std::string Title(Ending ending);  // as in the table

// What the circuit took a call for, if it ever knew of it.
enum class Counted { kNothing, kSuccess, kFailure, kIgnored, kRejected };

std::string Name(Counted counted);

// What came of a call: the status that its caller got, if it got one, and what the circuit counted.
struct Result {
  std::optional<grpc::StatusCode> status;
  Counted counted = Counted::kNothing;
};

inline bool operator==(const Result& a, const Result& b) {
  return a.status == b.status && a.counted == b.counted;
}
std::string StatusName(const Result& result);
void PrintTo(const Result& result, std::ostream* out);

// One case of an ending.
struct Cell {
  Ending ending;
  Style style;
  Kind kind;
};

std::string Name(const Cell& cell);
inline void PrintTo(const Cell& cell, std::ostream* out) { *out << Name(cell); }

std::vector<Cell> Cells(const std::vector<Ending>& endings, const std::vector<Style>& styles,
                        const std::vector<Kind>& kinds);

// For every style and every kind.
std::vector<Cell> EveryCell(const std::vector<Ending>& endings);

// Writes down what came of a cell, for endings_table.sh to read. Of an ending that may go one way
// or the other, each way that is allowed; none at all if this machine can't show it.
void RecordForTable(const Cell& cell, const std::vector<Result>& results);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_ENDING_H_
