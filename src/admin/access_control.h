// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_ACCESS_CONTROL_H_
#define FUSEBOX_SRC_ADMIN_ACCESS_CONTROL_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/admin/circuit_admin.h"

namespace fusebox {

// Who may do what. Thread-safe.
class AccessControl {
 public:
  // The options must be sound.
  explicit AccessControl(const CircuitAdminOptions& options);

  absl::Status MayRead(const grpc::ServerContextBase& caller) const;

  // Who the caller is. FAILED_PRECONDITION if nobody may write.
  absl::StatusOr<std::string> MayWrite(const grpc::ServerContextBase& caller) const;

 private:
  const std::shared_ptr<const Authorizer> readers_;  // null: anybody
  const std::shared_ptr<const Authorizer> writers_;  // null: nobody
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_ACCESS_CONTROL_H_
