// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watch_places.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kNamed = 0;
constexpr std::size_t kStrangers = 1;

std::size_t ClassOf(const Caller& caller) { return caller.authorised ? kNamed : kStrangers; }

}  // namespace

std::optional<WatchPlaces::Id> WatchPlaces::VictimOf(const Caller& caller) const {
  const Class& strangers = classes_[kStrangers];
  if (caller.authorised && !strangers.by_size.empty()) {
    return strangers.places.at(strangers.by_size.rbegin()->second).front();
  }
  const Class& peers = classes_[ClassOf(caller)];
  if (peers.by_size.empty()) return std::nullopt;
  const auto& [most, whose] = *peers.by_size.rbegin();
  const auto own = peers.places.find(caller.key);
  const std::size_t has = own == peers.places.end() ? 0 : own->second.size();
  if (most <= has + 1) return std::nullopt;
  return peers.places.at(whose).front();
}

std::optional<WatchPlaces::Taken> WatchPlaces::Take(const Caller& caller) {
  Taken taken;
  if (holders_.size() >= places_) {
    taken.evicted = VictimOf(caller);
    if (!taken.evicted) return std::nullopt;
    GiveBack(*taken.evicted);
  }
  taken.id = ++last_id_;
  Class& its_class = classes_[ClassOf(caller)];
  std::list<Id>& places = its_class.places[caller.key];
  if (!places.empty()) its_class.by_size.erase({places.size(), caller.key});
  places.push_back(taken.id);
  its_class.by_size.emplace(places.size(), caller.key);
  holders_[taken.id] = {ClassOf(caller), caller.key, std::prev(places.end())};
  return taken;
}

void WatchPlaces::GiveBack(Id id) {
  const auto found = holders_.find(id);
  if (found == holders_.end()) return;
  const Holder& holder = found->second;
  Class& its_class = classes_[holder.its_class];
  std::list<Id>& places = its_class.places[holder.key];
  its_class.by_size.erase({places.size(), holder.key});
  places.erase(holder.place);
  if (places.empty()) {
    its_class.places.erase(holder.key);
  } else {
    its_class.by_size.emplace(places.size(), holder.key);
  }
  holders_.erase(found);
}

}  // namespace fusebox::internal
