// SPDX-License-Identifier: Apache-2.0
//
// Who hears of events: one listener from the start, and those that come and go.
#ifndef FUSEBOX_SRC_CORE_LISTENER_LIST_H_
#define FUSEBOX_SRC_CORE_LISTENER_LIST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/base/mutex.h"

namespace fusebox {

// Thread-safe.
class ListenerList {
 public:
  // `first` may be empty.
  explicit ListenerList(EventListener first);

  // In the list until the handle goes.
  std::shared_ptr<const EventListener> Add(EventListener listener);

  bool empty() const;

  // With no lock held. A listener that is called keeps existing until it returns. If it throws,
  // `thrown` is told at which event and what.
  using Thrown = std::function<void(const Event& event, const std::string& exception)>;
  void Tell(const std::vector<Event>& events, const Thrown& thrown) const;

  // How many events wait for the listeners, of all circuits, and how many could not.
  class Backlog {
   public:
    // False if there are `most` already.
    bool Enter(std::size_t most) {
      if (waiting_.fetch_add(1, std::memory_order_relaxed) < most) return true;
      Leave(1);
      return false;
    }
    void Leave(std::size_t count) { waiting_.fetch_sub(count, std::memory_order_relaxed); }
    void CountDropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }
    int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

   private:
    // Relaxed: each is right by itself, and nothing else is published with them.
    std::atomic<std::size_t> waiting_{0};
    std::atomic<int64_t> dropped_{0};
  };
  Backlog& backlog() { return backlog_; }

 private:
  const std::shared_ptr<const EventListener> first_;  // null: none
  Backlog backlog_;
  mutable Mutex mutex_;
  std::vector<std::weak_ptr<const EventListener>> added_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_LISTENER_LIST_H_
