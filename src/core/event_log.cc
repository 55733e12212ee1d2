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

EventBatch EventLog::Since(uint64_t sequence, std::size_t limit) const {
  EventBatch batch;
  MutexLock lock(mutex_);
  batch.last = last_;
  const uint64_t dropped = last_ - kept_.size();  // all up to that number
  batch.missed = dropped - std::min(dropped, sequence);
  const auto known = static_cast<std::size_t>(std::clamp(sequence, dropped, last_) - dropped);
  const std::size_t count = std::min(kept_.size() - known, limit);
  const auto first = kept_.begin() + static_cast<std::ptrdiff_t>(known);
  batch.events.assign(first, first + static_cast<std::ptrdiff_t>(count));
  return batch;
}

}  // namespace fusebox
