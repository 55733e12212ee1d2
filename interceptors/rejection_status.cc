// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/rejection_status.h"

#include <string>

#include "interceptors/thread_scratch.h"

namespace fusebox {

using internal::ThreadScratch;

namespace {

// What a thread has told last. A busy thread tells the same again, until the coarse clock moves on.
struct Told {
  bool is_whole = false;  // else it was never told, or there was no memory for it
  Rejection rejection;
  std::string message;
  std::string details;
};

bool AreEqual(const Rejection& a, const Rejection& b) {
  return a.reason == b.reason && a.state == b.state && a.retry_after == b.retry_after &&
         a.circuit == b.circuit && a.unknown_reason == b.unknown_reason &&
         a.unknown_state == b.unknown_state;
}

}  // namespace

grpc::Status ToGrpcStatus(const Rejection& rejection) {
  const ThreadScratch<Told> told;
  if (!told->is_whole || !AreEqual(told->rejection, rejection)) {
    told->is_whole = false;
    EncodeRejection(rejection, told->message, told->details);
    told->rejection = rejection;
    told->is_whole = true;
  }
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, told->message, told->details);
}

std::optional<Rejection> GetRejection(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return std::nullopt;
  return DecodeRejection(status.error_details());
}

}  // namespace fusebox
