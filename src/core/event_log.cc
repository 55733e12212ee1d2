// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_log.h"

#include <algorithm>

namespace fusebox {
namespace {

// Of a log for `capacity` events, how many circuits that come and go it keeps besides.
std::size_t ComingsAndGoings(std::size_t capacity) { return (capacity + 3) / 4; }

bool ComesOrGoes(EventKind kind) {
  return kind == EventKind::kCircuitAdded || kind == EventKind::kCircuitRemoved;
}

}  // namespace

void EventLog::Ring::Append(const Event& event) {
  if (capacity_ == 0) return;
  if (kept_.size() == capacity_) kept_.pop_front();
  kept_.push_back(event);
}

EventLog::Ring::Place EventLog::Ring::After(uint64_t sequence) const {
  return std::upper_bound(
      kept_.begin(), kept_.end(), sequence,
      [](uint64_t number, const Event& event) { return number < event.sequence; });
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
  Ring::Place move = moves_.After(sequence);
  Ring::Place other = comings_and_goings_.After(sequence);
  while (batch.events.size() < limit) {
    const bool moves_left = move != moves_.end();
    const bool others_left = other != comings_and_goings_.end();
    if (!moves_left && !others_left) break;
    const bool take_move = moves_left && (!others_left || move->sequence < other->sequence);
    batch.events.push_back(take_move ? *move++ : *other++);
  }
  // Of what is left beyond the limit, the next batch says what is missing.
  const bool all = move == moves_.end() && other == comings_and_goings_.end();
  batch.next = std::max(sequence, all                    ? last_
                                  : batch.events.empty() ? sequence
                                                         : batch.events.back().sequence);
  batch.missed = batch.next - sequence - batch.events.size();
  return batch;
}

}  // namespace fusebox
