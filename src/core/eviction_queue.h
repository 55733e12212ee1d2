// SPDX-License-Identifier: Apache-2.0
//
// Which circuit of a full registry has to go (P4).
#ifndef FUSEBOX_SRC_CORE_EVICTION_QUEUE_H_
#define FUSEBOX_SRC_CORE_EVICTION_QUEUE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "src/core/circuit_core.h"
#include "src/core/layered_circuit.h"

namespace fusebox::internal {

// Calls tell it nothing, so that they cost nothing: it looks at a circuit's count of calls now and
// then. Circuits stand in a queue. The first one goes, unless calls have come since it was looked
// at last: then it stands at the end again. Those that are OPEN, in a run of failures, or must stay
// stand aside, where a few are looked at each time. So the number of looks for a new circuit is
// bounded, and is one or two where most circuits are idle.
//
// When all stand aside, it is the turn of those of which there are more, OPEN ones or failing ones:
// keys that come once and never again, whether they open or fail once, take the places of their own
// kind.
//
// Not thread-safe.
class EvictionQueue {
 public:
  struct Member : LayeredCircuit {
    // One that is called all the time is looked at only in one of a few rounds of the queue: to
    // look at it takes several times as long as to pass it by.
    int times_active = 0;  // in a row, up to kMaxPasses
    int passes = 0;        // that are left
    int64_t calls_seen = 0;
    std::list<Member>* queue = nullptr;  // the one that it stands in
  };
  using Place = std::list<Member>::iterator;
  static constexpr int kMaxPasses = 3;

  Place Add(std::shared_ptr<CircuitBreaker> circuit);
  static std::shared_ptr<CircuitBreaker> Remove(Place member);

  // The circuit that can best be spared: one that is idle and neither OPEN, failing nor has to
  // stay; else an OPEN or a failing one, idle ones first. Empty if there is none, as far as was
  // looked: then the next search is a short one. If `policies_stay`, one whose policy was set
  // directly goes last of all.
  std::optional<Place> Find(bool policies_stay, SteadyTime now);

 private:
  struct Seen {
    CircuitCore::Standing standing;
    bool active = false;  // calls have come since the last look
    bool stays = false;   // it must, or is to if others can go
  };
  Seen LookAt(Place member) const;
  static void Move(Place member, std::list<Member>& to);
  bool StandAside(Place member, const Seen& seen);
  void LookAtSomeAside();
  int Looks(int most) const;
  // What was found in one place.
  struct Found {
    std::optional<Place> idle;
    std::optional<Place> active;
  };
  std::optional<Place> FindReady();
  std::optional<Place> FindAside();
  Found FindOpen();
  Found FindFailing();
  std::optional<Place> FindStaying();

  // Of the search that goes on.
  bool policies_stay_ = false;
  SteadyTime now_;

  bool found_none_ = false;  // by the last search

  std::list<Member> ready_;    // may go, for all that was seen of them
  std::list<Member> open_;     // were OPEN when they were looked at last
  std::list<Member> failing_;  // were in a run of failures then, and not OPEN
  std::list<Member> staying_;  // had to stay then, or were to
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_EVICTION_QUEUE_H_
