// SPDX-License-Identifier: Apache-2.0
#include "src/core/window/time_window.h"

#include <algorithm>
#include <cstddef>

#include "absl/time/time.h"

namespace fusebox {
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

int64_t TimeWindowBuckets::SliceAt(SteadyTime now) const {
  const int64_t quotient = now.nanos() / slice_nanos_;
  return now.nanos() % slice_nanos_ < 0 ? quotient - 1 : quotient;
}

WindowCounts& TimeWindowBuckets::BucketOf(int64_t slice) {
  const auto count = static_cast<int64_t>(buckets_.size());
  return buckets_[static_cast<std::size_t>((slice % count + count) % count)];
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
  current_ = std::max(current_, slice);
}

}  // namespace fusebox
