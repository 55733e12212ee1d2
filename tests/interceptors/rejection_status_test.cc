// SPDX-License-Identifier: Apache-2.0
//
// What a rejected caller gets (docs/rules.md), as a grpc::Status.
#include "fusebox/grpc/rejection_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/grpc/run.h"

namespace fusebox_testing {
namespace {

using fusebox::EncodeRejection;
using fusebox::GetRejection;
using fusebox::Rejection;
using fusebox::RejectionMessage;
using fusebox::RejectionReason;
using fusebox::State;
using fusebox::ToGrpcStatus;
using testing::AllOf;
using testing::HasSubstr;

Rejection OpenFor(absl::Duration retry_after) {
  return {RejectionReason::kOpen, "inventory/shop.Inventory/Reserve", State::kOpen, retry_after};
}

TEST(RejectionStatusTest, MessageNamesCircuitStateAndTime) {
  const grpc::Status status = ToGrpcStatus(OpenFor(absl::Milliseconds(27400)));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("inventory/shop.Inventory/Reserve"),
                                            HasSubstr("OPEN"), HasSubstr("27.4s")));
}

TEST(RejectionStatusTest, DetailsGiveTheRejectionBack) {
  for (const Rejection& rejection : {OpenFor(absl::Milliseconds(27400)),
                                     OpenFor(absl::Nanoseconds(1)), OpenFor(absl::Hours(24 * 365)),
                                     Rejection{RejectionReason::kHalfOpenFull, "a/b.C/D",
                                               State::kHalfOpen, absl::ZeroDuration()}}) {
    const std::optional<Rejection> decoded = GetRejection(ToGrpcStatus(rejection));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->reason, rejection.reason);
    EXPECT_EQ(decoded->circuit, rejection.circuit);
    EXPECT_EQ(decoded->state, rejection.state);
    EXPECT_EQ(decoded->retry_after, rejection.retry_after);
  }
}

// Whatever the thread has told before.
TEST(RejectionStatusTest, IsOfThisRejectionAndNotOfTheOneBefore) {
  const Rejection first = OpenFor(absl::Seconds(1));
  std::vector<Rejection> all(7, first);
  all[1].retry_after += absl::Nanoseconds(1);
  all[2].circuit = "inventory/shop.Inventory/Release";
  all[3].state = State::kHalfOpen;
  all[4].reason = RejectionReason::kForcedOpen;
  all[5].reason = RejectionReason::kUnknown;
  all[5].unknown_reason = "CIRCUIT_OVER_QUOTA";
  all[6].state = State::kUnknown;
  all[6].unknown_state = "RESTING";
  for (const Rejection& before : all) {
    for (const Rejection& rejection : all) {
      (void)ToGrpcStatus(before);
      const grpc::Status status = ToGrpcStatus(rejection);
      EXPECT_EQ(status.error_message(), RejectionMessage(rejection));
      EXPECT_EQ(status.error_details(), EncodeRejection(rejection));
    }
  }
}

TEST(RejectionStatusTest, OnlyUnavailableCanBeARejection) {
  const grpc::Status rejected = ToGrpcStatus(OpenFor(absl::Seconds(1)));
  for (int code = 0; code <= 16; ++code) {
    const auto status_code = static_cast<grpc::StatusCode>(code);
    const grpc::Status status(status_code, rejected.error_message(), rejected.error_details());
    EXPECT_EQ(GetRejection(status).has_value(), status_code == grpc::StatusCode::UNAVAILABLE)
        << code;
  }
  EXPECT_FALSE(GetRejection(grpc::Status::OK));
}

TEST(RejectionStatusTest, MessageAloneIsNoRejection) {
  const grpc::Status rejected = ToGrpcStatus(OpenFor(absl::Seconds(1)));
  EXPECT_FALSE(GetRejection(grpc::Status(rejected.error_code(), rejected.error_message())));
}

// No byte of a rejection can be cut off or spoiled so that reading it fails in a bad way: what
// comes out is a rejection or none, whatever the sanitizers have to say.
TEST(RejectionStatusTest, SpoiledDetailsAreRead) {
  const std::string bytes = ToGrpcStatus(OpenFor(absl::Seconds(30))).error_details();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(
        GetRejection(grpc::Status(grpc::StatusCode::UNAVAILABLE, "", bytes.substr(0, size))))
        << size;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\0', '\x7F', '\x80', '\xFF'}) {
      std::string spoiled = bytes;
      spoiled[i] = value;
      GetRejection(grpc::Status(grpc::StatusCode::UNAVAILABLE, "", spoiled));
    }
  }
}

TEST(RejectionStatusTest, RunRejectsWithTheSameStatus) {
  fusebox::Policy policy;
  policy.consecutive_failures = 1;
  const auto breaker = *fusebox::CircuitBreaker::Create("direct", policy);
  const auto fail = [] { return grpc::Status(grpc::StatusCode::INTERNAL, "broken"); };
  EXPECT_EQ(fusebox::Run(*breaker, fail).error_message(), "broken");
  const grpc::Status status = fusebox::Run(*breaker, fail);
  ASSERT_TRUE(GetRejection(status));
  EXPECT_EQ(GetRejection(status)->circuit, "direct");
  EXPECT_EQ(breaker->Snapshot().last_failure->code, grpc::StatusCode::INTERNAL);
}

}  // namespace
}  // namespace fusebox_testing
