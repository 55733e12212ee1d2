// SPDX-License-Identifier: Apache-2.0
//
// Every style of stub, every kind of method, every way that a call can end: what the caller gets,
// and what the circuit counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>

#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/child_server.h"
#include "tests/support/scripted_server.h"

namespace fusebox_testing {
namespace {

enum class Ending { kOk, kErrorStatus, kDeadline, kCancelled, kServerKilled, kRejected };

std::string Name(Ending ending) {
  switch (ending) {
    case Ending::kOk:
      return "Ok";
    case Ending::kErrorStatus:
      return "ErrorStatus";
    case Ending::kDeadline:
      return "Deadline";
    case Ending::kCancelled:
      return "Cancelled";
    case Ending::kServerKilled:
      return "ServerKilled";
    case Ending::kRejected:
      return "Rejected";
  }
  return "";
}

void PrintTo(Ending ending, std::ostream* out) { *out << Name(ending); }

// What's counted, apart from the two failures that open the circuit of a rejected call.
struct Counts {
  int64_t success = 0;
  int64_t failure = 0;
  int64_t ignored = 0;
  int64_t rejected = 0;
};

bool operator==(const Counts& a, const Counts& b) {
  return a.success == b.success && a.failure == b.failure && a.ignored == b.ignored &&
         a.rejected == b.rejected;
}
void PrintTo(const Counts& counts, std::ostream* out) {
  *out << counts.success << " successes, " << counts.failure << " failures, " << counts.ignored
       << " ignored, " << counts.rejected << " rejected";
}

Counts Minus(const fusebox::Totals& after, const fusebox::Totals& before) {
  return {after.success - before.success, after.failure - before.failure,
          after.ignored - before.ignored, after.rejected - before.rejected};
}

class OutcomeTableTest : public testing::TestWithParam<std::tuple<Style, Kind, Ending>> {
 protected:
  Style style() const { return std::get<Style>(GetParam()); }
  Kind kind() const { return std::get<Kind>(GetParam()); }

  // On another thread, so that something may happen to it meanwhile.
  std::future<Report> CallInBackground(ProtectedClient& client, grpc::ClientContext& context) {
    return std::async(std::launch::async,
                      [&] { return MakeCall(style(), kind(), client.channel(), context); });
  }

  // After the call that `make_one_call` makes, the circuit has counted just this, and nothing is
  // out.
  template <typename MakeOneCall>
  Report ExpectCounts(ProtectedClient& client, const Counts& expected, MakeOneCall make_one_call) {
    const fusebox::Totals before = client.Snapshot(kind()).totals;
    Report report = make_one_call();
    const fusebox::CircuitSnapshot after = client.Snapshot(kind());
    EXPECT_EQ(Minus(after.totals, before), expected);
    EXPECT_EQ(after.in_flight, 0);
    EXPECT_EQ(after.probes_in_flight, 0);
    return report;
  }

  void ExpectOk();
  void ExpectErrorStatus();
  void ExpectDeadline();
  void ExpectCancelled();
  void ExpectServerKilled();
  void ExpectRejected();
};

void OutcomeTableTest::ExpectOk() {
  const ScriptedServer server;
  ProtectedClient client(server.address());
  const Report report = ExpectCounts(client, {/*success=*/1, 0, 0, 0},
                                     [&] { return MakeCall(style(), kind(), client.channel()); });
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  EXPECT_EQ(report.replies, ExpectedReplies(kind()));
  EXPECT_EQ(report.written, ClientStreams(kind()) ? 2 : 0);
}

void OutcomeTableTest::ExpectErrorStatus() {
  const ScriptedServer server(Script::Fail(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  ProtectedClient client(server.address());
  const Report report = ExpectCounts(client, {0, /*failure=*/1, 0, 0},
                                     [&] { return MakeCall(style(), kind(), client.channel()); });
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(report.status.error_message(), "broken");
  EXPECT_THAT(report.replies, testing::IsEmpty());
  const auto last_failure = client.Snapshot(kind()).last_failure;
  ASSERT_TRUE(last_failure);
  EXPECT_EQ(last_failure->code, grpc::StatusCode::INTERNAL);
  EXPECT_EQ(last_failure->message, "broken");
}

void OutcomeTableTest::ExpectDeadline() {
  const ScriptedServer server(Script::Hang());
  ProtectedClient client(server.address());
  const Report report = ExpectCounts(client, {0, /*failure=*/1, 0, 0}, [&] {
    grpc::ClientContext context;
    context.set_deadline(SoonDeadline());
    return MakeCall(style(), kind(), client.channel(), context);
  });
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

void OutcomeTableTest::ExpectCancelled() {
  const ScriptedServer server(Script::Hang());
  ProtectedClient client(server.address());
  const Report report = ExpectCounts(client, {0, 0, /*ignored=*/1, 0}, [&] {
    grpc::ClientContext context;
    std::future<Report> call = CallInBackground(client, context);
    server.WaitForCalls(1);
    context.TryCancel();
    return call.get();
  });
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::CANCELLED);
}

void OutcomeTableTest::ExpectServerKilled() {
  ChildServer server(FUSEBOX_TEST_ECHO_SERVER);
  ProtectedClient client(server.address());
  const Report report = ExpectCounts(client, {0, /*failure=*/1, 0, 0}, [&] {
    grpc::ClientContext context;
    std::future<Report> call = CallInBackground(client, context);
    server.WaitForCall();
    server.Kill();
    return call.get();
  });
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(fusebox::GetRejection(report.status));
}

void OutcomeTableTest::ExpectRejected() {
  const ScriptedServer server;
  ProtectedClient client(server.address());
  client.Open(kind());
  const Report report = ExpectCounts(client, {0, 0, 0, /*rejected=*/1},
                                     [&] { return MakeCall(style(), kind(), client.channel()); });
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(report.status);
  ASSERT_TRUE(rejection) << report.status.error_message();
  EXPECT_EQ(rejection->reason, fusebox::RejectionReason::kOpen);
  EXPECT_EQ(rejection->circuit, CircuitName(kind()));
  EXPECT_EQ(rejection->state, fusebox::State::kOpen);
  EXPECT_EQ(rejection->retry_after, absl::Seconds(30));
  EXPECT_EQ(report.written, 0);
  EXPECT_THAT(report.replies, testing::IsEmpty());
  EXPECT_EQ(server.calls(), 0);
}

TEST_P(OutcomeTableTest, IsCountedOnce) {
  switch (std::get<Ending>(GetParam())) {
    case Ending::kOk:
      return ExpectOk();
    case Ending::kErrorStatus:
      return ExpectErrorStatus();
    case Ending::kDeadline:
      return ExpectDeadline();
    case Ending::kCancelled:
      return ExpectCancelled();
    case Ending::kServerKilled:
      return ExpectServerKilled();
    case Ending::kRejected:
      return ExpectRejected();
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryCell, OutcomeTableTest,
    testing::Combine(testing::ValuesIn(kStyles), testing::ValuesIn(kKinds),
                     testing::Values(Ending::kOk, Ending::kErrorStatus, Ending::kDeadline,
                                     Ending::kCancelled, Ending::kServerKilled, Ending::kRejected)),
    [](const testing::TestParamInfo<OutcomeTableTest::ParamType>& cell) {
      return Name(std::get<Style>(cell.param)) + "_" + Name(std::get<Kind>(cell.param)) + "_" +
             Name(std::get<Ending>(cell.param));
    });

}  // namespace
}  // namespace fusebox_testing
