// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_STATUS_CONVERSION_H_
#define FUSEBOX_SRC_ADMIN_STATUS_CONVERSION_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace fusebox::internal {

// Both count the same codes.
inline grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_STATUS_CONVERSION_H_
