// SPDX-License-Identifier: Apache-2.0
//
// An application that links its own copy of google/rpc/*.proto beside fusebox::grpc. That it starts
// at all is half of the test: two registrations of one file abort a program.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fusebox_testing {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

fusebox::Rejection SomeRejection() {
  fusebox::Rejection rejection;
  rejection.reason = fusebox::RejectionReason::kOpen;
  rejection.circuit = "inventory/shop.Inventory/Reserve";
  rejection.state = fusebox::State::kOpen;
  rejection.retry_after = absl::Milliseconds(27400);
  return rejection;
}

google::rpc::Status Parse(const grpc::Status& status) {
  google::rpc::Status parsed;
  EXPECT_TRUE(parsed.ParseFromString(status.error_details()));
  return parsed;
}

TEST(GoogleapisTest, TheApplicationsCopyIsTheOnlyOne) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  EXPECT_EQ(pool->FindFileByName("google/rpc/status.proto"),
            google::rpc::Status::descriptor()->file());
  EXPECT_EQ(pool->FindFileByName("google/rpc/error_details.proto"),
            google::rpc::ErrorInfo::descriptor()->file());
}

TEST(GoogleapisTest, ReadsWhatARejectedCallGets) {
  const grpc::Status status = fusebox::ToGrpcStatus(SomeRejection());
  const google::rpc::Status parsed = Parse(status);
  EXPECT_EQ(parsed.code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(parsed.message(), status.error_message());
  ASSERT_EQ(parsed.details_size(), 2);

  google::rpc::ErrorInfo error_info;
  ASSERT_TRUE(parsed.details(0).UnpackTo(&error_info));
  EXPECT_EQ(error_info.reason(), "CIRCUIT_OPEN");
  EXPECT_EQ(error_info.domain(), "fusebox");
  EXPECT_THAT(error_info.metadata(),
              UnorderedElementsAre(Pair("circuit", "inventory/shop.Inventory/Reserve"),
                                   Pair("state", "OPEN")));

  google::rpc::RetryInfo retry_info;
  ASSERT_TRUE(parsed.details(1).UnpackTo(&retry_info));
  EXPECT_EQ(retry_info.retry_delay().seconds(), 27);
  EXPECT_EQ(retry_info.retry_delay().nanos(), 400000000);
}

TEST(GoogleapisTest, ReadsARejectionWithoutDelay) {
  fusebox::Rejection rejection = SomeRejection();
  rejection.reason = fusebox::RejectionReason::kHalfOpenFull;
  rejection.state = fusebox::State::kHalfOpen;
  rejection.retry_after = absl::ZeroDuration();
  const google::rpc::Status parsed = Parse(fusebox::ToGrpcStatus(rejection));
  google::rpc::ErrorInfo error_info;
  google::rpc::RetryInfo retry_info;
  ASSERT_TRUE(parsed.details(0).UnpackTo(&error_info));
  ASSERT_TRUE(parsed.details(1).UnpackTo(&retry_info));
  EXPECT_EQ(error_info.reason(), "CIRCUIT_HALF_OPEN_FULL");
  EXPECT_EQ(error_info.metadata().at("state"), "HALF_OPEN");
  EXPECT_TRUE(retry_info.has_retry_delay());
  EXPECT_EQ(retry_info.retry_delay().seconds(), 0);
}

// What another library makes of the same rejection is read as ours: fields in its order, and
// details of its own in between.
TEST(GoogleapisTest, WritesWhatFuseboxReads) {
  google::rpc::Status status;
  google::rpc::RetryInfo retry_info;
  retry_info.mutable_retry_delay()->set_seconds(5);
  ASSERT_TRUE(status.add_details()->PackFrom(retry_info));
  google::rpc::Status unrelated;
  unrelated.set_message("unrelated");
  ASSERT_TRUE(status.add_details()->PackFrom(unrelated));
  google::rpc::ErrorInfo error_info;
  error_info.set_reason("CIRCUIT_OPEN");
  error_info.set_domain("fusebox");
  (*error_info.mutable_metadata())["state"] = "OPEN";
  (*error_info.mutable_metadata())["circuit"] = "a/b.C/D";
  (*error_info.mutable_metadata())["zone"] = "north";
  ASSERT_TRUE(status.add_details()->PackFrom(error_info));
  status.set_code(grpc::StatusCode::UNAVAILABLE);
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "", status.SerializeAsString()));
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->circuit, "a/b.C/D");
  EXPECT_EQ(rejection->retry_after, absl::Seconds(5));
}

// Bytes that protobuf itself would write.
TEST(GoogleapisTest, EncodesCanonically) {
  const grpc::Status status = fusebox::ToGrpcStatus(SomeRejection());
  EXPECT_EQ(Parse(status).SerializeAsString(), status.error_details());
  EXPECT_TRUE(Parse(status).GetReflection()->GetUnknownFields(Parse(status)).empty());
}

}  // namespace
}  // namespace fusebox_testing
