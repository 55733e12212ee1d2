// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/rejection_status.h"

namespace fusebox {

grpc::Status ToGrpcStatus(const Rejection& rejection) {
  // One allocation less for each, as grpc::Status copies them anyway.
  struct Texts {
    std::string message;
    std::string details;
  };
  thread_local Texts texts;
  EncodeRejection(rejection, texts.message, texts.details);
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, texts.message, texts.details);
}

std::optional<Rejection> GetRejection(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return std::nullopt;
  return DecodeRejection(status.error_details());
}

}  // namespace fusebox
