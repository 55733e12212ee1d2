// SPDX-License-Identifier: Apache-2.0
//
// How the server, or its absence, ends a call.
#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/rejection.h"
#include "fusebox/testing/scripted_server.h"
#include "tests/end2end/ending_test.h"
#include "tests/end2end/garbled_server.h"
#include "tests/end2end/grpc_version.h"
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
  void PlayPassedOnRejection();
  void PlayWithoutMessage(std::vector<std::string> messages);
  void PlayGarbledMessage();
  void PlayServerLimit(const std::function<void(grpc::ServerBuilder&)>& limit);
  void PlayForgedText();
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

void ServerEndingTest::PlayPassedOnRejection() {
  fusebox::Rejection upstream;
  upstream.circuit = "upstream/a.B/C";
  upstream.retry_after = absl::Minutes(5);
  const ScriptedEcho server(Script::Fail(fusebox::ToGrpcStatus(upstream)));
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::UNAVAILABLE, Counted::kFailure},
         [&] { return MakeCall(style(), kind(), client.channel()).status; });
  // As a probe, it has opened the circuit for the circuit's own time.
  if (as_probe()) {
    EXPECT_EQ(client.Circuit(kind())->TryAcquire().retry_after(), absl::Seconds(30));
  }
}

// What the caller gets depends on its stub: UNIMPLEMENTED, an OK that isn't one, or, of what can't
// be parsed, a tag that says that Finish failed.
void ServerEndingTest::PlayWithoutMessage(std::vector<std::string> messages) {
  const bool tag_fails = !messages.empty() && style() == Style::kCompletionQueue;
  ScriptedServer server;
  Reply reply;
  reply.messages = std::move(messages);
  reply.after_last_message = true;
  server.Answer(MethodOf(kind()), reply);
  ProtectedClient client(server.target());
  Result result;
  if (style() == Style::kSync) {
    result.status = StatusCode::UNIMPLEMENTED;
  } else if (!tag_fails) {
    result.status = StatusCode::OK;
  }
  result.counted = Counted::kFailure;
  Expect(client, result, [&]() -> std::optional<grpc::Status> {
    grpc::Status status = MakeCall(style(), kind(), client.channel()).status;
    if (tag_fails) return std::nullopt;
    return status;
  });
}

// gRPC makes the status here, and it has the channel's target for a peer. Still it is the server's
// doing. Where gRPC 1.83 doesn't say so, it can't be told from a call that somebody cancelled.
void ServerEndingTest::PlayGarbledMessage() {
  const GarbledServer server;
  ProtectedClient client(server.address());
  Result expected{IsGrpc151() ? StatusCode::UNKNOWN : StatusCode::INTERNAL, Counted::kFailure};
  std::string text = "decompressing";
  if (RefusesWithoutReason(style(), kind())) {
    expected = {StatusCode::CANCELLED, Counted::kIgnored};
    text.clear();
  }
  if (!IsGrpc151()) LeaveOutOfTable();
  Expect(client, expected, [&] {
    grpc::ClientContext context;
    grpc::Status status = Call(client, context).status;
    EXPECT_THAT(status.error_message(), testing::HasSubstr(text));
    EXPECT_THAT(context.peer(), testing::EndsWith(server.address()));
    return status;
  });
}

void ServerEndingTest::PlayServerLimit(const std::function<void(grpc::ServerBuilder&)>& limit) {
  const ScriptedEcho server(Script::Answer(), limit);
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::RESOURCE_EXHAUSTED, Counted::kFailure}, [&] {
    grpc::Status status = MakeCall(style(), kind(), client.channel()).status;
    EXPECT_THAT(status.error_message(), testing::HasSubstr("message larger than max"));
    return status;
  });
}

void ServerEndingTest::PlayForgedText() {
  const ScriptedEcho server(Script::Fail(
      grpc::Status(StatusCode::RESOURCE_EXHAUSTED, "Sent message larger than max (7 vs. 2)")));
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::RESOURCE_EXHAUSTED, Counted::kFailure},
         [&] { return MakeCall(style(), kind(), client.channel()).status; });
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
    case Ending::kPassedOnRejection:
      return PlayPassedOnRejection();
    case Ending::kNoMessage:
      return PlayWithoutMessage({});
    case Ending::kUnreadableMessage:
      return PlayWithoutMessage({"\xFF\xFF"});
    case Ending::kGarbledMessage:
      return PlayGarbledMessage();
    case Ending::kServerSendLimit:
      return PlayServerLimit([](grpc::ServerBuilder& builder) {
        builder.AddChannelArgument(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, 2);
      });
    case Ending::kServerReceiveLimit:
      return PlayServerLimit(
          [](grpc::ServerBuilder& builder) { builder.SetMaxReceiveMessageSize(2); });
    case Ending::kForgedText:
      return PlayForgedText();
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
                  EveryCell({Ending::kOk, Ending::kErrorStatus, Ending::kPassedOnRejection,
                             Ending::kGarbledMessage, Ending::kServerSendLimit,
                             Ending::kServerReceiveLimit, Ending::kForgedText, Ending::kDeadline,
                             Ending::kNobodyListens, Ending::kWaitForReady, Ending::kServerKilled,
                             Ending::kServerStopped, Ending::kSilentServer}));

// With bytes for messages, none is unreadable; and to a generic stub, whatever isn't unary is a
// bidirectional stream.
FUSEBOX_FOR_CELLS(NoMessage, ServerEndingTest,
                  Cells({Ending::kNoMessage},
                        {Style::kSync, Style::kCompletionQueue, Style::kCallback, Style::kGeneric},
                        {Kind::kUnary}));
FUSEBOX_FOR_CELLS(UnreadableMessage, ServerEndingTest,
                  Cells({Ending::kUnreadableMessage},
                        {Style::kSync, Style::kCompletionQueue, Style::kCallback}, {Kind::kUnary}));
// Over a blocking client stream without a message gRPC aborts the process.
FUSEBOX_FOR_CELLS(NoMessageOfAClientStream, ServerEndingTest,
                  Cells({Ending::kNoMessage}, {Style::kCompletionQueue, Style::kCallback},
                        {Kind::kClientStream}));

}  // namespace
}  // namespace fusebox_testing
