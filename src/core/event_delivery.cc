// SPDX-License-Identifier: Apache-2.0
#include "src/core/event_delivery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/counted.h"

namespace fusebox::internal {

// Guarded by the delivery's mutex.
struct EventDelivery::Queue {
  std::vector<Event> events;  // a ring, once there was no room for one more
  std::size_t oldest = 0;
  bool pending = false;  // among those that wait, or a thread is with the listeners for it
  int64_t dropped = 0;   // that are not told of yet
  bool tell_dropped = false;
  bool told_behind = false;  // a listener has not returned: from here on events are dropped

  // There must be one.
  const Event& newest() const { return events[(oldest + events.size() - 1) % events.size()]; }
};

// What a thread takes with it to the listeners.
struct EventDelivery::Batch {
  std::shared_ptr<Queue> queue;
  std::vector<Event> events;  // never empty
  int64_t dropped = 0;        // before them, of the circuit
  int64_t lost = 0;           // of circuits that have nothing waiting
};

// A thread's stay with the listeners.
class EventDelivery::Visit {
 public:
  explicit Visit(EventDelivery& delivery) : delivery_(delivery), outer_(t_innermost) {
    t_innermost = this;
  }
  // Still there if the thread is being ended.
  ~Visit() {
    t_innermost = outer_;
    if (!inside_) return;
    MutexLock lock(delivery_.mutex_);
    Finish();
    Leave();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  static bool IsUnderWay(const EventDelivery& delivery) {
    const Visit* visit = t_innermost;
    while (visit != nullptr && &visit->delivery_ != &delivery) visit = visit->outer_;
    return visit != nullptr;
  }

  // The next batch to tell; null once the thread may go. Whether it may, and that it goes, is one
  // step: whoever comes after that finds its place free.
  Batch* Next() {
    MutexLock lock(delivery_.mutex_);
    if (inside_) {
      Finish();
    } else if (delivery_.queues_.empty() || !Enter()) {
      return nullptr;
    }
    if (delivery_.queues_.empty() || (overdue_ && delivery_.inside_ > kMostInside)) {
      Leave();
      return nullptr;
    }
    batch_ = delivery_.TakeBatch();
    return &batch_;
  }

 private:
  bool Enter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(delivery_.mutex_) {
    const std::size_t most = kMostInside + (delivery_.overdue_ > 0 ? 1 : 0);
    if (delivery_.inside_ >= most) return false;
    ++delivery_.inside_;
    inside_ = true;
    return true;
  }

  void Leave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(delivery_.mutex_) {
    --delivery_.inside_;
    if (overdue_) --delivery_.overdue_;
    inside_ = false;
  }

  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(delivery_.mutex_) {
    delivery_.Requeue(std::move(batch_.queue));
    if (!overdue_) ++delivery_.overdue_;
    overdue_ = true;
  }

  // Without a destructor, so that a thread that is ending may deliver too.
  inline static thread_local const Visit* t_innermost = nullptr;

  EventDelivery& delivery_;
  const Visit* const outer_;  // of the listener that this thread is in, of other circuits
  Batch batch_;
  bool inside_ = false;
  bool overdue_ = false;
};

namespace {

Event EventOf(EventKind kind, absl::Time time, std::string detail) {
  Event event;
  event.kind = kind;
  event.time = time;
  event.detail = std::move(detail);
  return event;
}

// Makes it one more of the circuit of `last`, in which nothing has moved since.
void PutAfter(const Event& last, Event& event) {
  event.circuit = last.circuit;
  event.epoch = last.epoch;
  event.from = event.to = last.to;
  event.mode_from = event.mode_to = last.mode_to;
}

}  // namespace

EventDelivery::EventDelivery(std::shared_ptr<UserCodeFailures> failures, EventListener first,
                             std::shared_ptr<EventLog> log)
    : failures_(std::move(failures)), log_(std::move(log)), listeners_(std::move(first)) {}

EventDelivery::~EventDelivery() = default;

int64_t EventDelivery::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

void EventDelivery::Push(std::shared_ptr<Queue>& queue, std::vector<Event> events,
                         EventLog::Circuit circuit) {
  if (listeners_.empty()) {
    for (Event& event : events) Log(std::move(event), circuit);
    return;
  }
  MutexLock lock(mutex_);
  if (queue == nullptr) queue = std::make_shared<Queue>();
  PushLocked(queue, std::move(events), circuit);
}

void EventDelivery::Push(std::shared_ptr<Queue>& queue, Event&& event, EventLog::Circuit circuit) {
  if (listeners_.empty()) return Log(std::move(event), circuit);
  std::vector<Event> events;
  events.push_back(std::move(event));
  Push(queue, std::move(events), circuit);
}

// What has happened to the circuit meanwhile waits before them.
void EventDelivery::PushTroubles(const std::shared_ptr<Queue>& queue, const Event& told,
                                 std::vector<Event> troubles) {
  MutexLock lock(mutex_);
  const Event newest = queue->events.empty() ? told : queue->newest();
  for (Event& trouble : troubles) PutAfter(newest, trouble);
  PushLocked(queue, std::move(troubles), EventLog::Circuit::kHasWorked);
}

void EventDelivery::PushLocked(const std::shared_ptr<Queue>& queue, std::vector<Event> events,
                               EventLog::Circuit circuit) {
  std::optional<Event> behind = BehindEvent(*queue, events);
  for (Event& event : events) Enqueue(*queue, std::move(event), circuit);
  if (behind) Enqueue(*queue, *std::move(behind), circuit);
  if (queue->events.empty() || std::exchange(queue->pending, true)) return;
  Wait(queue);
}

void EventDelivery::Wait(std::shared_ptr<Queue> queue) {
  queues_.push_back(std::move(queue));
  any_wait_.store(true, std::memory_order_relaxed);
}

// The first time that not all of the events can wait.
std::optional<Event> EventDelivery::BehindEvent(Queue& queue, const std::vector<Event>& events) {
  const auto tells = [](const Event& event) { return event.kind == EventKind::kEventsDropped; };
  // What tells of it isn't told of in turn.
  if (std::all_of(events.begin(), events.end(), tells)) return std::nullopt;
  const bool room_for_all = waiting_ + events.size() <= kMaxWaitingOfAll;
  if (room_for_all && queue.events.size() + events.size() <= kMaxWaiting) return std::nullopt;
  const bool lost = queue.events.empty();
  if (std::exchange(lost ? told_lost_ : queue.told_behind, true)) return std::nullopt;
  Event behind = EventOf(
      EventKind::kEventsDropped, events.back().time,
      lost ? "a listener has not returned, and too many events of all circuits wait for it: from "
             "here on those of circuits of which none waits are dropped"
           : "a listener has not returned, and too many events wait for it: from here on the "
             "oldest are dropped");
  PutAfter(events.back(), behind);
  return behind;
}

void EventDelivery::Enqueue(Queue& queue, Event event, EventLog::Circuit circuit) {
  if (log_ != nullptr) {
    log_->Append(event, circuit);
  } else {
    event.sequence = ++last_;
  }
  const bool room = queue.events.size() < kMaxWaiting && waiting_ < kMaxWaitingOfAll;
  if (room && queue.oldest == 0) {  // a ring doesn't grow
    queue.events.push_back(std::move(event));
    ++waiting_;
    return;
  }
  ++dropped_;
  if (queue.events.empty()) {
    ++lost_;
    return;
  }
  ++queue.dropped;
  // Not for the one that tells of it: it would be told of in turn.
  queue.tell_dropped |= event.kind != EventKind::kEventsDropped;
  queue.events[queue.oldest] = std::move(event);
  queue.oldest = (queue.oldest + 1) % queue.events.size();
}

EventDelivery::Batch EventDelivery::TakeBatch() {
  Batch batch;
  batch.queue = std::move(queues_.front());
  queues_.pop_front();
  if (queues_.empty()) any_wait_.store(false, std::memory_order_relaxed);
  Queue& queue = *batch.queue;
  waiting_ -= queue.events.size();
  const auto oldest =
      queue.events.begin() + static_cast<std::ptrdiff_t>(std::exchange(queue.oldest, 0));
  std::rotate(queue.events.begin(), oldest, queue.events.end());
  batch.events = std::exchange(queue.events, {});
  if (std::exchange(queue.tell_dropped, false)) batch.dropped = std::exchange(queue.dropped, 0);
  queue.told_behind = false;
  // Not at each event that there's room for again.
  if (waiting_ <= kMaxWaitingOfAll / 2) {
    batch.lost = std::exchange(lost_, 0);
    told_lost_ = false;
  }
  return batch;
}

void EventDelivery::Requeue(std::shared_ptr<Queue> queue) {
  queue->pending = !queue->events.empty();
  if (queue->pending) Wait(std::move(queue));
}

void EventDelivery::Deliver() {
  if (!any_wait_.load(std::memory_order_relaxed)) return;
  if (Visit::IsUnderWay(*this)) return;  // that goes on with these events
  Visit visit(*this);
  while (Batch* const batch = visit.Next()) Tell(*batch);
}

// What goes wrong on the way is told by events of its own, after it. That ends: each trouble is
// told once, and none of telling of one.
void EventDelivery::Tell(Batch& batch) {
  int64_t thrown = 0;
  std::string exception;
  bool tell_thrown = false;
  listeners_.Tell(batch.events, [&](const Event& event, const std::string& what) {
    ++thrown;
    exception = what;
    // One that fails at hearing of it would be told of that forever.
    tell_thrown |= event.kind != EventKind::kUserCodeFailed;
  });
  std::vector<Event> troubles;
  const auto add = [&](EventKind kind, std::string detail) {
    troubles.push_back(EventOf(kind, failures_->clock().WallNow(), std::move(detail)));
  };
  if (thrown > 0) {
    std::string detail = failures_->Count(UserCode::kListener, exception, thrown);
    if (tell_thrown && !detail.empty()) add(EventKind::kUserCodeFailed, std::move(detail));
  }
  if (batch.dropped > 0) {
    add(EventKind::kEventsDropped,
        absl::StrCat(Counted(batch.dropped, "event"), batch.dropped == 1 ? " was" : " were",
                     " dropped while a listener did not return"));
  }
  if (!troubles.empty()) {
    PushTroubles(batch.queue, batch.events.back(), std::exchange(troubles, {}));
  }
  if (batch.lost > 0) {
    add(EventKind::kEventsDropped,
        absl::StrCat(Counted(batch.lost, "event"), " of circuits of which none waited ",
                     batch.lost == 1 ? "was" : "were", " dropped while a listener did not return"));
    std::shared_ptr<Queue> of_no_circuit;
    Push(of_no_circuit, std::move(troubles), EventLog::Circuit::kHasWorked);
  }
  batch.events = {};  // with no lock held
}

}  // namespace fusebox::internal
