// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/rejection_status.h"

#include <string>

#include "interceptors/thread_scratch.h"

namespace fusebox {

using internal::ThreadScratch;

namespace {

struct Texts {
  std::string message;
  std::string details;
};

}  // namespace

grpc::Status ToGrpcStatus(const Rejection& rejection) {
  // One allocation less for each, as grpc::Status copies them anyway.
  const ThreadScratch<Texts> texts;
  EncodeRejection(rejection, texts->message, texts->details);
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, texts->message, texts->details);
}

std::optional<Rejection> GetRejection(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return std::nullopt;
  return DecodeRejection(status.error_details());
}

}  // namespace fusebox
