// SPDX-License-Identifier: Apache-2.0
#include "src/admin/reasoned_status.h"

#include <google/protobuf/unknown_field_set.h>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace fusebox::internal {
namespace {

constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";

// Where an absl::Status carries a reason within this service.
constexpr absl::string_view kReasonUrl = "admin.fusebox/reason";

// The first field of that number, of a message that was serialised to `bytes`; empty if there is
// none. Without google's descriptors, as they are written.
std::string FirstValue(const std::string& bytes, int number) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return "";
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      return field.length_delimited();
    }
  }
  return "";
}

}  // namespace

grpc::Status ReasonedStatus(grpc::StatusCode code, AdminReason reason, const std::string& message) {
  return {code, message, AdminReasonDetails(code, AdminReasonName(reason), message)};
}

std::string ReasonIn(const grpc::Status& status) {
  const std::string any = FirstValue(status.error_details(), 3);
  return FirstValue(any, 1) == kErrorInfoUrl ? FirstValue(FirstValue(any, 2), 1) : "";
}

absl::Status ReasonedError(absl::StatusCode code, AdminReason reason, absl::string_view message) {
  absl::Status status(code, message);
  status.SetPayload(kReasonUrl, absl::Cord(AdminReasonName(reason)));
  return status;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
  const absl::optional<absl::Cord> name = status.GetPayload(kReasonUrl);
  const AdminReason reason = name ? AdminReasonOf(std::string(*name)) : AdminReason::kNone;
  if (reason == AdminReason::kNone) return {code, message};
  return ReasonedStatus(code, reason, message);
}

}  // namespace fusebox::internal
