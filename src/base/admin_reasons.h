// SPDX-License-Identifier: Apache-2.0
//
// Why the admin service has refused something, for programs: a google.rpc.ErrorInfo in the details
// of the status. docs/admin.md says what each means.
#ifndef FUSEBOX_SRC_BASE_ADMIN_REASONS_H_
#define FUSEBOX_SRC_BASE_ADMIN_REASONS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "src/base/status_details.h"
#include "src/base/wire.h"

namespace fusebox::internal {

// The `domain` of the ErrorInfo. Not that of rejections, which it must not be taken for.
inline constexpr absl::string_view kAdminDomain = "admin.fusebox";

// The reasons, as X(enumerator, name); the name is the `reason` of the ErrorInfo.
#define FUSEBOX_ADMIN_REASONS(X)                                            \
  /* FAILED_PRECONDITION: the application lets nobody move circuits. */     \
  X(kWritesNotAllowed, WRITES_NOT_ALLOWED)                                  \
  /* FAILED_PRECONDITION: more circuits match than may be moved at once. */ \
  X(kTooManyCircuits, TOO_MANY_CIRCUITS)                                    \
  /* NOT_FOUND: there is no circuit of that name, or no longer. */          \
  X(kCircuitNotFound, CIRCUIT_NOT_FOUND)                                    \
  /* ABORTED: the policy isn't the one with that etag. */                   \
  X(kPolicyChanged, POLICY_CHANGED)                                         \
  /* ABORTED: others change the policy, over and over. */                   \
  X(kPolicyContended, POLICY_CONTENDED)                                     \
  /* ABORTED: others remove the circuit, over and over. */                  \
  X(kCircuitContended, CIRCUIT_CONTENDED)                                   \
  /* UNAUTHENTICATED: the application's authorizer gives no name. */        \
  X(kCallerUnnamed, CALLER_UNNAMED)                                         \
  /* INTERNAL: the application's authorizer has thrown. */                  \
  X(kAuthorizerFailed, AUTHORIZER_FAILED)                                   \
  /* RESOURCE_EXHAUSTED: too many requests wait for an answer. */           \
  X(kTooManyRequests, TOO_MANY_REQUESTS)                                    \
  /* RESOURCE_EXHAUSTED: there is no place for one more watcher. */         \
  X(kTooManyWatchers, TOO_MANY_WATCHERS)                                    \
  /* RESOURCE_EXHAUSTED: a caller with a better claim has the place now. */ \
  X(kWatcherDisplaced, WATCHER_DISPLACED)                                   \
  /* RESOURCE_EXHAUSTED: the watcher has read nothing for too long. */      \
  X(kWatcherStalled, WATCHER_STALLED)

enum class AdminReason {
  kNone,  // none that is known here

#define FUSEBOX_REASON(enumerator, name) enumerator,
  FUSEBOX_ADMIN_REASONS(FUSEBOX_REASON)
#undef FUSEBOX_REASON
};

// "WRITES_NOT_ALLOWED"; empty for kNone.
constexpr absl::string_view AdminReasonName(AdminReason reason) {
  switch (reason) {
#define FUSEBOX_CASE(enumerator, name) \
  case AdminReason::enumerator:        \
    return #name;
    FUSEBOX_ADMIN_REASONS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case AdminReason::kNone:
      break;
  }
  return "";
}

// The reason of that name.
constexpr AdminReason AdminReasonOf(absl::string_view name) {
#define FUSEBOX_IF(enumerator, its_name) \
  if (name == #its_name) return AdminReason::enumerator;
  FUSEBOX_ADMIN_REASONS(FUSEBOX_IF)
#undef FUSEBOX_IF
  return AdminReason::kNone;
}

// The details of a status with that reason: a google.rpc.ErrorInfo{reason, domain}.
inline std::string AdminReasonDetails(int code, absl::string_view reason,
                                      absl::string_view message) {
  return StatusWithDetail(code, message, kErrorInfoUrl, [&](auto& error_info) {
    error_info.Bytes(1, reason);
    error_info.Bytes(2, kAdminDomain);
  });
}

// The name of the reason in the details of a status, be it one that is not known here. Empty if it
// has none of the admin service's.
inline std::string AdminReasonIn(absl::string_view status_details) {
  for (const absl::string_view error_info : DetailsOfType(status_details, kErrorInfoUrl)) {
    if (WireValue(error_info, 2) == kAdminDomain) return std::string(WireValue(error_info, 1));
  }
  return "";
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_ADMIN_REASONS_H_
