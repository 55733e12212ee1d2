// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_log.h"

#include <algorithm>

namespace fusebox::internal {
namespace {

// Of a log for `capacity` events, how many circuits that come and go it keeps besides.
std::size_t ComingsAndGoings(std::size_t capacity) { return (capacity + 3) / 4; }

bool ComesOrGoes(EventKind kind) {
  return kind == EventKind::kCircuitAdded || kind == EventKind::kCircuitRemoved;
}

}  // namespace

void EventLog::Ring::Append(const Event& event) {
  if (capacity_ == 0) return;
  if (kept_.size() < capacity_) {
    kept_.push_back(event);
    return;
  }
  kept_[oldest_] = event;
  oldest_ = (oldest_ + 1) % capacity_;
}

std::size_t EventLog::Ring::After(uint64_t sequence) const {
  std::size_t first = 0;
  std::size_t end = size();
  while (first < end) {
    const std::size_t middle = first + (end - first) / 2;
    if ((*this)[middle].sequence <= sequence) {
      first = middle + 1;
    } else {
      end = middle;
    }
  }
  return first;
}

EventLog::EventLog(std::size_t capacity)
    : moves_(capacity), comings_and_goings_(ComingsAndGoings(capacity)) {}

void EventLog::Append(Event& event) {
  MutexLock lock(mutex_);
  event.sequence = ++last_;
  (ComesOrGoes(event.kind) ? comings_and_goings_ : moves_).Append(event);
}

EventBatch EventLog::Since(uint64_t sequence, std::size_t limit) const {
  EventBatch batch;
  MutexLock lock(mutex_);
  batch.last = last_;
  std::size_t move = moves_.After(sequence);
  std::size_t other = comings_and_goings_.After(sequence);
  while (batch.events.size() < limit) {
    const bool moves_left = move < moves_.size();
    const bool others_left = other < comings_and_goings_.size();
    if (!moves_left && !others_left) break;
    const bool take_move =
        moves_left && (!others_left || moves_[move].sequence < comings_and_goings_[other].sequence);
    batch.events.push_back(take_move ? moves_[move++] : comings_and_goings_[other++]);
  }
  // Of what is left beyond the limit, the next batch says what is missing.
  const bool all = move == moves_.size() && other == comings_and_goings_.size();
  batch.next = std::max(sequence, all                    ? last_
                                  : batch.events.empty() ? sequence
                                                         : batch.events.back().sequence);
  batch.missed = batch.next - sequence - batch.events.size();
  return batch;
}

}  // namespace fusebox::internal
