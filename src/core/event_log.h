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

// Circuits that come and go have a log of their own, a quarter as long: a thousand new keys a
// second must not push out what an outage has said.
//
// Thread-safe.
class EventLog {
 public:
  explicit EventLog(std::size_t capacity);

  // Gives the event its sequence number, and keeps a copy.
  void Append(Event& event);

  // At the most `limit` of them, the oldest first.
  EventBatch Since(uint64_t sequence, std::size_t limit) const;

 private:
  class Ring {
   public:
    explicit Ring(std::size_t capacity) : capacity_(capacity) {}

    void Append(const Event& event);

    using Place = std::deque<Event>::const_iterator;
    Place After(uint64_t sequence) const;
    Place end() const { return kept_.end(); }

   private:
    const std::size_t capacity_;
    std::deque<Event> kept_;
  };

  mutable Mutex mutex_;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  Ring moves_ ABSL_GUARDED_BY(mutex_);               // all but the next
  Ring comings_and_goings_ ABSL_GUARDED_BY(mutex_);  // circuits added and removed
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_EVENT_LOG_H_
