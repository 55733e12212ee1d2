// SPDX-License-Identifier: Apache-2.0
//
// How the server, or its absence, ends a call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/ending_test.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/child_server.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;

class ServerEndingTest : public EndingTest {
 private:
  void Play() override;

  void PlayOk();
  void PlayErrorStatus();
  void PlayDeadline();
  void PlayNobodyListens();
  void PlayWaitForReady();
  void PlayServerKilled();
  void PlayServerStopped();
  void PlaySilentServer();
};

void ServerEndingTest::PlayOk() {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::OK, Counted::kSuccess}, [&] {
    Report report = MakeCall(style(), kind(), client.channel());
    EXPECT_EQ(report.replies, ExpectedReplies(kind()));
    EXPECT_EQ(report.written, ClientStreams(kind()) ? 2 : 0);
    return report.status;
  });
}

void ServerEndingTest::PlayErrorStatus() {
  const ScriptedEcho server(Script::Fail(grpc::Status(StatusCode::INTERNAL, "broken")));
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::INTERNAL, Counted::kFailure}, [&] {
    Report report = MakeCall(style(), kind(), client.channel());
    EXPECT_EQ(report.status.error_message(), "broken");
    EXPECT_THAT(report.replies, testing::IsEmpty());
    return report.status;
  });
  const auto last_failure = client.Snapshot(kind()).last_failure;
  ASSERT_TRUE(last_failure);
  EXPECT_EQ(last_failure->code, StatusCode::INTERNAL);
  EXPECT_EQ(last_failure->message, "broken");
}

void ServerEndingTest::PlayDeadline() {
  const ScriptedEcho server(Script::Hang());
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::DEADLINE_EXCEEDED, Counted::kFailure},
         [&] { return CallUntilSoon(client); });
}

void ServerEndingTest::PlayNobodyListens() {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  Expect(client, {StatusCode::UNAVAILABLE, Counted::kFailure}, [&] {
    grpc::Status status = MakeCall(style(), kind(), client.channel()).status;
    EXPECT_FALSE(fusebox::GetRejection(status));
    return status;
  });
}

void ServerEndingTest::PlayWaitForReady() {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  Expect(client, {StatusCode::DEADLINE_EXCEEDED, Counted::kFailure}, [&] {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(SoonDeadline());
    return Call(client, context).status;
  });
}

void ServerEndingTest::PlayServerKilled() {
  ChildServer server(FUSEBOX_TEST_ECHO_SERVER);
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::UNAVAILABLE, Counted::kFailure}, [&] {
    grpc::ClientContext context;
    std::future<Report> call = CallInBackground(client, context);
    server.WaitForCall();
    server.Kill();
    grpc::Status status = call.get().status;
    EXPECT_FALSE(fusebox::GetRejection(status));
    return status;
  });
}

// The connection stands, and the kernel goes on taking what is sent to it.
void ServerEndingTest::PlayServerStopped() {
  ChildServer server(FUSEBOX_TEST_ECHO_SERVER);
  ProtectedClient client(server.address());
  ASSERT_TRUE(client.Connect());
  server.Stop();
  Expect(client, {StatusCode::DEADLINE_EXCEEDED, Counted::kFailure},
         [&] { return CallUntilSoon(client); });
}

void ServerEndingTest::PlaySilentServer() {
  const SilentAddress silent;
  ProtectedClient client(silent.address());
  Expect(client, {StatusCode::DEADLINE_EXCEEDED, Counted::kFailure},
         [&] { return CallUntilSoon(client); });
}

void ServerEndingTest::Play() {
  switch (ending()) {
    case Ending::kOk:
      return PlayOk();
    case Ending::kErrorStatus:
      return PlayErrorStatus();
    case Ending::kDeadline:
      return PlayDeadline();
    case Ending::kNobodyListens:
      return PlayNobodyListens();
    case Ending::kWaitForReady:
      return PlayWaitForReady();
    case Ending::kServerKilled:
      return PlayServerKilled();
    case Ending::kServerStopped:
      return PlayServerStopped();
    case Ending::kSilentServer:
      return PlaySilentServer();
    default:
      FAIL() << "played elsewhere";
  }
}

TEST_P(ServerEndingTest, IsCountedOnce) { PlayOnEachCircuit(); }

FUSEBOX_FOR_CELLS(EveryCall, ServerEndingTest,
                  EveryCell({Ending::kOk, Ending::kErrorStatus, Ending::kDeadline,
                             Ending::kNobodyListens, Ending::kWaitForReady, Ending::kServerKilled,
                             Ending::kServerStopped, Ending::kSilentServer}));

}  // namespace
}  // namespace fusebox_testing
