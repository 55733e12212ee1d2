// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_ACCESS_CONTROL_H_
#define FUSEBOX_SRC_ADMIN_ACCESS_CONTROL_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/admin/circuit_admin.h"
#include "src/admin/caller.h"

namespace fusebox::internal {

// Who may do what. Thread-safe.
//
// An authorizer is the application's: one that lets a caller in without a name lets nobody in,
// which is UNAUTHENTICATED; and so does one that throws, which is INTERNAL.
class AccessControl {
 public:
  // The options must be sound.
  explicit AccessControl(const CircuitAdminOptions& options);

  // Those who may write may read too. A caller whom no authorizer has to let in may still be one
  // whom an authorizer knows.
  absl::StatusOr<Caller> MayRead(const grpc::ServerContextBase& context) const;

  // Its key is who the caller is. FAILED_PRECONDITION if nobody may write.
  absl::StatusOr<Caller> MayWrite(const grpc::ServerContextBase& context) const;

 private:
  absl::StatusOr<Caller> Ask(const Authorizer& authorizer,
                             const grpc::ServerContextBase& context) const;

  const std::shared_ptr<CircuitRegistry> registry_;
  const std::shared_ptr<const Authorizer> readers_;  // null: anybody
  const std::shared_ptr<const Authorizer> writers_;  // null: nobody
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_ACCESS_CONTROL_H_
