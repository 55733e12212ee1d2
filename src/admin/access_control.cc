// SPDX-License-Identifier: Apache-2.0
#include "src/admin/access_control.h"

#include <utility>

#include "fusebox/user_code.h"
#include "src/admin/peer.h"
#include "src/admin/reasoned_status.h"
#include "src/base/blank.h"
#include "src/base/user_code.h"

namespace fusebox::internal {

AccessControl::AccessControl(const CircuitAdminOptions& options)
    : registry_(options.registry),
      readers_(options.read_authorizer),
      writers_(options.write_authorizer) {}

absl::StatusOr<Caller> AccessControl::Ask(const Authorizer& authorizer,
                                          const grpc::ServerContextBase& context) const {
  // What stands if it throws: nobody is let in.
  absl::StatusOr<std::string> who =
      ReasonedError(AdminReason::kAuthorizerFailed, "the application's authorizer has failed");
  RunUserCode([&] { who = authorizer.Authorize(context); },
              [this](const std::string& exception) {
                registry_->ReportUserCodeFailure(UserCode::kAuthorizer, exception);
              });
  if (!who.ok()) return who.status();
  if (IsBlank(*who)) {
    return ReasonedError(AdminReason::kCallerUnnamed,
                         "the application's authorizer doesn't say who the caller is");
  }
  return Caller{*std::move(who), true};
}

absl::StatusOr<Caller> AccessControl::MayRead(const grpc::ServerContextBase& context) const {
  absl::StatusOr<Caller> caller = Caller{PeerPlace(context.peer()), false};
  if (readers_ != nullptr) {
    caller = Ask(*readers_, context);
    if (caller.ok() || absl::IsInternal(caller.status())) return caller;
  }
  if (writers_ != nullptr) {
    absl::StatusOr<Caller> writer = Ask(*writers_, context);
    if (writer.ok()) return writer;
  }
  return caller;
}

absl::StatusOr<Caller> AccessControl::MayWrite(const grpc::ServerContextBase& context) const {
  if (writers_ == nullptr) {
    return ReasonedError(
        AdminReason::kWritesNotAllowed,
        "this application lets its circuits be seen, not moved: set allow_writes and "
        "write_authorizer in its CircuitAdminOptions");
  }
  return Ask(*writers_, context);
}

}  // namespace fusebox::internal
