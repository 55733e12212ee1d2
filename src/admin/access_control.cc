// SPDX-License-Identifier: Apache-2.0
#include "src/admin/access_control.h"

namespace fusebox {

AccessControl::AccessControl(const CircuitAdminOptions& options)
    : readers_(options.read_authorizer), writers_(options.write_authorizer) {}

absl::Status AccessControl::MayRead(const grpc::ServerContextBase& caller) const {
  if (readers_ == nullptr) return absl::OkStatus();
  absl::Status status = readers_->Authorize(caller).status();
  if (!status.ok() && writers_ != nullptr && writers_->Authorize(caller).ok()) {
    return absl::OkStatus();
  }
  return status;
}

absl::StatusOr<std::string> AccessControl::MayWrite(const grpc::ServerContextBase& caller) const {
  if (writers_ == nullptr) {
    return absl::FailedPreconditionError(
        "this application lets its circuits be seen, not moved: set allow_writes and "
        "write_authorizer in its CircuitAdminOptions");
  }
  return writers_->Authorize(caller);
}

}  // namespace fusebox
