// SPDX-License-Identifier: Apache-2.0
//
// Brings a circuit's events to the log and to the listeners: in order, and to the listeners with no
// lock held.
#ifndef FUSEBOX_SRC_CORE_EVENT_QUEUE_H_
#define FUSEBOX_SRC_CORE_EVENT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/base/mutex.h"
#include "src/core/event_log.h"
#include "src/core/listener_list.h"

namespace fusebox {

// Thread-safe. `Push` belongs under the circuit's lock, which is what gives the events their order;
// `Deliver` belongs after it. A thread that finds another one delivering leaves its events to that
// one, so a listener that causes events itself can't deadlock or be overtaken.
//
// Bounded: while a listener does not return, the latest events wait for it, and the others are
// dropped and counted. The log gets them all.
class EventQueue {
 public:
  // The most events that wait, of one circuit and of all that share their listeners.
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr std::size_t kMaxWaitingOfAll = 16'384;

  // Any may be null.
  EventQueue(std::shared_ptr<ListenerList> listeners, std::shared_ptr<EventLog> log)
      : listeners_(std::move(listeners)), log_(std::move(log)) {}
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;
  ~EventQueue();

  // False if nobody can want events: then they need not be made.
  bool active() const { return listeners_ != nullptr || log_ != nullptr; }

  void Push(Event event);

  // What is to be told in turn, by events of their own.
  struct Troubles {
    int64_t thrown = 0;     // how often listeners have thrown
    std::string exception;  // what they threw last
    bool tell_thrown = false;
    bool behind = false;  // a listener has not returned: from here on events are dropped
    int64_t dropped = 0;  // until a listener returned
  };
  Troubles Deliver();

 private:
  std::vector<Event> TakeWaiting(bool first, Troubles& troubles);

  const std::shared_ptr<ListenerList> listeners_;
  const std::shared_ptr<EventLog> log_;
  Mutex mutex_;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;           // the sequence number, without a log
  std::vector<Event> waiting_ ABSL_GUARDED_BY(mutex_);  // a ring, once it is full
  std::size_t oldest_ ABSL_GUARDED_BY(mutex_) = 0;
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;  // that are not told of yet
  bool tell_dropped_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_behind_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_EVENT_QUEUE_H_
