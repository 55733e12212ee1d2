// SPDX-License-Identifier: Apache-2.0
#include "src/core/eviction_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/base/dcheck.h"

namespace fusebox::internal {
namespace {

// What one search may cost: looks at circuits that are ready, OPEN, or have to stay, each of some
// 50 ns; and at those that stand aside, each time.
constexpr int kReadyLooks = 128;
constexpr int kOpenLooks = 16;
constexpr int kStayingLooks = 128;
constexpr int kAsideLooks = 2;

// After a search that has found none, each call that comes without a circuit would look as long:
// the next ones go on where it has stopped, with this many looks each.
constexpr int kShortLooks = 4;

}  // namespace

EvictionQueue::Place EvictionQueue::Add(std::shared_ptr<CircuitBreaker> circuit) {
  Member& member = ready_.emplace_back();
  member.circuit = std::move(circuit);
  member.queue = &ready_;
  return std::prev(ready_.end());
}

std::shared_ptr<CircuitBreaker> EvictionQueue::Remove(Place member) {
  FUSEBOX_DCHECK(member->circuit != nullptr && member->queue != nullptr);
  std::shared_ptr<CircuitBreaker> circuit = std::move(member->circuit);
  member->queue->erase(member);
  return circuit;
}

void EvictionQueue::Move(Place member, std::list<Member>& to) {
  to.splice(to.end(), *member->queue, member);
  member->queue = &to;
}

EvictionQueue::Seen EvictionQueue::LookAt(Place member) const {
  Seen seen;
  seen.standing = CircuitCore::Of(*member->circuit).StandingAt(now_);
  const bool has_policy = seen.standing.has_operators_policy || member->adopted;
  seen.stays = seen.standing.must_stay || (policies_stay_ && has_policy);
  seen.active = std::exchange(member->calls_seen, seen.standing.calls) != seen.standing.calls;
  return seen;
}

// Whether it doesn't belong among those that are ready.
bool EvictionQueue::StandAside(Place member, const Seen& seen) {
  if (seen.stays) {
    Move(member, staying_);
  } else if (seen.standing.open_since) {
    Move(member, open_);
  } else if (seen.standing.failing) {
    Move(member, failing_);
  } else {
    return false;
  }
  return true;
}

std::optional<EvictionQueue::Place> EvictionQueue::Find(bool policies_stay, SteadyTime now) {
  policies_stay_ = policies_stay;
  now_ = now;
  LookAtSomeAside();
  std::optional<Place> found = FindReady();
  if (!found) found = FindAside();
  if (!found) found = FindStaying();
  found_none_ = !found;
  return found;
}

int EvictionQueue::Looks(int most) const { return found_none_ ? kShortLooks : most; }

// What has changed there becomes ready again.
void EvictionQueue::LookAtSomeAside() {
  for (std::list<Member>* const aside : {&open_, &failing_, &staying_}) {
    for (int i = 0; i < kAsideLooks && !aside->empty(); ++i) {
      const auto member = aside->begin();
      const Seen seen = LookAt(member);
      const bool same = seen.stays                 ? aside == &staying_
                        : seen.standing.open_since ? aside == &open_
                                                   : seen.standing.failing && aside == &failing_;
      if (same && !seen.stays && !seen.active) break;  // stays the first of them to go
      if (!StandAside(member, seen)) Move(member, ready_);
    }
  }
}

std::optional<EvictionQueue::Place> EvictionQueue::FindReady() {
  for (int i = 0; i < Looks(kReadyLooks) && !ready_.empty(); ++i) {
    const auto member = ready_.begin();
    if (member->passes > 0) {
      --member->passes;
      Move(member, ready_);
      continue;
    }
    const Seen seen = LookAt(member);
    if (StandAside(member, seen)) continue;
    if (!seen.active) return member;
    member->passes =
        std::exchange(member->times_active, std::min(member->times_active + 1, kMaxPasses));
    Move(member, ready_);
  }
  // All that were looked at have been called recently: then it is one of those.
  for (int i = 0; i < Looks(kReadyLooks) && !ready_.empty(); ++i) {
    const auto member = ready_.begin();
    if (!StandAside(member, LookAt(member))) return member;
  }
  return std::nullopt;
}

// Of an OPEN one that goes, its opening is remembered; of a failing one nothing is.
std::optional<EvictionQueue::Place> EvictionQueue::FindAside() {
  const bool failing_first = failing_.size() >= open_.size();
  const Found first = failing_first ? FindFailing() : FindOpen();
  if (first.idle) return first.idle;
  const Found second = failing_first ? FindOpen() : FindFailing();
  if (second.idle) return second.idle;
  return first.active ? first.active : second.active;
}

// The oldest opening first.
EvictionQueue::Found EvictionQueue::FindOpen() {
  Found found;
  SteadyTime since;
  auto next = open_.begin();
  for (int i = 0; i < Looks(kOpenLooks) && next != open_.end(); ++i) {
    const auto member = next++;
    const Seen seen = LookAt(member);
    if (seen.stays) {
      Move(member, staying_);
    } else if (!seen.standing.open_since) {
      found.idle = member;
      return found;
    } else if (seen.active) {
      Move(member, open_);
      if (!found.active) found.active = member;
    } else if (!found.idle || *seen.standing.open_since < since) {
      found.idle = member;
      since = *seen.standing.open_since;
    }
  }
  return found;
}

EvictionQueue::Found EvictionQueue::FindFailing() {
  Found found;
  for (int i = 0; i < Looks(kReadyLooks) && !failing_.empty(); ++i) {
    const auto member = failing_.begin();
    const Seen seen = LookAt(member);
    if (seen.stays) {
      Move(member, staying_);
    } else if (seen.standing.open_since) {
      Move(member, open_);
    } else if (seen.active) {
      Move(member, failing_);
      if (!found.active) found.active = member;
    } else {
      found.idle = member;
      return found;
    }
  }
  return found;
}

std::optional<EvictionQueue::Place> EvictionQueue::FindStaying() {
  std::optional<Place> with_policy;
  for (int i = 0; i < Looks(kStayingLooks) && !staying_.empty(); ++i) {
    const auto member = staying_.begin();
    const Seen seen = LookAt(member);
    if (!seen.stays) return member;
    if (!seen.standing.must_stay && !with_policy) with_policy = member;
    Move(member, staying_);
  }
  return with_policy;
}

}  // namespace fusebox::internal
