// SPDX-License-Identifier: Apache-2.0
//
// Code of the application's that throws while a call goes through every style of stub: the call
// goes on.
#include "fusebox/user_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fusebox/event.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.pb.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

class UserCodeTest : public EveryCallTest {
 protected:
  Report Call(fusebox::ChannelOptions options) {
    return MakeCall(style(), kind(), MustCreateChannel(server_.address(), std::move(options)));
  }

  fusebox::CircuitSnapshot Snapshot() {
    return (*shared_.registry->GetOrCreate(CircuitName(kind()), TestPolicy()))->Snapshot();
  }

  std::vector<std::string> Failures() const {
    std::vector<std::string> failures;
    for (const fusebox::Event& event : shared_.registry->EventsSince(0).events) {
      if (event.kind != fusebox::EventKind::kUserCodeFailed) continue;
      EXPECT_EQ(event.circuit, CircuitName(kind()));
      failures.push_back(event.detail);
    }
    return failures;
  }

  ScriptedEcho server_;
  TestRegistry shared_;
};

TEST_P(UserCodeTest, APredicateThatThrowsLeavesTheCallToTheTable) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.classifier.predicate =
      [](const fusebox::CallResult&) -> std::optional<fusebox::OutcomeKind> {
    throw std::out_of_range("no such tenant");
  };
  const auto channel = MustCreateChannel(server_.address(), std::move(options));
  EXPECT_TRUE(MakeCall(style(), kind(), channel).status.ok());
  EXPECT_EQ(Snapshot().totals.success, 1);
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  EXPECT_EQ(MakeCall(style(), kind(), channel).status.error_message(), "broken");
  EXPECT_EQ(Snapshot().totals.failure, 1);
  EXPECT_EQ(shared_.registry->Stats().user_code_failures, 2);
  EXPECT_THAT(Failures(), ElementsAre("the classifier's predicate threw std::out_of_range"));
}

TEST_P(UserCodeTest, P2_AKeyThatThrowsLeavesTheCallToTheScope) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.breaker.circuit_key = [](const fusebox::CallInfo&) -> std::string {
    throw std::runtime_error("no tenant");
  };
  const Report report = Call(std::move(options));
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  EXPECT_THAT(report.replies, ElementsAreArray(ExpectedReplies(kind())));
  EXPECT_EQ(shared_.registry->Stats().circuits, 1U);
  EXPECT_EQ(Snapshot().totals.success, 1);
  EXPECT_THAT(Failures(), ElementsAre("the circuit_key function threw std::runtime_error"));
}

TEST_P(UserCodeTest, AListenerThatThrowsIsNoCallersAffair) {
  const auto handle =
      shared_.registry->AddListener([](const fusebox::Event&) { throw std::bad_alloc(); });
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  const auto channel = MustCreateChannel(server_.address(), TestOptions(shared_));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(MakeCall(style(), kind(), channel).status.error_message(), "broken");
  }
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(Snapshot().state, fusebox::State::kOpen);
  EXPECT_THAT(Failures(), ElementsAre("a listener threw std::bad_alloc"));
}

FUSEBOX_FOR_EVERY_CALL(UserCodeTest);

// ---- Fallbacks: unary calls, and stubs that know their messages.

grpc::Status HalfAnAnswer(const EchoRequest& request, EchoReply* reply) {
  reply->set_text("half of " + request.text());
  throw std::runtime_error("the cache is gone");
}

class ThrowingFallbackTest : public testing::TestWithParam<Style> {};

TEST_P(ThrowingFallbackTest, TheCallIsRejected) {
  const ScriptedEcho server;
  const TestRegistry shared;
  fusebox::ChannelOptions options = TestOptions(shared);
  options.breaker.fallbacks.Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Unary",
                                                           HalfAnAnswer);
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  const auto circuit = *shared.registry->GetOrCreate(CircuitName(Kind::kUnary), TestPolicy());
  for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();

  grpc::ClientContext context;
  const auto call = StartEchoCall(GetParam(), Kind::kUnary, channel, context);
  std::string reply;
  const grpc::Status status = call->Finish(&reply);
  EXPECT_TRUE(fusebox::GetRejection(status)) << status.error_message();
  EXPECT_EQ(reply, "");
  EXPECT_EQ(shared.registry->Stats().user_code_failures, 1);
  const std::vector<fusebox::Event> events = shared.registry->EventsSince(0).events;
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, fusebox::EventKind::kUserCodeFailed);
  EXPECT_EQ(events.back().detail, "a fallback threw std::runtime_error");
}

INSTANTIATE_TEST_SUITE_P(Styles, ThrowingFallbackTest,
                         testing::Values(Style::kSync, Style::kCompletionQueue, Style::kCallback),
                         [](const testing::TestParamInfo<Style>& style) {
                           return Name(style.param);
                         });

}  // namespace
}  // namespace fusebox_testing
