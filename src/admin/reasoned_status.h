// SPDX-License-Identifier: Apache-2.0
//
// Statuses that say why in a word that programs can go by, not in their message alone: with a
// google.rpc.ErrorInfo in the details (src/base/admin_reasons.h).
#ifndef FUSEBOX_SRC_ADMIN_REASONED_STATUS_H_
#define FUSEBOX_SRC_ADMIN_REASONED_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/base/admin_reasons.h"

namespace fusebox::internal {

// With the code of the reason.
grpc::Status ReasonedStatus(AdminReason reason, const std::string& message);

// The same for code that answers with an absl::Status: `ToGrpcStatus` makes the above of it.
absl::Status ReasonedError(AdminReason reason, absl::string_view message);

// Both count the same codes. Payloads that the application has put into it stay behind.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_REASONED_STATUS_H_
