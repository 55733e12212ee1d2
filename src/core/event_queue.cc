// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_queue.h"

namespace fusebox {

void EventQueue::Push(Event event) {
  if (log_ != nullptr) log_->Append(event);
  if (listeners_ == nullptr || listeners_->empty()) return;
  MutexLock lock(mutex_);
  pending_.push_back(std::move(event));
}

void EventQueue::Deliver() {
  if (listeners_ == nullptr) return;
  std::vector<Event> events = TakePending(/*first=*/true);
  while (!events.empty()) {
    listeners_->Tell(events);
    events = TakePending(/*first=*/false);
  }
}

// Empty when there is nothing to deliver, or when another thread is at it.
std::vector<Event> EventQueue::TakePending(bool first) {
  MutexLock lock(mutex_);
  if (first && delivering_) return {};
  delivering_ = !pending_.empty();
  return std::exchange(pending_, {});
}

}  // namespace fusebox
