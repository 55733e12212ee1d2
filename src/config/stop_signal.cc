// SPDX-License-Identifier: Apache-2.0
#include "src/config/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace fusebox::internal {
namespace {

// How late it is noticed where there is nothing to wake the thread by.
constexpr absl::Duration kWithoutEvent = absl::Milliseconds(100);

}  // namespace

StopSignal::StopSignal() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void StopSignal::Set() const {
  set_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_.get(), &one, sizeof(one));
}

void StopSignal::WaitFor(absl::Duration duration, int fd) const {
  if (IsSet()) return;
  constexpr absl::Duration kLongest = absl::Hours(24);
  duration = std::clamp(duration, absl::ZeroDuration(), event_ ? kLongest : kWithoutEvent);
  const auto milliseconds =
      static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))));
  // A negative descriptor is passed over.
  std::array<pollfd, 2> waits = {pollfd{event_.get(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};
  poll(waits.data(), waits.size(), milliseconds);
}

}  // namespace fusebox::internal
