// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/answer.h"

#include <google/protobuf/util/json_util.h>

#include <cstddef>
#include <memory>
#include <string>

#include "tests/fuzz/require.h"

namespace fusebox_testing {
namespace {

// What gRPC lets a call's metadata be (GRPC_ARG_MAX_METADATA_SIZE), less what else is in there.
constexpr std::size_t kMaxMetadata = 8 * 1'024 - 512;

// gRPC writes a message's bytes that aren't printable ASCII as three.
std::size_t EncodedSize(const std::string& message) {
  std::size_t size = 0;
  for (const char c : message) size += (c >= ' ' && c <= '~' && c != '%') ? 1 : 3;
  return size;
}

bool IsExpected(grpc::StatusCode code) {
  return code == grpc::StatusCode::OK || code == grpc::StatusCode::INVALID_ARGUMENT ||
         code == grpc::StatusCode::NOT_FOUND || code == grpc::StatusCode::ABORTED ||
         code == grpc::StatusCode::FAILED_PRECONDITION;
}

}  // namespace

void RequireReadable(const google::protobuf::Message& answer) {
  const std::string bytes = answer.SerializeAsString();
  const std::unique_ptr<google::protobuf::Message> parsed(answer.New());
  Require(parsed->ParseFromString(bytes) && parsed->SerializeAsString() == bytes,
          "an answer can be parsed", answer.ShortDebugString());
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(answer, &json);
  Require(status.ok(), "an answer can be JSON", status.ToString());
}

void RequireDeliverable(const grpc::Status& status) {
  Require(IsExpected(status.error_code()), "a refusal has one of the codes that are promised",
          status.error_message());
  Require(EncodedSize(status.error_message()) + status.error_details().size() <= kMaxMetadata,
          "a refusal fits into gRPC's metadata", status.error_message());
}

}  // namespace fusebox_testing
