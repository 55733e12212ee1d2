// SPDX-License-Identifier: Apache-2.0
#include "src/admin/reasoned_status.h"

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace fusebox::internal {
namespace {

// Where an absl::Status carries a reason within this service.
constexpr absl::string_view kReasonUrl = "admin.fusebox/reason";

}  // namespace

grpc::Status ReasonedStatus(AdminReason reason, const std::string& message) {
  const AdminReasonRow row = AdminReasonRowOf(reason);
  const auto code = static_cast<grpc::StatusCode>(row.code);
  return {code, message, AdminReasonDetails(code, row.name, message)};
}

absl::Status ReasonedError(AdminReason reason, absl::string_view message) {
  const AdminReasonRow row = AdminReasonRowOf(reason);
  absl::Status status(row.code, message);
  status.SetPayload(kReasonUrl, absl::Cord(row.name));
  return status;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
  const absl::optional<absl::Cord> name = status.GetPayload(kReasonUrl);
  const AdminReason reason = name ? AdminReasonOf(std::string(*name)) : AdminReason::kNone;
  if (reason == AdminReason::kNone) return {code, message};
  return ReasonedStatus(reason, message);
}

}  // namespace fusebox::internal
