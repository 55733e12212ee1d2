// SPDX-License-Identifier: Apache-2.0
#include "src/core/congestion_window.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "src/base/dcheck.h"
#include "src/base/floor_div.h"
#include "src/core/exact.h"
#include "src/core/tunable.h"

namespace fusebox::internal {
namespace {

FUSEBOX_TUNABLE(int64_t, kFirstWindow, 2);

// Above the threshold it grows by that part of a call each round trip, divided by its size (or by
// `kManyCalls`, if it is more): one call more is much for a few. Or by that part of itself, if it
// is more; and twice as fast each time that it has grown for so long.
FUSEBOX_TUNABLE(int64_t, kCallPart, 8);
FUSEBOX_TUNABLE(int64_t, kManyCalls, 8);
FUSEBOX_TUNABLE(int64_t, kWindowPart, 1024);
FUSEBOX_TUNABLE(absl::Duration, kDoubles, absl::Seconds(10));
constexpr int64_t kMostDoublings = 10;

// What of it has to be in use, so that it grows.
FUSEBOX_TUNABLE(int64_t, kUsedPart, 2);

// A 64th of a call, in millionths.
FUSEBOX_TUNABLE(int64_t, kLeast, 15'625);

// More than any process has out, so that nothing overflows.
constexpr int64_t kMost = 100'000'000;

}  // namespace

CongestionWindow::CongestionWindow(SteadyTime now, int64_t threshold)
    : size_(kUnit *
            (threshold == kNone ? kFirstWindow : std::clamp<int64_t>(threshold, 1, kFirstWindow))),
      threshold_(threshold == kNone ? std::numeric_limits<int64_t>::max() : kUnit * threshold),
      last_held_(now),
      last_admitted_(now),
      since_(now) {}

CongestionWindow CongestionWindow::Around(SteadyTime now, int64_t calls) {
  CongestionWindow window(now, kNone);
  window.size_ = kMost * kUnit;
  window.inside_ = calls;
  window.slices_.push_back({FloorDiv(now.nanos(), kSliceNanos), calls, calls});
  return window;
}

CongestionWindow CongestionWindow::Emptied() const {
  CongestionWindow window = *this;
  window.inside_before_ = std::exchange(window.inside_, 0);
  window.slices_.clear();
  return window;
}

bool CongestionWindow::HasPlace(SteadyTime now, absl::Duration patience) {
  if (size_ >= kUnit) return (inside_ + 1) * kUnit <= size_;
  if (inside_ > 0) return false;
  // Who calls seldom finds out too.
  if (now - last_admitted_ >= patience) return true;
  credit_ += size_;
  if (credit_ < kUnit) return false;
  credit_ -= kUnit;
  return true;
}

bool CongestionWindow::Admit(SteadyTime now, absl::Duration patience) {
  Forget(now, patience);
  if (!HasPlace(now, patience)) {
    last_held_ = now;
    return false;
  }
  last_admitted_ = now;
  const int64_t index = FloorDiv(now.nanos(), kSliceNanos);
  if (slices_.empty() || slices_.back().index != index) slices_.push_back({index, 0, 0});
  ++inside_;
  ++slices_.back().calls;
  slices_.back().most = std::max(slices_.back().most, inside_);
  return true;
}

std::optional<SteadyTime> CongestionWindow::FullUntil(absl::Duration patience) const {
  const bool full = size_ >= kUnit ? (inside_ + 1) * kUnit > size_ : inside_ > 0;
  if (!full || slices_.empty()) return std::nullopt;
  return SteadyTime::FromSinceZero(absl::Nanoseconds(kSliceNanos) * (slices_.front().index + 1) +
                                   patience);
}

void CongestionWindow::Return(SteadyTime start, SteadyTime now, absl::Duration patience,
                              bool success) {
  Forget(now, patience);
  // It began after those, which are back by now as well.
  if (success) inside_before_ = 0;
  const int64_t index = FloorDiv(std::max(start, since_).nanos(), kSliceNanos);
  const auto slice =
      std::lower_bound(slices_.begin(), slices_.end(), index,
                       [](const Slice& at, int64_t wanted) { return at.index < wanted; });
  if (slice == slices_.end() || slice->index != index) {
    if (success) Grow(now);
    return;
  }
  if (slice->calls == 0) return;  // one that came by while the window was made
  FUSEBOX_DCHECK(inside_ > 0);
  --slice->calls;
  --inside_;
  // A window that is hardly used says nothing of what would be too much.
  if (success && slice->most * kUnit * kUsedPart >= size_) Grow(now);
}

void CongestionWindow::Grow(SteadyTime now) {
  if (now < held_until_) return;
  if (size_ < kUnit) {
    size_ = std::min(size_ + size_ / 4, kUnit);
    return;
  }
  size_ = std::min(size_ + (size_ < threshold_ ? kUnit : SlowGrowth(now)), kMost * kUnit);
}

int64_t CongestionWindow::SlowGrowth(SteadyTime now) {
  if (last_growth_ == kNever || now - last_growth_ > kDoubles) grows_since_ = now;
  last_growth_ = now;
  const int64_t doublings = (now - grows_since_) / kDoubles;
  const int64_t a_trip = kUnit * kUnit / kCallPart / std::min(size_, kManyCalls * kUnit);
  return std::max(a_trip * kUnit / size_, kUnit / kWindowPart)
         << std::min(doublings, kMostDoublings);
}

void CongestionWindow::Cut(SteadyTime start, SteadyTime now, int64_t ratio) {
  if (start <= last_cut_) return;
  last_cut_ = last_held_ = now;
  last_growth_ = kNever;
  size_ = std::max(kLeast, Scaled(std::min(size_, (inside_ + inside_before_ + 1) * kUnit), ratio));
  threshold_ = size_;
}

void CongestionWindow::Forget(SteadyTime now, absl::Duration patience) {
  const int64_t first = FloorDiv((now + -patience).nanos(), kSliceNanos);
  while (!slices_.empty() && slices_.front().index < first) {
    inside_ -= slices_.front().calls;
    slices_.pop_front();
  }
}

}  // namespace fusebox::internal
