// SPDX-License-Identifier: Apache-2.0
//
// The events of a registry: numbers them, and keeps the last ones (docs/rules.md).
#ifndef FUSEBOX_SRC_CORE_EVENT_LOG_H_
#define FUSEBOX_SRC_CORE_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Circuits that come and go have a log of their own, a quarter as long: a thousand new keys a
// second must not push out what an outage has said.
//
// Thread-safe.
class EventLog {
 public:
  explicit EventLog(std::size_t capacity);

  // Gives the event its sequence number, and keeps a copy.
  void Append(Event& event);

  // At most `limit` of them, the oldest first.
  EventBatch Since(uint64_t sequence, std::size_t limit) const;

 private:
  // An event takes the place, and the memory, of the oldest one.
  class Ring {
   public:
    explicit Ring(std::size_t capacity) : capacity_(capacity) {}

    void Append(const Event& event);

    std::size_t size() const { return kept_.size(); }
    // The oldest is 0.
    const Event& operator[](std::size_t age) const { return kept_[(oldest_ + age) % kept_.size()]; }
    // The first that came after that number; `size()` if none did.
    std::size_t After(uint64_t sequence) const;

   private:
    const std::size_t capacity_;
    std::vector<Event> kept_;
    std::size_t oldest_ = 0;
  };

  mutable Mutex mutex_;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  Ring moves_ ABSL_GUARDED_BY(mutex_);               // all but the next
  Ring comings_and_goings_ ABSL_GUARDED_BY(mutex_);  // circuits added and removed
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_EVENT_LOG_H_
