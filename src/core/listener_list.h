// SPDX-License-Identifier: Apache-2.0
//
// Who hears of events: one listener from the start, and those that come and go.
#ifndef FUSEBOX_SRC_CORE_LISTENER_LIST_H_
#define FUSEBOX_SRC_CORE_LISTENER_LIST_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/event.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

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

 private:
  const std::shared_ptr<const EventListener> first_;  // null: none

  // Whether one has ever been added. Relaxed: who sees it false comes before the adding.
  std::atomic<bool> any_added_{false};

  mutable Mutex mutex_;
  std::vector<std::weak_ptr<const EventListener>> added_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_LISTENER_LIST_H_
