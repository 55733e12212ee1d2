// SPDX-License-Identifier: Apache-2.0
//
// A channel's own message limits, for every form of target (rule C2). What they come to is in
// docs/endings.md, too; here it is that they open nothing.
#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

// A name in the file system, for a socket; short enough for one.
class SocketPath {
 public:
  SocketPath() : path_("/tmp/fusebox_limits_" + std::to_string(getpid())) {}
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;
  ~SocketPath() { std::remove(path_.c_str()); }

  std::string target() const { return "unix:" + path_; }

 private:
  const std::string path_;
};

// gRPC 1.83 says CANCELLED where a stream is read by another interface than the callback one.
auto IsLimit() {
  return testing::AnyOf(grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::CANCELLED);
}

class LimitsTest : public CompositionTest {
 protected:
  static std::string PortOf(const ScriptedEcho& server) {
    return server.address().substr(server.address().find(':'));
  }

  std::shared_ptr<grpc::Channel> NewChannel(const std::string& target,
                                            const grpc::ChannelArguments& arguments = {}) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.arguments = arguments;
    return MustCreateChannel(target, std::move(options));
  }
  static grpc::ChannelArguments Sends2Bytes() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(2);
    return arguments;
  }
  static grpc::ChannelArguments Receives2Bytes() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(2);
    return arguments;
  }
};

// Of the one kind whose stream goes on after an answer.
class ConversationLimitsTest : public LimitsTest {};

TEST_P(LimitsTest, C2_TheChannelsOwnOpenNothing) {
  const SocketPath socket;
  const ScriptedEcho server(Script::Answer(), [&](grpc::ServerBuilder& builder) {
    builder.AddListeningPort(socket.target(), grpc::InsecureServerCredentials());
  });
  const std::vector<std::string> targets = {
      server.address(),  // a name, like any other
      "dns:///localhost" + PortOf(server),
      "ipv4:" + server.address(),
      "ipv4:" + server.address() + ",127.0.0.2" + PortOf(server),
      socket.target(),
  };
  int64_t calls = 0;
  for (const std::string& target : targets) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, target);
    for (const grpc::ChannelArguments& arguments : {Sends2Bytes(), Receives2Bytes()}) {
      const auto channel = NewChannel(target, arguments);
      for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(MakeCall(style(), kind(), channel).status.error_code(), IsLimit());
        EXPECT_EQ(Calls(), Ignored(++calls));
      }
    }
  }
  EXPECT_EQ(Snapshot().state, fusebox::State::kClosed);
}

// The call has had messages before, and so a peer; but the status isn't the peer's.
TEST_P(ConversationLimitsTest, C2_AMessageThatIsTooLargeInTheMiddleOfAStreamOpensNothing) {
  const ScriptedEcho server;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(8);
  const auto channel = NewChannel(server.address(), arguments);
  grpc::ClientContext context;
  const auto call = StartEchoCall(style(), kind(), channel, context);
  std::string text;
  EXPECT_TRUE(call->Write("small"));
  EXPECT_TRUE(call->Read(&text));
  EXPECT_TRUE(call->Write("too large to receive"));
  EXPECT_FALSE(call->Read(&text));
  EXPECT_THAT(call->Finish(&text).error_code(), IsLimit());
  EXPECT_EQ(Calls(), Ignored(1));
}

// The server's answer has the address that the channel has for a target: then the text decides.
TEST_P(LimitsTest, C2_OnATargetThatIsAnAddressTheServersTextIsTakenForTheChannels) {
  const ScriptedEcho server(Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                                      "Sent message larger than max (7 vs. 2)")));
  const auto by_address = NewChannel("ipv4:" + server.address());
  EXPECT_FALSE(MakeCall(style(), kind(), by_address).status.ok());
  EXPECT_EQ(Calls(), Ignored(1));
  const auto by_name = NewChannel(server.address());
  EXPECT_FALSE(MakeCall(style(), kind(), by_name).status.ok());
  EXPECT_EQ(Calls(), (Tally{0, 1, 1, 0, 0}));
}

TEST_P(LimitsTest, C2_AnyOtherTextIsAFailureOnAnyTarget) {
  const ScriptedEcho server(
      Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "quota is used up")));
  EXPECT_FALSE(MakeCall(style(), kind(), NewChannel("ipv4:" + server.address())).status.ok());
  EXPECT_EQ(Calls(), Failures(1));
}

TEST_P(LimitsTest, C1_APredicateSeesThatItIsLocal) {
  const ScriptedEcho server;
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.arguments = Sends2Bytes();
  options.breaker.classifier.predicate = [](const fusebox::CallResult& call) {
    EXPECT_TRUE(call.local);
    return fusebox::OutcomeKind::kFailure;
  };
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  EXPECT_FALSE(MakeCall(style(), kind(), channel).status.ok());
  EXPECT_EQ(Calls(), Failures(1));
}

FUSEBOX_FOR_EVERY_CALL(LimitsTest);
INSTANTIATE_TEST_SUITE_P(EveryCall, ConversationLimitsTest,
                         testing::Combine(testing::ValuesIn(kStyles), testing::Values(Kind::kBidi)),
                         EveryCallName);

}  // namespace
}  // namespace fusebox_testing
