// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_queue.h"

#include <algorithm>

namespace fusebox {

EventQueue::~EventQueue() {
  if (listeners_ == nullptr) return;
  MutexLock lock(mutex_);
  listeners_->backlog().Leave(waiting_.size());
}

void EventQueue::Push(Event event) {
  if (log_ != nullptr) log_->Append(event);
  if (listeners_ == nullptr || listeners_->empty()) return;
  ListenerList::Backlog& backlog = listeners_->backlog();
  MutexLock lock(mutex_);
  if (log_ == nullptr) event.sequence = ++last_;
  const bool room = waiting_.size() < kMaxWaiting && backlog.Enter(kMaxWaitingOfAll);
  if (room && oldest_ == 0) {
    waiting_.push_back(std::move(event));
    return;
  }
  if (room) backlog.Leave(1);  // a ring doesn't grow
  backlog.CountDropped();
  ++dropped_;
  // Not for the one that tells of it: it would be told of in turn.
  tell_dropped_ |= event.kind != EventKind::kEventsDropped;
  if (waiting_.empty()) return;
  waiting_[oldest_] = std::move(event);
  oldest_ = (oldest_ + 1) % waiting_.size();
}

EventQueue::Troubles EventQueue::Deliver() {
  Troubles troubles;
  if (listeners_ == nullptr) return troubles;
  std::vector<Event> events = TakeWaiting(/*first=*/true, troubles);
  while (!events.empty()) {
    listeners_->Tell(events, [&](const Event& event, const std::string& exception) {
      ++troubles.thrown;
      troubles.exception = exception;
      // One that fails at hearing of it would be told of that for ever.
      troubles.tell_thrown |= event.kind != EventKind::kUserCodeFailed;
    });
    events = TakeWaiting(/*first=*/false, troubles);
  }
  return troubles;
}

// Empty when there is nothing to deliver, or when another thread is at it.
std::vector<Event> EventQueue::TakeWaiting(bool first, Troubles& troubles) {
  MutexLock lock(mutex_);
  if (first && delivering_) {
    troubles.behind = tell_dropped_ && !std::exchange(told_behind_, true);
    return {};
  }
  delivering_ = !waiting_.empty();
  if (std::exchange(tell_dropped_, false)) troubles.dropped += std::exchange(dropped_, 0);
  told_behind_ = false;
  listeners_->backlog().Leave(waiting_.size());
  const auto oldest = waiting_.begin() + static_cast<std::ptrdiff_t>(std::exchange(oldest_, 0));
  std::rotate(waiting_.begin(), oldest, waiting_.end());
  return std::exchange(waiting_, {});
}

}  // namespace fusebox
