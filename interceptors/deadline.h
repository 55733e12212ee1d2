// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_DEADLINE_H_
#define FUSEBOX_INTERCEPTORS_DEADLINE_H_

#include <grpcpp/client_context.h>

#include <chrono>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox::internal {

// absl::InfiniteFuture() if the call has none.
inline absl::Time DeadlineOf(const grpc::ClientContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

// For gRPC, of the library's own calls and waits: by the machine's clock, as gRPC reckons.
inline std::chrono::system_clock::time_point DeadlineAfter(absl::Duration duration) {
  return absl::ToChronoTime(Clock::Real().WallNow() + duration);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_DEADLINE_H_
