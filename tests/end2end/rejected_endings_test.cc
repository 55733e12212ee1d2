// SPDX-License-Identifier: Apache-2.0
//
// What a call comes to whose circuit is open.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/ending_test.h"
#include "tests/end2end/forgotten_cells.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;

class RejectedEndingTest : public EndingTest {
 private:
  void Play() override;

  std::optional<grpc::Status> Reject(ProtectedClient& client);
  std::optional<grpc::Status> RejectAndCancel(ProtectedClient& client);
  std::optional<grpc::Status> RejectAndDrop(ProtectedClient& client);

  void ExpectRejected(const Report& report);
};

void RejectedEndingTest::ExpectRejected(const Report& report) {
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(report.status);
  ASSERT_TRUE(rejection) << report.status.error_message();
  EXPECT_EQ(rejection->reason, fusebox::RejectionReason::kOpen);
  EXPECT_EQ(rejection->circuit, CircuitName(kind()));
  EXPECT_EQ(rejection->state, fusebox::State::kOpen);
  EXPECT_EQ(rejection->retry_after, absl::Seconds(30));
  EXPECT_EQ(report.written, 0);
  EXPECT_THAT(report.replies, testing::IsEmpty());
}

std::optional<grpc::Status> RejectedEndingTest::Reject(ProtectedClient& client) {
  Report report = MakeCall(style(), kind(), client.channel());
  ExpectRejected(report);
  return report.status;
}

// Before, in the middle and after: it was never sent, so there is nothing to cancel.
std::optional<grpc::Status> RejectedEndingTest::RejectAndCancel(ProtectedClient& client) {
  grpc::ClientContext context;
  context.TryCancel();
  const auto call = StartEchoCall(style(), kind(), client.channel(), context);
  context.TryCancel();
  Report report = Converse(kind(), *call);
  context.TryCancel();
  ExpectRejected(report);
  return report.status;
}

std::optional<grpc::Status> RejectedEndingTest::RejectAndDrop(ProtectedClient& client) {
  grpc::ClientContext context;
  StartEchoCall(style(), kind(), client.channel(), context).reset();
  return std::nullopt;
}

void RejectedEndingTest::Play() {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  client.Open(kind());
  switch (ending()) {
    case Ending::kRejected:
      Expect(client, {StatusCode::UNAVAILABLE, Counted::kRejected}, [&] { return Reject(client); });
      break;
    case Ending::kRejectedThenCancelled:
      Expect(client, {StatusCode::UNAVAILABLE, Counted::kRejected},
             [&] { return RejectAndCancel(client); });
      break;
    case Ending::kRejectedAndDropped:
      Expect(client, {std::nullopt, Counted::kRejected}, [&] { return RejectAndDrop(client); });
      break;
    case Ending::kOpenNeverStarted:
      Expect(client, {std::nullopt, Counted::kNothing}, [&] {
        PrepareEchoCall(style(), kind(), client.channel());
        return std::nullopt;
      });
      break;
    default:
      FAIL() << "played elsewhere";
  }
  EXPECT_EQ(server.calls(), 0);
}

TEST_P(RejectedEndingTest, IsCountedOnce) { PlayOnEachCircuit(); }

FUSEBOX_FOR_CELLS(EveryCall, RejectedEndingTest,
                  EveryCell({Ending::kRejected, Ending::kRejectedThenCancelled}));
FUSEBOX_FOR_CELLS(Dropped, RejectedEndingTest, DroppedCells(Ending::kRejectedAndDropped));
FUSEBOX_FOR_CELLS(NeverStarted, RejectedEndingTest, PreparedCells(Ending::kOpenNeverStarted));

}  // namespace
}  // namespace fusebox_testing
