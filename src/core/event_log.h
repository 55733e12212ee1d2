// SPDX-License-Identifier: Apache-2.0
//
// The events of a registry: numbers them, and keeps the last ones (docs/rules.md).
#ifndef FUSEBOX_SRC_CORE_EVENT_LOG_H_
#define FUSEBOX_SRC_CORE_EVENT_LOG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// In five parts, so that what an outage has said isn't pushed out by a thousand new keys a second:
// not by their coming and going, which is kept in a part a quarter as long, and not by their
// openings either, if all that such a key ever does is fail. Nor is it by the probes of a long
// outage, or by the limits of a long overload, nor by what a policy's candidate would have done:
// they have as long a part, and candidates have one of their own.
//
// Thread-safe.
class EventLog {
 public:
  explicit EventLog(std::size_t capacity);

  // Whether a call of the circuit has ever succeeded.
  enum class Circuit { kHasWorked, kHasNeverWorked };

  // Gives the event its sequence number, and keeps a copy.
  void Append(Event& event, Circuit circuit);
  // The same, and keeps the event itself.
  void Append(Event&& event, Circuit circuit);

  // At most `limit` of them, the oldest first.
  EventBatch Since(uint64_t sequence, std::size_t limit) const;

 private:
  // An event takes the place, and the memory, of the oldest one.
  class Ring {
   public:
    explicit Ring(std::size_t capacity) : capacity_(capacity) {}

    void Append(const Event& event);
    void Append(Event&& event);

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

  // Where it is kept.
  Ring& RingOf(const Event& event, Circuit circuit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  // What has moved circuits that have worked, and others; circuits added and removed; probes and
  // limits; and candidates.
  std::array<Ring, 5> rings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_EVENT_LOG_H_
