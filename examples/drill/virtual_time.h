// SPDX-License-Identifier: Apache-2.0
//
// Time that passes in jumps, from one event to the next.
#ifndef FUSEBOX_EXAMPLES_DRILL_VIRTUAL_TIME_H_
#define FUSEBOX_EXAMPLES_DRILL_VIRTUAL_TIME_H_

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/testing/fake_clock.h"

namespace drill {

// Runs what was scheduled, in order, and moves the clock of the circuit along. Events of one
// instant run in the order in which they were scheduled. Single-threaded.
class VirtualTime {
 public:
  // Since the start of the simulation, which is also the zero of the clock.
  absl::Duration Now() const { return clock_.Now().SinceZero(); }

  // `at` may not be in the past.
  void At(absl::Duration at, std::function<void()> event);
  void After(absl::Duration delay, std::function<void()> event) {
    At(Now() + delay, std::move(event));
  }

  // Until nothing is scheduled any more.
  void Run();

  const fusebox::Clock& clock() const { return clock_; }

 private:
  struct Scheduled {
    int64_t at_nanos;
    int64_t sequence;
    std::function<void()> event;
  };
  struct Later {
    bool operator()(const Scheduled& a, const Scheduled& b) const {
      return a.at_nanos != b.at_nanos ? a.at_nanos > b.at_nanos : a.sequence > b.sequence;
    }
  };

  fusebox_testing::FakeClock clock_{absl::ZeroDuration()};
  std::priority_queue<Scheduled, std::vector<Scheduled>, Later> events_;
  int64_t scheduled_ = 0;
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_VIRTUAL_TIME_H_
