// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_DEADLINE_H_
#define FUSEBOX_INTERCEPTORS_DEADLINE_H_

#include <grpcpp/client_context.h>

#include <chrono>

#include "absl/time/time.h"

namespace fusebox::internal {

// absl::InfiniteFuture() if the call has none.
inline absl::Time DeadlineOf(const grpc::ClientContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_DEADLINE_H_
