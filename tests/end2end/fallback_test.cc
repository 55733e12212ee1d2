// SPDX-License-Identifier: Apache-2.0
//
// Fallbacks through every style of stub (docs/rules.md).
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.pb.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

grpc::Status FromCache(const EchoRequest& request, EchoReply* reply) {
  reply->set_text("cached " + request.text());
  return grpc::Status::OK;
}

grpc::Status NotInCache(const EchoRequest& /*request*/, EchoReply* /*reply*/) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, "not in the cache");
}

using Function = grpc::Status (*)(const EchoRequest&, EchoReply*);

class FallbackTest : public testing::TestWithParam<Style> {
 protected:
  // One call to a server that works, with a circuit that is open.
  Report RejectedCall(Function fallback) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.breaker.fallbacks.Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Unary",
                                                             fallback);
    const auto channel = MustCreateChannel(server_.address(), std::move(options));
    const auto circuit = *shared_.registry->GetOrCreate(CircuitName(Kind::kUnary), TestPolicy());
    for (int i = 0; i < 2; ++i) circuit->TryAcquire().permit().RecordFailure();
    Report report = MakeCall(GetParam(), Kind::kUnary, channel);
    EXPECT_EQ(circuit->Snapshot().totals.rejected, 1);
    EXPECT_EQ(circuit->Snapshot().in_flight, 0);
    EXPECT_EQ(server_.calls(), 0);
    return report;
  }

  const ScriptedEcho server_;
  TestRegistry shared_;
};

class TypedFallbackTest : public FallbackTest {};

TEST_P(TypedFallbackTest, AnswersInPlaceOfARejection) {
  const Report report = RejectedCall(FromCache);
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  ASSERT_EQ(report.replies.size(), 1U);
  EXPECT_EQ(report.replies[0], std::string("cached ") + kRequestText);
}

TEST_P(TypedFallbackTest, ItsErrorIsTheCalls) {
  const Report report = RejectedCall(NotInCache);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(report.status.error_message(), "not in the cache");
  EXPECT_TRUE(report.replies.empty());
}

INSTANTIATE_TEST_SUITE_P(Styles, TypedFallbackTest,
                         testing::Values(Style::kSync, Style::kCompletionQueue, Style::kCallback),
                         [](const testing::TestParamInfo<Style>& style) {
                           return Name(style.param);
                         });

// Its response is bytes, which no fallback can fill.
class GenericFallbackTest : public FallbackTest {};

TEST_P(GenericFallbackTest, TheGenericStubIsRejected) {
  const Report report = RejectedCall(FromCache);
  EXPECT_TRUE(fusebox::GetRejection(report.status)) << report.status.error_message();
  EXPECT_TRUE(report.replies.empty());
}

INSTANTIATE_TEST_SUITE_P(Styles, GenericFallbackTest, testing::Values(Style::kGeneric),
                         [](const testing::TestParamInfo<Style>& style) {
                           return Name(style.param);
                         });

}  // namespace
}  // namespace fusebox_testing
