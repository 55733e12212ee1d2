// SPDX-License-Identifier: Apache-2.0
//
// What unary calls get of a ScriptedServer.
#include "fusebox/testing/scripted_server.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/support/echo.grpc.pb.h"
#include "tests/testing/unary_call.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr char kBidi[] = "fusebox_testing.Echo/Bidi";

class ScriptedServerTest : public testing::Test {
 protected:
  ScriptedServer server_;
  const std::shared_ptr<grpc::Channel> channel_ = server_.NewChannel();
};

TEST_F(ScriptedServerTest, AnswersWithAMessage) {
  server_.Answer(kUnary, Saying("two teapots"));
  const Result result = CallUnary(channel_);
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_EQ(result.text, "two teapots");
}

TEST_F(ScriptedServerTest, AnswersWithBytes) {
  Reply reply;
  reply.messages = {std::string("\n\3tea", 5)};
  server_.Answer(kUnary, reply);
  EXPECT_EQ(CallUnary(channel_).text, "tea");
}

TEST_F(ScriptedServerTest, OkAloneIsAnEmptyMessage) {
  server_.Answer(kUnary, Reply::Ok());
  const Result result = CallUnary(channel_);
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_EQ(result.text, "");
}

TEST_F(ScriptedServerTest, FailsWithTheStatusAndItsDetails) {
  server_.Answer(kUnary, Reply::Fail(StatusCode::DATA_LOSS, "disk full"));
  EXPECT_EQ(CallUnary(channel_).status.error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(CallUnary(channel_).status.error_message(), "disk full");
  server_.Answer(kUnary, Reply::Fail(grpc::Status(StatusCode::ABORTED, "", "any details")));
  EXPECT_EQ(CallUnary(channel_).status.error_details(), "any details");
}

TEST_F(ScriptedServerTest, SendsTrailingMetadata) {
  Reply reply = Reply::Ok();
  reply.trailing_metadata = {{"shop", "tea"}, {"shop", "coffee"}, {"shop-bin", std::string(2, 0)}};
  server_.Answer(kUnary, reply);
  const Result ok = CallUnary(channel_);
  EXPECT_THAT(ok.trailing_metadata, Contains(Pair("shop", "tea")));
  EXPECT_THAT(ok.trailing_metadata, Contains(Pair("shop", "coffee")));
  EXPECT_THAT(ok.trailing_metadata, Contains(Pair("shop-bin", std::string(2, 0))));

  reply = Reply::Fail(StatusCode::UNAVAILABLE);
  reply.trailing_metadata = {{"grpc-retry-pushback-ms", "1500"}};
  server_.Answer(kUnary, reply);
  EXPECT_THAT(CallUnary(channel_).trailing_metadata,
              Contains(Pair("grpc-retry-pushback-ms", "1500")));
}

TEST_F(ScriptedServerTest, SaysWhichTrailingMetadataCannotBeSent) {
  for (const std::pair<const char*, const char*>& entry : {std::pair("Upper-Case", "tea"),
                                                           {"", "tea"},
                                                           {":path", "tea"},
                                                           {"shop", "t\nea"},
                                                           {"grpc-timeout", "1S"},
                                                           {"grpc-status", "0"}}) {
    Reply reply = Reply::Ok();
    reply.trailing_metadata = {{"legal", "tea"}, entry};
    server_.Answer(kUnary, reply);
    const grpc::Status status = CallUnary(channel_).status;
    EXPECT_EQ(status.error_code(), StatusCode::INTERNAL) << entry.first;
    EXPECT_THAT(status.error_message(), HasSubstr('"' + std::string(entry.first) + '"'));
  }
}

TEST_F(ScriptedServerTest, UnscriptedMethodIsUnimplemented) {
  const grpc::Status status = CallUnary(channel_).status;
  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr(kUnary));
  EXPECT_EQ(server_.calls(kUnary), 1);
}

TEST_F(ScriptedServerTest, LastAnswerHolds) {
  for (const char* const text : {"one", "two", "three"}) {
    server_.Answer(kUnary, Saying(text));
    EXPECT_EQ(CallUnary(channel_).text, text);
    EXPECT_EQ(CallUnary(channel_).text, text);
  }
}

TEST_F(ScriptedServerTest, EachMethodHasItsScriptAndItsCount) {
  server_.Answer(kUnary, Reply::Fail(StatusCode::UNAVAILABLE, "disk full"));
  server_.Answer(kBidi, Reply::Fail(StatusCode::ABORTED));
  EXPECT_EQ(CallUnary(channel_).status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(CallUnary(channel_).status.error_code(), StatusCode::UNAVAILABLE);

  grpc::ClientContext context;
  const auto stream = Echo::NewStub(channel_)->Bidi(&context);
  stream->WritesDone();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::ABORTED);

  EXPECT_EQ(server_.calls(kUnary), 2);
  EXPECT_EQ(server_.calls(kBidi), 1);
  EXPECT_EQ(server_.calls("fusebox_testing.Echo/ServerStream"), 0);
}

TEST_F(ScriptedServerTest, TakesMethodsWithASlashBefore) {
  const std::string method = std::string("/") + kUnary;
  server_.Answer(method, Saying("tea"));
  EXPECT_EQ(CallUnary(channel_).text, "tea");
  EXPECT_EQ(server_.calls(method), 1);
  EXPECT_EQ(server_.calls(kUnary), 1);
  EXPECT_TRUE(server_.WaitForCalls(method, 1));
}

}  // namespace
}  // namespace fusebox_testing
