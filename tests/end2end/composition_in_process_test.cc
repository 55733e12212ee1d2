// SPDX-License-Identifier: Apache-2.0
//
// The breaker on a channel to a server of the same process.
#include <grpcpp/channel.h>
#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

class InProcessTest : public CompositionTest {
 protected:
  std::shared_ptr<grpc::Channel> NewChannel() {
    fusebox::InterceptorOptions options;
    options.dependency = "echo";
    options.registry = shared_.registry;
    options.policies.Default(TestPolicy());
    fusebox::ChannelOptions::InterceptorFactories interceptors;
    interceptors.push_back(MustCreateFactory(std::move(options)));
    return server_.server().experimental().InProcessChannelWithInterceptors(
        grpc::ChannelArguments(), std::move(interceptors));
  }

  // As MakeCall. But such a channel holds no more than one message: who writes the next before the
  // reply is read waits forever, with a breaker or without.
  Report Talk(ChannelRef channel) const {
    if (kind() != Kind::kBidi) return MakeCall(style(), kind(), channel);
    grpc::ClientContext context;
    const std::unique_ptr<EchoCall> call = StartEchoCall(style(), kind(), channel, context);
    Report report;
    std::string text;
    for (const char* request : {"a", "b"}) {
      if (call->Write(request) && call->Read(&text)) report.replies.push_back(text);
    }
    call->WritesDone();
    report.status = call->Finish(&text);
    return report;
  }

  ScriptedEcho server_;
};

// Such a channel has no connection, and is never without one (rule R20).
TEST_P(InProcessTest, R20_OpensAndCloses) {
  const auto channel = NewChannel();
  EXPECT_EQ(Talk(channel).replies, ExpectedReplies(kind()));
  EXPECT_EQ(Calls(), Successes(1));

  server_.Play(Script::Fail(grpc::Status(grpc::StatusCode::INTERNAL, "broken")));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Talk(channel).status.error_message(), "broken");
  }
  EXPECT_EQ(Snapshot().state, fusebox::State::kOpen);
  EXPECT_TRUE(fusebox::GetRejection(Talk(channel).status));
  EXPECT_EQ(server_.calls(), 3);
  EXPECT_EQ(Calls(), (Tally{1, 2, 0, 1, 0}));

  server_.Play(Script::Answer());
  shared_.clock.Advance(absl::Seconds(30));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Talk(channel).status.ok());
  EXPECT_EQ(Snapshot().state, fusebox::State::kClosed);
  EXPECT_EQ(Calls(), (Tally{3, 2, 0, 1, 0}));
}

FUSEBOX_FOR_EVERY_CALL(InProcessTest);

}  // namespace
}  // namespace fusebox_testing
