// SPDX-License-Identifier: Apache-2.0
//
// The calls of the last `duration`, in slices (rule R3).
#ifndef FUSEBOX_SRC_CORE_WINDOW_TIME_WINDOW_H_
#define FUSEBOX_SRC_CORE_WINDOW_TIME_WINDOW_H_

#include <cstdint>
#include <vector>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/window/window_entry.h"

namespace fusebox::internal {

// A ring of slices. Not thread-safe; `now` must not go back from call to call.
class TimeWindowBuckets {
 public:
  TimeWindowBuckets(const TimeWindow& policy, SteadyTime now);

  void Add(WindowEntry entry, SteadyTime now);
  WindowCounts Counts(SteadyTime now);

  // Entries are known by their slice alone.
  int64_t PlaceAt(SteadyTime now) const { return SliceAt(now); }
  bool TurnIntoFailure(int64_t place, SteadyTime now);

  // Successes of an earlier moment, which belong into that slice; lost if it has passed.
  void AddSuccesses(int64_t count, int64_t slice, SteadyTime now);

  int64_t SliceAt(SteadyTime now) const;

 private:
  bool Holds(int64_t slice) const {
    return slice > current_ - static_cast<int64_t>(buckets_.size());
  }
  WindowCounts& BucketOf(int64_t slice);
  void AdvanceTo(SteadyTime now);

  const int64_t slice_nanos_;
  std::vector<WindowCounts> buckets_;
  int64_t current_;  // the newest slice that the buckets stand for, counted from the clock's zero
  WindowCounts sum_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_WINDOW_TIME_WINDOW_H_
