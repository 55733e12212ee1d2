// SPDX-License-Identifier: Apache-2.0
//
// What the trip rules look at while calls are let through: CLOSED, and on the ramp.
#ifndef FUSEBOX_SRC_CORE_FAILURE_WATCH_H_
#define FUSEBOX_SRC_CORE_FAILURE_WATCH_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/call_averages.h"
#include "src/core/failure_run.h"
#include "src/core/hung_call_tracker.h"
#include "src/core/rules/verdict.h"
#include "src/core/window/call_window.h"
#include "src/core/window/window_entry.h"

namespace fusebox::internal {

// What goes on from one watch to the next, and must outlive it. Null: no rule looks at it.
struct WatchMemory {
  CallAverages* averages = nullptr;
  HungCallSlots* hung_calls = nullptr;
};

// Not thread-safe. The policy must outlive it.
class FailureWatch {
 public:
  // Of that epoch of its circuit.
  FailureWatch(const Policy& policy, const WatchMemory& memory, uint64_t epoch, SteadyTime now);

  // Whether the calls that are out trip it: looked at before each start and after each end.
  std::optional<Verdict> CheckHungCalls(SteadyTime now);
  void Start(SteadyTime now);

  // Of the rule on calls that hang; null: it is off.
  HungCallTracker* hung_calls() { return hung_calls_.get(); }

  // A call that started then can't hang any more.
  void StopClock(SteadyTime start, SteadyTime now);

  // A success or failure is here.
  std::optional<Verdict> Record(WindowEntry entry, SteadyTime now);

  // A success that may be taken back by its `places`.
  struct Places {
    int64_t window = 0;
    int64_t run = 0;
  };
  std::optional<Verdict> RecordFirstMessage(WindowEntry success, SteadyTime now, Places& places);
  std::optional<Verdict> TakeBack(const Places& places, SteadyTime now);

  // Successes of which it is told late, but before any failure that comes after them.
  void AddSuccesses(int64_t count, int64_t slice, SteadyTime now) {
    window_.AddSuccesses(count, slice, now);
    run_.AddSuccesses(count);
    AddCalls(count);
  }
  int64_t SliceAt(SteadyTime now) const { return window_.SliceAt(now); }

  // False while a further success in the present slice need only be counted.
  bool SuccessMatters(SteadyTime now);

  int64_t consecutive_failures() const { return run_.length(); }
  WindowCounts Counts(SteadyTime now) { return window_.Counts(now); }

 private:
  void AddCalls(int64_t count) {
    if (averages_ != nullptr) averages_->rate.AddCalls(count);
  }
  void AddFailure(SteadyTime now);
  std::optional<Verdict> Check(SteadyTime now);

  const Policy& policy_;
  CallAverages* const averages_;
  CallWindow window_;
  std::unique_ptr<HungCallTracker> hung_calls_;  // null: the rule is off
  FailureRun run_;

  // For improbable_run: the last failure, and how many there are since a long gap.
  std::optional<SteadyTime> last_failure_;
  int64_t since_gap_ = 0;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_FAILURE_WATCH_H_
