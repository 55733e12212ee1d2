// SPDX-License-Identifier: Apache-2.0
//
// What a channel's arguments make of calls, and of channels that never connect.
#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

// ---- Compression.

class CompressionTest : public CompositionTest {
 protected:
  Report MakeCompressedCall(ScriptedEcho& server, bool by_channel) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    if (by_channel) options.arguments.SetCompressionAlgorithm(GRPC_COMPRESS_GZIP);
    grpc::ClientContext context;
    if (!by_channel) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    return MakeCall(style(), kind(), MustCreateChannel(server.address(), std::move(options)),
                    context);
  }
};

TEST_P(CompressionTest, ChangesNothing) {
  ScriptedEcho server;
  for (const bool by_channel : {false, true}) {
    EXPECT_EQ(MakeCompressedCall(server, by_channel).replies, ExpectedReplies(kind()));
  }
  EXPECT_EQ(Calls(), Successes(2));
  Open();
  for (const bool by_channel : {false, true}) {
    EXPECT_TRUE(fusebox::GetRejection(MakeCompressedCall(server, by_channel).status));
  }
  EXPECT_EQ(server.calls(), 2);
  EXPECT_EQ(Calls(), (Tally{2, 0, 0, 2, 0}));
}

FUSEBOX_FOR_EVERY_CALL(CompressionTest);

// ---- Channels that don't connect.

class NoConnectionTest : public CompositionTest {};

TEST_P(NoConnectionTest, ACallThatWaitsForOneInVainIsOneFailure) {
  const DeadAddress dead;
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  options.arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  const auto channel = MustCreateChannel(dead.address(), std::move(options));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(SoonDeadline());
  const Report report = MakeCall(style(), kind(), channel, context);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Calls(), Failures(1));
}

TEST_P(NoConnectionTest, ARejectedCallDoesNotWaitForOne) {
  const DeadAddress dead;
  const auto channel = MustCreateChannel(dead.address(), TestOptions(shared_));
  Open();
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel, context).status));
  EXPECT_EQ(Calls(), Rejections(1));
}

// gRPC makes a channel of whatever it gets, if need be one whose calls all fail: here with
// INVALID_ARGUMENT, which would be an answer if it came from the server.
TEST_P(NoConnectionTest, C2_ACallOfALameChannelIsIgnored) {
  const ScriptedEcho server;
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.arguments.SetServiceConfigJSON("no JSON");
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  const Report report = MakeCall(style(), kind(), channel);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Ignored(1));
}

FUSEBOX_FOR_EVERY_CALL(NoConnectionTest);

}  // namespace
}  // namespace fusebox_testing
