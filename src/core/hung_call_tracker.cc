// SPDX-License-Identifier: Apache-2.0
#include "src/core/hung_call_tracker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/base/counted.h"
#include "src/base/dcheck.h"
#include "src/base/floor_div.h"
#include "src/base/text.h"

namespace fusebox::internal {
namespace {

constexpr int64_t kSlicesPerAge = 8;

// The slices of calls that aren't hung yet: those that began within the age and one slice more, and
// a partial one at each end.
static_assert(HungCallSlots::kSlots == kSlicesPerAge + 3);

}  // namespace

HungCallTracker::HungCallTracker(const HungCalls& policy, HungCallSlots& slots, uint64_t epoch,
                                 SteadyTime now)
    : limit_(policy.count),
      age_nanos_(absl::ToInt64Nanoseconds(policy.age)),
      slice_nanos_(age_nanos_ / kSlicesPerAge),
      slots_(slots),
      epoch_(epoch),
      first_(SliceAt(now + absl::Nanoseconds(-age_nanos_))),
      guard_(policy.age) {
  for (int64_t i = 0; i < HungCallSlots::kSlots; ++i) slots_.Give(TagOf(first_ + i));
}

void HungCallTracker::Start(SteadyTime now) {
  AdvanceTo(now);
  const bool counted = slots_.StartAnyway(TagOf(SliceAt(now)));
  FUSEBOX_DCHECK(counted);
  static_cast<void>(counted);
}

void HungCallTracker::End(SteadyTime start, SteadyTime now) {
  AdvanceTo(now);
  const int64_t slice = SliceAt(start);
  if (slice < first_) {
    FUSEBOX_DCHECK(hung_ > 0);
    --hung_;
  } else {
    const bool counted = slots_.End(TagOf(slice));
    FUSEBOX_DCHECK(counted);
    static_cast<void>(counted);
  }
}

std::optional<Verdict> HungCallTracker::Check(SteadyTime now) {
  AdvanceTo(now);
  if (!guard_.Look(now, hung_ >= limit_)) return std::nullopt;
  const absl::Duration age = absl::Nanoseconds(age_nanos_);
  return Verdict{
      Cause::kHungCalls,
      absl::StrCat(Counted(hung_, "call"), " >= ", limit_, " in flight for ", DurationText(age)),
      hung_, age};
}

int64_t HungCallTracker::SliceAt(SteadyTime time) const {
  return FloorDiv(time.nanos(), slice_nanos_);
}

SteadyTime HungCallTracker::HangsAt(int64_t slice) const {
  return SteadyTime::FromSinceZero(absl::Nanoseconds(slice_nanos_) * (slice + 1) +
                                   absl::Nanoseconds(age_nanos_));
}

void HungCallTracker::AdvanceTo(SteadyTime now) {
  // Hung are the slices that ended at `now - age` or before.
  const int64_t first = SliceAt(now + absl::Nanoseconds(-age_nanos_));
  const int64_t passed = std::min(first - first_, HungCallSlots::kSlots);
  for (int64_t i = 0; i < passed; ++i) {
    // Its slot is that of one of those that are still to come.
    hung_ += slots_.Give(TagOf(first + FloorMod(first_ + i - first, HungCallSlots::kSlots)));
  }
  first_ = std::max(first_, first);
}

std::optional<SteadyTime> HungCallTracker::QuietUntil(SteadyTime now) {
  AdvanceTo(now);
  if (guard_.armed() || hung_ >= limit_) return std::nullopt;
  // What starts without the lock may have looked at the clock a moment ago, in the slice before.
  const int64_t before = SliceAt(now) - 1;
  int64_t calls = hung_;
  for (int64_t slice = first_; slice < before; ++slice) {
    calls += slots_.Seal(TagOf(slice));
    if (calls >= limit_) return HangsAt(slice);
  }
  return HangsAt(before);
}

}  // namespace fusebox::internal
