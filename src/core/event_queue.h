// SPDX-License-Identifier: Apache-2.0
//
// Brings a circuit's events to its listener in order, with no lock held.
#ifndef FUSEBOX_SRC_CORE_EVENT_QUEUE_H_
#define FUSEBOX_SRC_CORE_EVENT_QUEUE_H_

#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/core/mutex.h"

namespace fusebox {

// Thread-safe. `Push` belongs under the circuit's lock, which is what gives the events their order;
// `Deliver` belongs after it. A thread that finds another one delivering leaves its events to that
// one, so a listener that causes events itself can't deadlock or be overtaken.
class EventQueue {
 public:
  explicit EventQueue(EventListener listener) : listener_(std::move(listener)) {}

  // False if nobody listens: then events need not be made.
  bool active() const { return listener_ != nullptr; }

  void Push(Event event);
  void Deliver();

 private:
  const EventListener listener_;
  Mutex mutex_;
  std::deque<Event> pending_ ABSL_GUARDED_BY(mutex_);
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_EVENT_QUEUE_H_
