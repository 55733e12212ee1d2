// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_queue.h"

#include <optional>

namespace fusebox {

void EventQueue::Push(Event event) {
  MutexLock lock(mutex_);
  pending_.push_back(std::move(event));
}

void EventQueue::Deliver() {
  for (bool first = true;; first = false) {
    std::optional<Event> event;
    {
      MutexLock lock(mutex_);
      if (first && delivering_) return;
      delivering_ = !pending_.empty();
      if (!delivering_) return;
      event = std::move(pending_.front());
      pending_.pop_front();
    }
    listener_(*event);
  }
}

}  // namespace fusebox
