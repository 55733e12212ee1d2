// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/rejection_status.h"

namespace fusebox {

grpc::Status ToGrpcStatus(const Rejection& rejection) {
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, RejectionMessage(rejection),
                      EncodeRejection(rejection));
}

std::optional<Rejection> GetRejection(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return std::nullopt;
  return DecodeRejection(status.error_details());
}

}  // namespace fusebox
