// SPDX-License-Identifier: Apache-2.0
//
// Brings the events of all circuits that share their listeners to the log and to the listeners: in
// order per circuit, and to the listeners with no lock held.
#ifndef FUSEBOX_SRC_CORE_EVENT_DELIVERY_H_
#define FUSEBOX_SRC_CORE_EVENT_DELIVERY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/base/mutex.h"
#include "src/core/event_log.h"
#include "src/core/listener_list.h"
#include "src/core/user_code_failures.h"

namespace fusebox::internal {

// Thread-safe. `Push` belongs under the circuit's lock, which is what gives the events their order;
// `Deliver` belongs after it.
//
// At most a few threads are with the listeners. Who finds those there leaves its events to
// them, and so does a listener that causes events itself: so listeners that don't return hold no
// more than those threads, and no listener is called within another. None of those there leaves
// while events wait, unless kMostInside others stay: as long as fewer than that hang, everything is
// told.
//
// Bounded: while listeners don't return, the latest events of a circuit wait for them, and the
// others are dropped and counted. The log gets them all.
class EventDelivery {
 public:
  // The most events that wait, of one circuit and of all.
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr std::size_t kMaxWaitingOfAll = 16'384;

  // This many threads are with the listeners at the same time. One more may come when one of them
  // has been there for more than it came for: one of them then leaves, so that no call delivers the
  // events of others forever.
  static constexpr std::size_t kMostInside = 4;

  // The events of one circuit that wait.
  struct Queue;

  // `log` may be null: then the events are numbered here.
  EventDelivery(std::shared_ptr<UserCodeFailures> failures, EventListener first,
                std::shared_ptr<EventLog> log);
  EventDelivery(const EventDelivery&) = delete;
  EventDelivery& operator=(const EventDelivery&) = delete;
  ~EventDelivery();

  ListenerList& listeners() { return listeners_; }

  // No events of another thread come between them. Makes the queue when it's needed first.
  void Push(std::shared_ptr<Queue>& queue, std::vector<Event> events, EventLog::Circuit circuit);
  void Push(std::shared_ptr<Queue>& queue, Event&& event, EventLog::Circuit circuit);
  void Deliver();

  // How many events listeners were not told of.
  int64_t dropped() const;

 private:
  class Visit;
  struct Batch;

  // The log alone hears of it.
  void Log(Event&& event, EventLog::Circuit circuit) {
    if (log_ != nullptr) log_->Append(std::move(event), circuit);
  }
  void PushLocked(const std::shared_ptr<Queue>& queue, std::vector<Event> events,
                  EventLog::Circuit circuit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PushTroubles(const std::shared_ptr<Queue>& queue, const Event& told,
                    std::vector<Event> troubles);
  std::optional<Event> BehindEvent(Queue& queue, const std::vector<Event>& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Enqueue(Queue& queue, Event event, EventLog::Circuit circuit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wait(std::shared_ptr<Queue> queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Batch TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Requeue(std::shared_ptr<Queue> queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(Batch& batch);

  // Synchronised by themselves.
  const std::shared_ptr<UserCodeFailures> failures_;
  const std::shared_ptr<EventLog> log_;
  ListenerList listeners_;

  // Whether any queue waits: so that who has pushed nothing that a listener hears takes no lock.
  // Relaxed, and written under the lock: a thread that has pushed sees its own true, or the false
  // of whoever took that queue to the listeners. Others may see either, and have nothing to
  // deliver.
  std::atomic<bool> any_wait_{false};

  // Guarded.
  mutable Mutex mutex_;
  std::deque<std::shared_ptr<Queue>> queues_ ABSL_GUARDED_BY(mutex_);  // that wait, none empty
  std::size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;                    // events in all of them
  std::size_t inside_ ABSL_GUARDED_BY(mutex_) = 0;   // threads that are with the listeners
  std::size_t overdue_ ABSL_GUARDED_BY(mutex_) = 0;  // of those: have delivered a batch
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;        // the sequence number, without a log
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t lost_ ABSL_GUARDED_BY(mutex_) = 0;        // dropped, and no queue will tell of it
  bool told_lost_ ABSL_GUARDED_BY(mutex_) = false;  // that this has begun
};

// A circuit's way to its listeners. Whoever has no circuit may have one too.
class EventQueue {
 public:
  // Null: nobody can want events.
  explicit EventQueue(std::shared_ptr<EventDelivery> delivery) : delivery_(std::move(delivery)) {}

  // If not, they need not be made.
  bool active() const { return delivery_ != nullptr; }

  void Push(std::vector<Event> events, EventLog::Circuit circuit = EventLog::Circuit::kHasWorked) {
    if (active()) delivery_->Push(queue_, std::move(events), circuit);
  }
  void Push(Event event) {
    if (active()) delivery_->Push(queue_, std::move(event), EventLog::Circuit::kHasWorked);
  }
  void Deliver() {
    if (active()) delivery_->Deliver();
  }

 private:
  const std::shared_ptr<EventDelivery> delivery_;
  std::shared_ptr<EventDelivery::Queue> queue_;  // the delivery's, which guards it too
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_EVENT_DELIVERY_H_
