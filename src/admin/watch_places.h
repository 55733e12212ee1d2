// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_WATCH_PLACES_H_
#define FUSEBOX_SRC_ADMIN_WATCH_PLACES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "src/admin/caller.h"

namespace fusebox::internal {

// Who has the places that there are for watchers. Anybody may have those that are free. When none
// is, a caller who was let in by name gets that of one who wasn't; and whoever has fewer than
// another of the same kind gets one of the other's, the oldest, until they have as many. So a
// caller with a name always finds one, unless as many others with names have one each.
//
// Not thread-safe.
class WatchPlaces {
 public:
  explicit WatchPlaces(std::size_t places) : places_(places) {}

  using Id = uint64_t;
  struct Taken {
    Id id = 0;
    std::optional<Id> evicted;  // whose place it was
  };
  // Empty: there is none for that caller.
  std::optional<Taken> Take(const Caller& caller);

  // Gives it back. Does nothing if it is not taken, or no more.
  void GiveBack(Id id);

  std::size_t taken() const { return holders_.size(); }

 private:
  // Those who were let in by name, or those who were not.
  struct Class {
    std::map<std::string, std::list<Id>> places;            // by key, the oldest first
    std::set<std::pair<std::size_t, std::string>> by_size;  // how many each has
  };
  struct Holder {
    std::size_t its_class;
    std::string key;
    std::list<Id>::iterator place;
  };

  // Whose place that caller may have.
  std::optional<Id> VictimOf(const Caller& caller) const;

  const std::size_t places_;
  Id last_id_ = 0;
  std::array<Class, 2> classes_;
  std::map<Id, Holder> holders_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_WATCH_PLACES_H_
