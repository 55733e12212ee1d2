// SPDX-License-Identifier: Apache-2.0
//
// What streams get of a ScriptedServer.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fusebox/testing/scripted_server.h"
#include "tests/support/echo.grpc.pb.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kServerStream[] = "fusebox_testing.Echo/ServerStream";
constexpr char kClientStream[] = "fusebox_testing.Echo/ClientStream";
constexpr char kBidi[] = "fusebox_testing.Echo/Bidi";

EchoRequest Request(const std::string& text) {
  EchoRequest request;
  request.set_text(text);
  return request;
}

Reply Saying(const std::vector<std::string>& texts) {
  Reply reply;
  for (const std::string& text : texts) {
    EchoReply message;
    message.set_text(text);
    reply.messages.push_back(message.SerializeAsString());
  }
  return reply;
}

template <typename Stream>
std::vector<std::string> ReadAll(Stream& stream) {
  std::vector<std::string> texts;
  EchoReply reply;
  while (stream.Read(&reply)) texts.push_back(reply.text());
  return texts;
}

class ScriptedStreamTest : public testing::Test {
 protected:
  ScriptedServer server_;
  const std::unique_ptr<Echo::Stub> stub_ = Echo::NewStub(server_.NewChannel());
  grpc::ClientContext context_;
};

TEST_F(ScriptedStreamTest, ServerStreamGetsEveryMessage) {
  server_.Answer(kServerStream, Saying({"3 left", "2 left", "1 left"}));
  const auto stream = stub_->ServerStream(&context_, Request("teapot"));
  EXPECT_THAT(ReadAll(*stream), ElementsAre("3 left", "2 left", "1 left"));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ScriptedStreamTest, ServerStreamFailsAfterItsMessages) {
  Reply reply = Saying({"3 left"});
  reply.status = grpc::Status(StatusCode::UNAVAILABLE, "disk full");
  server_.Answer(kServerStream, reply);
  const auto stream = stub_->ServerStream(&context_, Request("teapot"));
  EXPECT_THAT(ReadAll(*stream), ElementsAre("3 left"));
  EXPECT_EQ(stream->Finish().error_message(), "disk full");
}

TEST_F(ScriptedStreamTest, HeldServerStreamMayBeCancelled) {
  server_.Hold(kServerStream);
  const auto stream = stub_->ServerStream(&context_, Request("teapot"));
  ASSERT_TRUE(server_.WaitForCalls(kServerStream, 1));
  context_.TryCancel();
  EXPECT_THAT(ReadAll(*stream), IsEmpty());
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(ScriptedStreamTest, ClientStreamIsAnsweredAtItsFirstMessage) {
  server_.Answer(kClientStream, Saying({"enough"}));
  EchoReply reply;
  const auto stream = stub_->ClientStream(&context_, &reply);
  EXPECT_TRUE(stream->Write(Request("a")));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(reply.text(), "enough");
}

TEST_F(ScriptedStreamTest, ClientStreamIsAnsweredAfterItsLastMessageIfAsked) {
  Reply scripted = Saying({"all"});
  scripted.after_last_message = true;
  server_.Answer(kClientStream, scripted);
  EchoReply reply;
  const auto stream = stub_->ClientStream(&context_, &reply);
  // More than gRPC would send without the server reading it.
  const EchoRequest large = Request(std::string(1'000'000, 'a'));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(stream->Write(large));
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(reply.text(), "all");
}

TEST_F(ScriptedStreamTest, ClientStreamFails) {
  server_.Answer(kClientStream, Reply::Fail(StatusCode::UNAVAILABLE, "disk full"));
  EchoReply reply;
  const auto stream = stub_->ClientStream(&context_, &reply);
  stream->Write(Request("a"));
  stream->WritesDone();
  EXPECT_EQ(stream->Finish().error_message(), "disk full");
}

TEST_F(ScriptedStreamTest, BidiIsAnsweredAtItsFirstMessage) {
  server_.Answer(kBidi, Saying({"x", "y"}));
  const auto stream = stub_->Bidi(&context_);
  EXPECT_TRUE(stream->Write(Request("a")));  // and its side stays open
  EXPECT_THAT(ReadAll(*stream), ElementsAre("x", "y"));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ScriptedStreamTest, BidiIsAnsweredWithoutAnyMessage) {
  server_.Answer(kBidi, Saying({"x"}));
  const auto stream = stub_->Bidi(&context_);
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("x"));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ScriptedStreamTest, HeldBidiIsReleased) {
  server_.Answer(kBidi, Saying({"x"}));
  server_.Hold(kBidi);
  const auto stream = stub_->Bidi(&context_);
  EXPECT_TRUE(stream->Write(Request("a")));
  ASSERT_TRUE(server_.WaitForCalls(kBidi, 1));
  server_.Release(kBidi);
  EXPECT_THAT(ReadAll(*stream), ElementsAre("x"));
  EXPECT_TRUE(stream->Finish().ok());
}

// Of a caller that has gone away while a reply is being written, or that never says a word.
TEST_F(ScriptedStreamTest, DestructionEndsStreams) {
  auto server = std::make_unique<ScriptedServer>();
  const auto stub = Echo::NewStub(server->NewChannel());
  const std::string large(1'000'000, 'a');
  server->Answer(kServerStream, Saying(std::vector<std::string>(20, large)));
  server->Answer(kBidi, Saying({"x"}));

  grpc::ClientContext unread_context;
  const auto unread = stub->ServerStream(&unread_context, Request("teapot"));
  grpc::ClientContext silent_context;
  const auto silent = stub->Bidi(&silent_context);
  ASSERT_TRUE(server->WaitForCalls(kServerStream, 1));
  ASSERT_TRUE(server->WaitForCalls(kBidi, 1));
  server.reset();
  EXPECT_FALSE(silent->Finish().ok());
  unread_context.TryCancel();
  ReadAll(*unread);
  EXPECT_FALSE(unread->Finish().ok());
}

}  // namespace
}  // namespace fusebox_testing
