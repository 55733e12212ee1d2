// SPDX-License-Identifier: Apache-2.0
//
// How a caller ends its call itself: by a deadline, by cancelling it, or by forgetting it.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/state.h"
#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/ending_test.h"
#include "tests/end2end/forgotten_cells.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/mailbox.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;

void SpinFor(std::chrono::steady_clock::duration duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
  }
}

class CallerEndingTest : public EndingTest {
 private:
  void Play() override;

  void PlayDeadlineBeforeStart();
  void PlayCancelledBeforeStart();
  void PlayCancelled();
  void PlayGivenUp();
  void PlayCancelledAfterMessage();
  void PlayCancelRace();
  void PlayCancelledAfter();
  void PlayNeverStarted();
  void PlayDropped();
  void PlayDroppedLate();
  void PlayReadAndDropped();

  // Starts a stream, and drops it, and then its context, without `Finish`. In between, it may do
  // something with the stream, and says whether it has got a message by that: a probe has succeeded
  // then, and its place is free.
  template <typename Do>
  std::optional<grpc::Status> Drop(ProtectedClient& client, Do something) {
    grpc::ClientContext context;
    const auto stream = StartEchoCall(style(), kind(), client.channel(), context);
    const bool has_message = something(*stream);
    EXPECT_EQ(client.Snapshot(kind()).in_flight, 1);
    EXPECT_EQ(client.Snapshot(kind()).probes_in_flight, as_probe() && !has_message ? 1 : 0);
    return std::nullopt;
  }
};

// Ignored by rule C3, though DEADLINE_EXCEEDED is a failure otherwise.
void CallerEndingTest::PlayDeadlineBeforeStart() {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::DEADLINE_EXCEEDED, Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
    return Call(client, context).status;
  });
}

void CallerEndingTest::PlayCancelledBeforeStart() {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::CANCELLED, Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    context.TryCancel();
    return Call(client, context).status;
  });
}

void CallerEndingTest::PlayCancelled() {
  const ScriptedEcho server(Script::Hang());
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::CANCELLED, Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    std::future<Report> call = CallInBackground(client, context);
    server.WaitForCalls(1);
    context.TryCancel();
    return call.get().status;
  });
}

void CancelledAfter2s(fusebox::ChannelOptions& options) {
  options.breaker.classifier.cancelled_after = absl::Seconds(2);
}

// Whether a call is one that the server has to answer, and not one at its caller's pace. To a
// generic stub, whatever isn't unary is that.
bool GoesAtTheServersPace(Style style, Kind kind) {
  return kind == Kind::kUnary || (kind == Kind::kServerStream && style != Style::kGeneric);
}

void CallerEndingTest::PlayGivenUp() {
  const ScriptedEcho server(Script::Hang());
  ProtectedClient client(server.address(), CancelledAfter2s);
  const bool waits = GoesAtTheServersPace(style(), kind());
  Expect(client, {StatusCode::CANCELLED, waits ? Counted::kFailure : Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    const int64_t calls_before = server.calls();
    std::future<Report> call = CallInBackground(client, context);
    server.WaitForCalls(calls_before + 1);
    client.clock().Advance(absl::Seconds(2));
    context.TryCancel();
    return call.get().status;
  });
}

// The server holds back nothing but the end.
void CallerEndingTest::PlayCancelledAfterMessage() {
  const ScriptedEcho server(Script::AnswerOnce());
  ProtectedClient client(server.address(), CancelledAfter2s);
  Expect(client, {StatusCode::CANCELLED, Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    const auto stream = StartEchoCall(style(), kind(), client.channel(), context);
    stream->Write("a");
    std::string text;
    EXPECT_TRUE(stream->Read(&text));
    client.clock().Advance(absl::Hours(1));
    EXPECT_EQ(client.Snapshot(kind()).in_flight, 1);
    EXPECT_EQ(client.Snapshot(kind()).state,
              as_probe() ? fusebox::State::kHalfOpen : fusebox::State::kClosed);
    context.TryCancel();
    return stream->Finish(&text);
  });
}

// A little later each time, so that now the one wins and now the other.
void CallerEndingTest::PlayCancelRace() {
  Mailbox<bool> arrived;
  const ScriptedEcho server(Script::Answer(), [&] { arrived.Put(true); });
  ProtectedClient client(server.address());
  constexpr int kRounds = 30;
  for (int i = 0; i < kRounds; ++i) {
    ExpectOneOf(client,
                {{StatusCode::OK, Counted::kSuccess}, {StatusCode::CANCELLED, Counted::kIgnored}},
                [&] {
                  grpc::ClientContext context;
                  std::future<Report> call = CallInBackground(client, context);
                  arrived.Take();
                  SpinFor(i * std::chrono::microseconds(15));
                  context.TryCancel();
                  return call.get().status;
                });
  }
}

void CallerEndingTest::PlayCancelledAfter() {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::OK, Counted::kSuccess}, [&] {
    grpc::ClientContext context;
    grpc::Status status = Call(client, context).status;
    context.TryCancel();
    return status;
  });
}

void CallerEndingTest::PlayNeverStarted() {
  const DeadAddress dead;
  ProtectedClient client(dead.address());
  Expect(client, {std::nullopt, Counted::kNothing}, [&] {
    PrepareEchoCall(style(), kind(), client.channel());
    return std::nullopt;
  });
}

void CallerEndingTest::PlayDropped() {
  const ScriptedEcho server(Script::Hang());
  ProtectedClient client(server.address());
  Expect(client, {std::nullopt, Counted::kIgnored},
         [&] { return Drop(client, [](EchoCall&) { return false; }); });
}

void CallerEndingTest::PlayDroppedLate() {
  const ScriptedEcho server(Script::Hang());
  ProtectedClient client(server.address(), CancelledAfter2s);
  const bool waits = GoesAtTheServersPace(style(), kind());
  Expect(client, {std::nullopt, waits ? Counted::kFailure : Counted::kIgnored}, [&] {
    return Drop(client, [&](EchoCall&) {
      client.clock().Advance(absl::Seconds(2));
      return false;
    });
  });
}

// Its status is here, but nobody has asked for it, nor ever will.
void CallerEndingTest::PlayReadAndDropped() {
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  Expect(client, {std::nullopt, Counted::kIgnored}, [&] {
    return Drop(client, [](EchoCall& stream) {
      stream.WritesDone();
      bool has_message = false;
      for (std::string text; stream.Read(&text);) has_message = true;
      return has_message;
    });
  });
}

void CallerEndingTest::Play() {
  switch (ending()) {
    case Ending::kDeadlineBeforeStart:
      return PlayDeadlineBeforeStart();
    case Ending::kCancelledBeforeStart:
      return PlayCancelledBeforeStart();
    case Ending::kCancelled:
      return PlayCancelled();
    case Ending::kGivenUp:
      return PlayGivenUp();
    case Ending::kCancelledAfterMessage:
      return PlayCancelledAfterMessage();
    case Ending::kCancelRace:
      return PlayCancelRace();
    case Ending::kCancelledAfter:
      return PlayCancelledAfter();
    case Ending::kNeverStarted:
      return PlayNeverStarted();
    case Ending::kDropped:
      return PlayDropped();
    case Ending::kDroppedLate:
      return PlayDroppedLate();
    case Ending::kReadAndDropped:
      return PlayReadAndDropped();
    default:
      FAIL() << "played elsewhere";
  }
}

TEST_P(CallerEndingTest, IsCountedOnce) { PlayOnEachCircuit(); }

FUSEBOX_FOR_CELLS(EveryCall, CallerEndingTest,
                  EveryCell({Ending::kDeadlineBeforeStart, Ending::kCancelledBeforeStart,
                             Ending::kCancelled, Ending::kGivenUp, Ending::kCancelRace,
                             Ending::kCancelledAfter}));
FUSEBOX_FOR_CELLS(AfterMessage, CallerEndingTest,
                  Cells({Ending::kCancelledAfterMessage}, {kStyles.begin(), kStyles.end()},
                        {Kind::kServerStream, Kind::kBidi}));
FUSEBOX_FOR_CELLS(NeverStarted, CallerEndingTest, PreparedCells(Ending::kNeverStarted));
FUSEBOX_FOR_CELLS(Dropped, CallerEndingTest, DroppedCells(Ending::kDropped));
FUSEBOX_FOR_CELLS(DroppedLate, CallerEndingTest, DroppedCells(Ending::kDroppedLate));
// Neither a unary call nor a client stream has an end to read to.
FUSEBOX_FOR_CELLS(ReadAndDropped, CallerEndingTest,
                  Cells({Ending::kReadAndDropped},
                        {Style::kSync, Style::kCompletionQueue, Style::kGeneric},
                        {Kind::kServerStream, Kind::kBidi}));

}  // namespace
}  // namespace fusebox_testing
