// SPDX-License-Identifier: Apache-2.0
//
// Why the admin service has refused something, for programs: a google.rpc.ErrorInfo in the details
// of the status. docs/admin.md has a table of them, which is made of the one here.
#ifndef FUSEBOX_SRC_BASE_ADMIN_REASONS_H_
#define FUSEBOX_SRC_BASE_ADMIN_REASONS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/base/status_details.h"
#include "src/base/wire.h"

namespace fusebox::internal {

// The `domain` of the ErrorInfo. Not that of rejections, which it must not be taken for.
inline constexpr absl::string_view kAdminDomain = "admin.fusebox";

// The reasons, as X(enumerator, name, code, when, advice):
//   name    the `reason` of the ErrorInfo
//   code    of absl::StatusCode, that of the status
//   when    what docs/admin.md says of it
//   advice  what fuseboxctl says to do next; empty where the message says it, or what the caller
//           has sent decides
#define FUSEBOX_ADMIN_REASONS(X)                                                                 \
  X(kCircuitNotFound, CIRCUIT_NOT_FOUND, kNotFound,                                              \
    "no circuit has that name, or the circuit was evicted or removed while the request "         \
    "was carried out. Looking one up never makes it",                                            \
    "`fuseboxctl list` shows the names that there are")                                          \
  X(kWritesNotAllowed, WRITES_NOT_ALLOWED, kFailedPrecondition,                                  \
    "a write, and the application allows none", "")                                              \
  X(kTooManyCircuits, TOO_MANY_CIRCUITS, kFailedPrecondition,                                    \
    "more than 10,000 circuits match at the same time", "")                                      \
  X(kPolicyChanged, POLICY_CHANGED, kAborted,                                                    \
    "the policy isn't the one whose `etag` the request has",                                     \
    "somebody else has changed the policy: look at it with `policy get`, and set it again")      \
  X(kPolicyContended, POLICY_CONTENDED, kAborted, "others change the policy, over and over",     \
    "somebody else has changed the policy: look at it with `policy get`, and set it again")      \
  X(kCircuitContended, CIRCUIT_CONTENDED, kAborted,                                              \
    "others remove the circuit and make it anew, over and over",                                 \
    "the circuit was removed and created again while this was done: check with `get`")           \
  X(kOrderNotFound, ORDER_NOT_FOUND, kNotFound,                                                  \
    "no standing order has that number: it was revoked, replaced, or its time is over",          \
    "`fuseboxctl orders` shows those that stand")                                                \
  X(kTooManyOrders, TOO_MANY_ORDERS, kResourceExhausted,                                         \
    "there are 1,000 standing orders already, or their globs have 64 KiB together",              \
    "`fuseboxctl orders` shows them, `orders revoke` ends one; a pattern takes one for all")     \
  X(kNoConfig, NO_CONFIG, kFailedPrecondition, "the application follows no configuration file",  \
    "a ConfigWatcher in the application follows a file")                                         \
  X(kConfigRefused, CONFIG_REFUSED, kFailedPrecondition,                                         \
    "something is wrong with the configuration file: all stays as it is",                        \
    "put the file right: `fuseboxctl config check` tells whether it is, without any endpoint")   \
  X(kCallerUnnamed, CALLER_UNNAMED, kUnauthenticated,                                            \
    "the authorizer lets the caller in without a name", "")                                      \
  X(kTooManyRequests, TOO_MANY_REQUESTS, kResourceExhausted,                                     \
    "too many requests are waiting ([how many may](#security))", "")                             \
  X(kTooManyWatchers, TOO_MANY_WATCHERS, kResourceExhausted,                                     \
    "there are `max_watchers` watchers already", "")                                             \
  X(kWatcherDisplaced, WATCHER_DISPLACED, kResourceExhausted,                                    \
    "a watcher's place was needed by a caller with a better claim", "")                          \
  X(kWatcherStalled, WATCHER_STALLED, kResourceExhausted, "a watcher read nothing for a minute", \
    "")                                                                                          \
  X(kAuthorizerFailed, AUTHORIZER_FAILED, kInternal,                                             \
    "an authorizer of the application's threw an exception: nobody is let in by that", "")

enum class AdminReason {
  kNone,  // none that is known here

#define FUSEBOX_REASON(enumerator, ...) enumerator,
  FUSEBOX_ADMIN_REASONS(FUSEBOX_REASON)
#undef FUSEBOX_REASON
};

struct AdminReasonRow {
  AdminReason reason = AdminReason::kNone;
  absl::string_view name = "";
  absl::StatusCode code = absl::StatusCode::kUnknown;
  absl::string_view when = "";
  absl::string_view advice = "";
};

inline constexpr AdminReasonRow kAdminReasons[] = {
#define FUSEBOX_ROW(enumerator, name, code, when, advice) \
  {AdminReason::enumerator, #name, absl::StatusCode::code, when, advice},
    FUSEBOX_ADMIN_REASONS(FUSEBOX_ROW)
#undef FUSEBOX_ROW
};

// The row of a reason; for kNone one with no text and the code kUnknown.
constexpr AdminReasonRow AdminReasonRowOf(AdminReason reason) {
  for (const AdminReasonRow& row : kAdminReasons) {
    if (row.reason == reason) return row;
  }
  return {};
}

// "WRITES_NOT_ALLOWED"; empty for kNone.
constexpr absl::string_view AdminReasonName(AdminReason reason) {
  return AdminReasonRowOf(reason).name;
}

// The reason of that name.
constexpr AdminReason AdminReasonOf(absl::string_view name) {
  for (const AdminReasonRow& row : kAdminReasons) {
    if (row.name == name) return row.reason;
  }
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
