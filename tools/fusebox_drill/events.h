// SPDX-License-Identifier: Apache-2.0
//
// What is going to happen in a play, in the order of time.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_EVENTS_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_EVENTS_H_

#include <cstdint>
#include <queue>
#include <vector>

#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

enum class EventKind : uint8_t {
  kStage,     // a phase begins: `id` is its index
  kArrive,    // an attempt reaches the server
  kServed,    // a worker has done the work of an attempt
  kAnswer,    // its answer reaches the caller
  kDeadline,  // of an attempt
  kRetry,     // a call is tried again: `id` is the call, `attempt` the which
};

struct Event {
  Nanos at = 0;
  uint64_t sequence = 0;
  int64_t id = 0;
  EventKind kind = EventKind::kStage;
  int32_t attempt = 0;
};

// Events of one instant happen in the order in which they were added.
class Events {
 public:
  void Add(Nanos at, EventKind kind, int64_t id, int attempt = 0) {
    queue_.push({at, sequence_++, id, kind, attempt});
  }

  bool empty() const { return queue_.empty(); }
  const Event& next() const { return queue_.top(); }
  Event Take() {
    const Event event = queue_.top();
    queue_.pop();
    return event;
  }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };

  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  uint64_t sequence_ = 0;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_EVENTS_H_
