// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a call whose context, channel or registry the application lets go of as early as
// it may.
//
// gRPC requires that a ClientContext outlives its call's stream or reader, every tag that is on its
// way, and with callbacks OnDone's beginning. It keeps the channel, and the channel keeps the
// interceptors' factory, and with it registry and circuits.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>

#include "fusebox/circuit_breaker.h"
#include "tests/end2end/ending_test.h"
#include "tests/end2end/own_context_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/mailbox.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;

class OwnerEndingTest : public EndingTest {
 private:
  void Play() override;

  void PlayContextDestroyedByDone();
  void PlayReleased(bool registry_too);
};

void OwnerEndingTest::PlayContextDestroyedByDone() {
  const ScriptedEcho server(Script::Fail(grpc::Status(StatusCode::INTERNAL, "broken")));
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::INTERNAL, Counted::kFailure},
         [&] { return MakeCallThatOwnsItsContext(kind(), client.channel()); });
}

void OwnerEndingTest::PlayReleased(bool registry_too) {
  Mailbox<bool> arrived;
  Mailbox<bool> released;
  const ScriptedEcho server(Script::Answer(), [&] {
    arrived.Put(true);
    released.Take();
  });
  ProtectedClient client(server.address());
  const std::weak_ptr<grpc::Channel> channel = client.channel();
  const std::weak_ptr<fusebox::CircuitRegistry> registry = client.shared_registry();
  Expect(client, {StatusCode::OK, Counted::kSuccess}, [&] {
    if (registry_too) client.ReleaseRegistry();
    grpc::ClientContext context;
    std::future<Report> call = CallInBackground(client, context);
    arrived.Take();
    client.ReleaseChannel();
    released.Put(true);
    Report report = call.get();
    EXPECT_EQ(report.replies, ExpectedReplies(kind()));
    EXPECT_FALSE(channel.expired());
    EXPECT_FALSE(registry.expired());
    return report.status;
  });
  EXPECT_TRUE(channel.expired());
  EXPECT_EQ(registry.expired(), registry_too);
}

void OwnerEndingTest::Play() {
  switch (ending()) {
    case Ending::kContextDestroyedByDone:
      return PlayContextDestroyedByDone();
    case Ending::kChannelReleased:
      return PlayReleased(/*registry_too=*/false);
    case Ending::kRegistryReleased:
      return PlayReleased(/*registry_too=*/true);
    default:
      FAIL() << "played elsewhere";
  }
}

TEST_P(OwnerEndingTest, IsCountedOnce) { PlayOnEachCircuit(); }

// In the other styles it's the caller that destroys the context, when it has the status or has
// dropped the stream: that's how all the other endings end.
FUSEBOX_FOR_CELLS(Callback, OwnerEndingTest,
                  Cells({Ending::kContextDestroyedByDone}, {Style::kCallback},
                        {Kind::kUnary, Kind::kClientStream, Kind::kServerStream, Kind::kBidi}));
// A synchronous unary call is a function of its stub's, which keeps the channel.
FUSEBOX_FOR_CELLS(Sync, OwnerEndingTest,
                  Cells({Ending::kChannelReleased, Ending::kRegistryReleased}, {Style::kSync},
                        {Kind::kClientStream, Kind::kServerStream, Kind::kBidi}));
FUSEBOX_FOR_CELLS(Async, OwnerEndingTest,
                  Cells({Ending::kChannelReleased, Ending::kRegistryReleased},
                        {Style::kCompletionQueue, Style::kCallback, Style::kGeneric},
                        {Kind::kUnary, Kind::kClientStream, Kind::kServerStream, Kind::kBidi}));

}  // namespace
}  // namespace fusebox_testing
