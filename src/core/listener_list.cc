// SPDX-License-Identifier: Apache-2.0
#include "src/core/listener_list.h"

#include <algorithm>
#include <utility>

#include "src/base/user_code.h"

namespace fusebox::internal {

ListenerList::ListenerList(EventListener first)
    : first_(first == nullptr ? nullptr : std::make_shared<const EventListener>(std::move(first))) {
}

std::shared_ptr<const EventListener> ListenerList::Add(EventListener listener) {
  auto added = std::make_shared<const EventListener>(std::move(listener));
  MutexLock lock(mutex_);
  const auto gone = [](const auto& weak) { return weak.expired(); };
  added_.erase(std::remove_if(added_.begin(), added_.end(), gone), added_.end());
  added_.push_back(added);
  any_added_.store(true, std::memory_order_relaxed);
  return added;
}

bool ListenerList::empty() const {
  if (first_ != nullptr) return false;
  if (!any_added_.load(std::memory_order_relaxed)) return true;
  MutexLock lock(mutex_);
  return std::all_of(added_.begin(), added_.end(), [](const auto& weak) { return weak.expired(); });
}

void ListenerList::Tell(const std::vector<Event>& events, const Thrown& thrown) const {
  std::vector<std::shared_ptr<const EventListener>> listeners;
  if (first_ != nullptr) listeners.push_back(first_);
  {
    MutexLock lock(mutex_);
    for (const auto& weak : added_) {
      if (auto listener = weak.lock()) listeners.push_back(std::move(listener));
    }
  }
  for (const Event& event : events) {
    for (const auto& listener : listeners) {
      RunUserCode([&] { (*listener)(event); },
                  [&](const std::string& exception) { thrown(event, exception); });
    }
  }
}

}  // namespace fusebox::internal
