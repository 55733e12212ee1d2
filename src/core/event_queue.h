// SPDX-License-Identifier: Apache-2.0
//
// Brings a circuit's events to the log and to the listeners: in order, and to the listeners with no
// lock held.
#ifndef FUSEBOX_SRC_CORE_EVENT_QUEUE_H_
#define FUSEBOX_SRC_CORE_EVENT_QUEUE_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/core/event_log.h"
#include "src/core/listener_list.h"
#include "src/core/mutex.h"

namespace fusebox {

// Thread-safe. `Push` belongs under the circuit's lock, which is what gives the events their order;
// `Deliver` belongs after it. A thread that finds another one delivering leaves its events to that
// one, so a listener that causes events itself can't deadlock or be overtaken.
class EventQueue {
 public:
  // Either may be null.
  EventQueue(std::shared_ptr<const ListenerList> listeners, std::shared_ptr<EventLog> log)
      : listeners_(std::move(listeners)), log_(std::move(log)) {}

  // False if nobody can want events: then they need not be made.
  bool active() const { return listeners_ != nullptr || log_ != nullptr; }

  void Push(Event event);
  void Deliver();

 private:
  std::vector<Event> TakePending(bool first);

  const std::shared_ptr<const ListenerList> listeners_;
  const std::shared_ptr<EventLog> log_;
  Mutex mutex_;
  std::vector<Event> pending_ ABSL_GUARDED_BY(mutex_);
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_EVENT_QUEUE_H_
