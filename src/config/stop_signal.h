// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_STOP_SIGNAL_H_
#define FUSEBOX_SRC_CONFIG_STOP_SIGNAL_H_

#include <atomic>

#include "absl/time/time.h"
#include "src/base/own_fd.h"

namespace fusebox::internal {

// Tells a thread to end that may be waiting for a descriptor. Thread-safe.
class StopSignal {
 public:
  StopSignal();

  void Set() const;
  bool IsSet() const { return set_.load(std::memory_order_relaxed); }

  // Waits that long, until it is set, or until `fd` can be read, if it isn't negative.
  void WaitFor(absl::Duration duration, int fd = -1) const;

 private:
  const OwnFd event_;                     // none if the process had no descriptor left
  mutable std::atomic<bool> set_{false};  // relaxed: nothing is published with it
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_STOP_SIGNAL_H_
