// SPDX-License-Identifier: Apache-2.0
//
// The events of a registry: numbers them, and keeps the last ones (DESIGN section 6).
#ifndef FUSEBOX_SRC_CORE_EVENT_LOG_H_
#define FUSEBOX_SRC_CORE_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/core/mutex.h"

namespace fusebox {

// Thread-safe.
class EventLog {
 public:
  explicit EventLog(std::size_t capacity) : capacity_(capacity) {}

  // Gives the event its sequence number, and keeps a copy.
  void Append(Event& event);

  // At the most `limit` of them, the oldest first.
  EventBatch Since(uint64_t sequence, std::size_t limit) const;

 private:
  const std::size_t capacity_;
  mutable Mutex mutex_;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Event> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_EVENT_LOG_H_
