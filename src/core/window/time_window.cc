// SPDX-License-Identifier: Apache-2.0
#include "src/core/window/time_window.h"

#include <algorithm>
#include <cstddef>

#include "absl/time/time.h"
#include "src/base/dcheck.h"
#include "src/base/floor_div.h"

namespace fusebox::internal {
namespace {

void Subtract(WindowCounts& from, const WindowCounts& counts) {
  from.recorded -= counts.recorded;
  from.failures -= counts.failures;
  from.slow -= counts.slow;
}

void Count(WindowCounts& counts, WindowEntry entry) {
  ++counts.recorded;
  counts.failures += entry.failure ? 1 : 0;
  counts.slow += entry.slow ? 1 : 0;
}

}  // namespace

TimeWindowBuckets::TimeWindowBuckets(const TimeWindow& policy, SteadyTime now)
    : slice_nanos_(absl::ToInt64Nanoseconds(policy.duration) / policy.buckets),
      buckets_(static_cast<std::size_t>(policy.buckets)),
      current_(SliceAt(now)) {}

void TimeWindowBuckets::Add(WindowEntry entry, SteadyTime now) {
  AdvanceTo(now);
  Count(BucketOf(current_), entry);
  Count(sum_, entry);
}

WindowCounts TimeWindowBuckets::Counts(SteadyTime now) {
  AdvanceTo(now);
  return sum_;
}

bool TimeWindowBuckets::TurnIntoFailure(int64_t place, SteadyTime now) {
  AdvanceTo(now);
  if (!Holds(place)) return false;
  ++BucketOf(place).failures;
  ++sum_.failures;
  return true;
}

void TimeWindowBuckets::AddSuccesses(int64_t count, int64_t slice, SteadyTime now) {
  AdvanceTo(now);
  if (!Holds(slice)) return;
  BucketOf(slice).recorded += count;
  sum_.recorded += count;
}

int64_t TimeWindowBuckets::SliceAt(SteadyTime now) const {
  return FloorDiv(now.nanos(), slice_nanos_);
}

WindowCounts& TimeWindowBuckets::BucketOf(int64_t slice) {
  return buckets_[static_cast<std::size_t>(FloorMod(slice, static_cast<int64_t>(buckets_.size())))];
}

void TimeWindowBuckets::AdvanceTo(SteadyTime now) {
  const int64_t slice = SliceAt(now);
  // A clock that jumped may have passed every slice more than once; each needs emptying only once.
  const int64_t passed = std::min(slice - current_, static_cast<int64_t>(buckets_.size()));
  for (int64_t i = 0; i < passed; ++i) {
    WindowCounts& bucket = BucketOf(slice - i);
    Subtract(sum_, bucket);
    bucket = WindowCounts();
  }
  FUSEBOX_DCHECK(sum_.failures >= 0 && sum_.failures <= sum_.recorded);
  FUSEBOX_DCHECK(sum_.slow >= 0 && sum_.slow <= sum_.recorded);
  current_ = std::max(current_, slice);
}

}  // namespace fusebox::internal
