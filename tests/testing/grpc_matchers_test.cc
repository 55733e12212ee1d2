// SPDX-License-Identifier: Apache-2.0
//
// The matchers read a grpc::Status as `GetRejection` does, though they don't know its header.
#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "fusebox/testing/matchers.h"
#include "tests/testing/explain.h"

namespace fusebox_testing {
namespace {

using fusebox::RejectionReason;
using testing::HasSubstr;
using testing::Not;

fusebox::Rejection OpenCircuit() {
  return {RejectionReason::kOpen, "inventory/shop.Inventory/Reserve", fusebox::State::kOpen,
          absl::Seconds(30)};
}

TEST(GrpcMatchers, ReadARejection) {
  const grpc::Status status = fusebox::ToGrpcStatus(OpenCircuit());
  EXPECT_THAT(status, IsRejected());
  EXPECT_THAT(status, IsRejectedBy("inventory/shop.Inventory/Reserve"));
  EXPECT_THAT(status, IsRejectedBy(HasSubstr("shop.Inventory")));
  EXPECT_THAT(status, Not(IsRejectedBy("inventory/shop.Inventory/Release")));
  EXPECT_THAT(status, IsRejectedBecause(RejectionReason::kOpen));
  EXPECT_THAT(status, Not(IsRejectedBecause(RejectionReason::kRamping)));
}

TEST(GrpcMatchers, FindNoneInAnotherStatus) {
  EXPECT_THAT(grpc::Status(), Not(IsRejected()));
  EXPECT_THAT(grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk full"), Not(IsRejected()));
  EXPECT_THAT(grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk full", "no details"),
              Not(IsRejected()));
}

// A rejection's details in a status that isn't UNAVAILABLE are no rejection: `GetRejection` says
// so.
TEST(GrpcMatchers, AgreeWithGetRejection) {
  const grpc::Status status(grpc::StatusCode::INTERNAL, "passed on",
                            fusebox::EncodeRejection(OpenCircuit()));
  ASSERT_FALSE(fusebox::GetRejection(status));
  EXPECT_THAT(status, Not(IsRejected()));
}

TEST(GrpcMatchers, SayWhatTheStatusWas) {
  EXPECT_EQ(Explanation(grpc::Status(), IsRejected()), "which is OK");
  EXPECT_EQ(Explanation(grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk full"), IsRejected()),
            "which is UNAVAILABLE: disk full, and no rejection by a circuit");
  EXPECT_EQ(Explanation(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "too late"),
                        IsRejectedBy("a/b.C/D")),
            "which is DEADLINE_EXCEEDED: too late");
}

}  // namespace
}  // namespace fusebox_testing
