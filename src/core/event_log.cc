// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_log.h"

#include <algorithm>
#include <utility>

#include "src/core/transition_table.h"

namespace fusebox::internal {
namespace {

// Of a log for `capacity` events, how many of the kinds that there are many of it keeps besides.
std::size_t Quarter(std::size_t capacity) { return (capacity + 3) / 4; }

bool ComesOrGoes(EventKind kind) {
  return kind == EventKind::kCircuitAdded || kind == EventKind::kCircuitRemoved;
}

// There are many of it in one outage, or in one overload.
bool IsOfALongOne(EventKind kind) {
  return kind == EventKind::kProbeFailed || kind == EventKind::kLimitBegan ||
         kind == EventKind::kLimitEnded;
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

void EventLog::Ring::Append(Event&& event) {
  if (capacity_ == 0) return;
  if (kept_.size() < capacity_) {
    kept_.push_back(std::move(event));
    return;
  }
  kept_[oldest_] = std::move(event);
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
    : rings_{Ring(capacity), Ring(capacity), Ring(Quarter(capacity)), Ring(Quarter(capacity)),
             Ring(Quarter(capacity))} {}

EventLog::Ring& EventLog::RingOf(const Event& event, Circuit circuit) {
  if (ComesOrGoes(event.kind)) return rings_[2];
  if (IsOfALongOne(event.kind)) return rings_[3];
  if (IsOfShadow(event.kind)) return rings_[4];
  return rings_[circuit == Circuit::kHasWorked ? 0 : 1];
}

void EventLog::Append(Event& event, Circuit circuit) {
  MutexLock lock(mutex_);
  event.sequence = ++last_;
  RingOf(event, circuit).Append(event);
}

void EventLog::Append(Event&& event, Circuit circuit) {
  MutexLock lock(mutex_);
  event.sequence = ++last_;
  RingOf(event, circuit).Append(std::move(event));
}

EventBatch EventLog::Since(uint64_t sequence, std::size_t limit) const {
  EventBatch batch;
  MutexLock lock(mutex_);
  batch.last = last_;
  std::array<std::size_t, 5> places{};
  for (std::size_t i = 0; i < rings_.size(); ++i) places[i] = rings_[i].After(sequence);
  // The oldest that is left; null: none is.
  const auto next = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const Event* oldest = nullptr;
    std::size_t from = 0;
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      if (places[i] == rings_[i].size()) continue;
      const Event& event = rings_[i][places[i]];
      if (oldest != nullptr && oldest->sequence < event.sequence) continue;
      oldest = &event;
      from = i;
    }
    if (oldest != nullptr) ++places[from];
    return oldest;
  };
  const Event* event = next();
  for (; event != nullptr && batch.events.size() < limit; event = next()) {
    batch.events.push_back(*event);
  }
  // Of what is left beyond the limit, the next batch says what is missing.
  batch.next = std::max(sequence, event == nullptr       ? last_
                                  : batch.events.empty() ? sequence
                                                         : batch.events.back().sequence);
  batch.missed = batch.next - sequence - batch.events.size();
  return batch;
}

}  // namespace fusebox::internal
