// SPDX-License-Identifier: Apache-2.0
//
// Fallbacks: answers in place of rejections (docs/rules.md).
#include "fusebox/grpc/fallback.h"

#include <gmock/gmock.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/grpc/run.h"
#include "fusebox/with_fallback.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/echo.pb.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

using fusebox::GetRejection;
using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

grpc::Status FromCache(const EchoRequest& request, EchoReply* reply) {
  if (request.text() == "unknown") return grpc::Status(StatusCode::NOT_FOUND, "not in the cache");
  reply->set_text("cached " + request.text());
  return grpc::Status::OK;
}

fusebox::InterceptorOptions WithFallbacks() {
  fusebox::InterceptorOptions options;
  options.fallbacks.Method<EchoRequest, EchoReply>("shop.Inventory/Reserve", FromCache);
  return options;
}

grpc::ByteBuffer Serialized(const EchoRequest& request) {
  grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

class FallbackTest : public testing::Test {
 protected:
  FallbackTest() {
    for (int i = 0; i < 2; ++i) breaker_->TryAcquire().permit().RecordFailure();
  }

  // A rejected unary call, which the interceptor answers into `response`. Its status.
  grpc::Status Call(grpc::ByteBuffer request, void* response, CallType type = CallType::UNARY) {
    const auto interceptor = channel_.MakeInterceptor(type);
    FakeBatch start(UnaryOps().send);
    start.sent_message = std::move(request);
    FakeBatch answer(
        {Hook::PRE_RECV_INITIAL_METADATA, Hook::PRE_RECV_MESSAGE, Hook::PRE_RECV_STATUS});
    answer.received_message = response;
    start.on_hijack = [&] { interceptor->Intercept(&answer); };
    interceptor->Intercept(&start);
    filled_ = answer.log() == "Proceed";
    return answer.status;
  }
  grpc::Status Call(const std::string& text, void* response) {
    EchoRequest request;
    request.set_text(text);
    return Call(Serialized(request), response);
  }

  const FakeClock clock_;
  FakeChannel channel_{clock_, FakeCallPolicy(), WithFallbacks()};
  const std::shared_ptr<fusebox::CircuitBreaker> breaker_ = channel_.breaker();
  bool filled_ = false;  // the last call's response
};

TEST_F(FallbackTest, AnswersInPlaceOfARejection) {
  EchoReply reply;
  EXPECT_TRUE(Call("nails", &reply).ok());
  EXPECT_TRUE(filled_);
  EXPECT_EQ(reply.text(), "cached nails");
}

TEST_F(FallbackTest, TheCallIsCountedAsRejected) {
  EchoReply reply;
  Call("nails", &reply);
  EXPECT_EQ(breaker_->Snapshot().totals.rejected, 1);
  EXPECT_EQ(breaker_->Snapshot().totals.success, 0);
  EXPECT_EQ(breaker_->Snapshot().in_flight, 0);
}

TEST_F(FallbackTest, ItsErrorIsTheCalls) {
  EchoReply reply;
  const grpc::Status status = Call("unknown", &reply);
  EXPECT_FALSE(filled_);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "not in the cache");
  EXPECT_FALSE(GetRejection(status));
}

TEST_F(FallbackTest, AGenericStubsResponseIsLeftAlone) {
  grpc::ByteBuffer response;
  EXPECT_TRUE(GetRejection(Call("nails", &response)));
  EXPECT_FALSE(filled_);
  grpc::ByteBuffer used = Serialized(EchoRequest());
  EXPECT_TRUE(GetRejection(Call("nails", &used)));
  EXPECT_FALSE(filled_);
}

TEST_F(FallbackTest, AResponseOfAnotherTypeIsLeftAlone) {
  EchoRequest other;
  EXPECT_TRUE(GetRejection(Call("nails", &other)));
  EXPECT_FALSE(filled_);
  EXPECT_EQ(other.text(), "");
}

TEST_F(FallbackTest, NoResponseToFillIsARejection) {
  EXPECT_TRUE(GetRejection(Call("nails", nullptr)));
  EXPECT_FALSE(filled_);
}

TEST_F(FallbackTest, ARequestThatIsNoneOfItsTypeIsInternal) {
  grpc::Slice garbage("\xFF\xFF\xFF");
  EchoReply reply;
  const grpc::Status status = Call(grpc::ByteBuffer(&garbage, 1), &reply);
  EXPECT_FALSE(filled_);
  EXPECT_EQ(status.error_code(), StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("fusebox_testing.EchoRequest"));
}

TEST_F(FallbackTest, StreamsHaveNone) {
  EchoReply reply;
  EXPECT_TRUE(GetRejection(Call(Serialized(EchoRequest()), &reply, CallType::SERVER_STREAMING)));
}

TEST_F(FallbackTest, APermittedCallNeverSeesIt) {
  breaker_->Reset(fusebox::Operator("oncall").Because("closed"));
  const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
  const FakeCall::Played played =
      FakeCall(*interceptor).Play(UnaryOps(), grpc::Status(StatusCode::UNAVAILABLE, "down"));
  EXPECT_EQ(played.sending, "Proceed");
  EXPECT_EQ(played.received, "Proceed");
  EXPECT_EQ(played.status.error_message(), "down");
}

TEST(FallbackTableTest, NamesAllThatIsWrong) {
  fusebox::FallbackTable table;
  table.Method<EchoRequest, EchoReply>("/shop.Inventory/Reserve", FromCache)
      .Method<EchoRequest, EchoReply>("shop.Inventory/Reserve", FromCache)
      .Method<EchoRequest, EchoReply>("shop.Inventory/Reserve", FromCache)
      .Method<EchoRequest, EchoReply>("shop.Inventory/Release", nullptr);
  const absl::Status status = table.Validate();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("method = \"/shop.Inventory/Reserve\", must be"),
                    HasSubstr("shop.Inventory/Reserve: given twice"),
                    HasSubstr("shop.Inventory/Release: no function")));
}

// ---- At the call site.

TEST(WithFallbackTest, LeavesASuccessAlone) {
  int asked = 0;
  const grpc::Status status = fusebox::WithFallback([] { return grpc::Status::OK; },
                                                    [&](const grpc::Status&) {
                                                      ++asked;
                                                      return grpc::Status::CANCELLED;
                                                    });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(asked, 0);
}

TEST(WithFallbackTest, CoversFailuresAndRejections) {
  const grpc::Status rejection = fusebox::ToGrpcStatus(fusebox::Rejection());
  for (const grpc::Status& failed :
       {grpc::Status(StatusCode::DEADLINE_EXCEEDED, "slow"), rejection}) {
    grpc::Status seen;
    EXPECT_TRUE(fusebox::WithFallback([&] { return failed; },
                                      [&](const grpc::Status& status) {
                                        seen = status;
                                        return grpc::Status::OK;
                                      })
                    .ok());
    EXPECT_EQ(seen.error_code(), failed.error_code());
    EXPECT_EQ(GetRejection(seen).has_value(), GetRejection(failed).has_value());
  }
}

TEST(WithFallbackTest, LeavesAnswersAlone) {
  for (const StatusCode code : {StatusCode::NOT_FOUND, StatusCode::CANCELLED}) {
    const grpc::Status status =
        fusebox::WithFallback([&] { return grpc::Status(code, "answer"); },
                              [](const grpc::Status&) { return grpc::Status::OK; });
    EXPECT_EQ(status.error_code(), code);
  }
}

TEST(WithFallbackTest, TakesAPredicateOfItsOwn) {
  const absl::StatusOr<int> result =
      fusebox::WithFallback([] { return absl::StatusOr<int>(absl::NotFoundError("nothing")); },
                            [](const absl::StatusOr<int>&) { return absl::StatusOr<int>(7); },
                            [](const absl::StatusOr<int>& tried) { return !tried.ok(); });
  EXPECT_EQ(*result, 7);
}

}  // namespace
}  // namespace fusebox_testing
