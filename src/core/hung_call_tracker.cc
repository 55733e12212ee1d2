// SPDX-License-Identifier: Apache-2.0
#include "src/core/hung_call_tracker.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/base/dcheck.h"
#include "src/base/floor_div.h"
#include "src/base/text.h"

namespace fusebox::internal {
namespace {

constexpr int64_t kSlicesPerAge = 8;

// The slices of calls that aren't hung yet: those that began within the age and one slice more, and
// a partial one at each end.
constexpr std::size_t kSlices = kSlicesPerAge + 3;

}  // namespace

HungCallTracker::HungCallTracker(const HungCalls& policy, SteadyTime now)
    : limit_(policy.count),
      age_nanos_(absl::ToInt64Nanoseconds(policy.age)),
      slice_nanos_(age_nanos_ / kSlicesPerAge),
      first_(SliceAt(now + absl::Nanoseconds(-age_nanos_))),
      counts_(kSlices),
      guard_(policy.age) {}

void HungCallTracker::Start(SteadyTime now) {
  AdvanceTo(now);
  ++CountOf(SliceAt(now));
}

void HungCallTracker::End(SteadyTime start, SteadyTime now) {
  AdvanceTo(now);
  const int64_t slice = SliceAt(start);
  int64_t& count = slice < first_ ? hung_ : CountOf(slice);
  FUSEBOX_DCHECK(count > 0);
  --count;
}

std::optional<Verdict> HungCallTracker::Check(SteadyTime now) {
  AdvanceTo(now);
  if (!guard_.Look(now, hung_ >= limit_)) return std::nullopt;
  const absl::Duration age = absl::Nanoseconds(age_nanos_);
  return Verdict{Cause::kHungCalls,
                 absl::StrCat(hung_, " calls >= ", limit_, " in flight for ", DurationText(age)),
                 hung_, age};
}

int64_t HungCallTracker::SliceAt(SteadyTime time) const {
  return FloorDiv(time.nanos(), slice_nanos_);
}

int64_t& HungCallTracker::CountOf(int64_t slice) {
  return counts_[static_cast<std::size_t>(FloorMod(slice, static_cast<int64_t>(kSlices)))];
}

void HungCallTracker::AdvanceTo(SteadyTime now) {
  // Hung are the slices that ended at `now - age` or before.
  const int64_t first = SliceAt(now + absl::Nanoseconds(-age_nanos_));
  const int64_t passed = std::min(first - first_, static_cast<int64_t>(kSlices));
  for (int64_t i = 0; i < passed; ++i) {
    int64_t& count = CountOf(first_ + i);
    hung_ += count;
    count = 0;
  }
  first_ = std::max(first_, first);
}

}  // namespace fusebox::internal
