// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_log.h"

#include <algorithm>

namespace fusebox {

void EventLog::Append(Event& event) {
  MutexLock lock(mutex_);
  event.sequence = ++last_;
  if (capacity_ == 0) return;
  if (kept_.size() == capacity_) kept_.pop_front();
  kept_.push_back(event);
}

EventBatch EventLog::Since(uint64_t sequence) const {
  EventBatch batch;
  MutexLock lock(mutex_);
  const uint64_t dropped = last_ - kept_.size();  // all up to that number
  batch.missed = dropped - std::min(dropped, sequence);
  for (const Event& event : kept_) {
    if (event.sequence > sequence) batch.events.push_back(event);
  }
  return batch;
}

}  // namespace fusebox
