// SPDX-License-Identifier: Apache-2.0
#include "src/core/congestion_window.h"

#include <algorithm>
#include <limits>

#include "src/base/dcheck.h"
#include "src/base/floor_div.h"

namespace fusebox::internal {
namespace {

constexpr int64_t kInitial = 2;

// More than any process has out, so that nothing overflows.
constexpr int64_t kMost = 100'000'000;

}  // namespace

CongestionWindow::CongestionWindow(SteadyTime now, int64_t threshold)
    : size_(kUnit * (threshold == kNone ? kInitial : std::clamp<int64_t>(threshold, 1, kInitial))),
      threshold_(threshold == kNone ? std::numeric_limits<int64_t>::max() : kUnit * threshold),
      last_held_(now) {}

bool CongestionWindow::Admit(SteadyTime now, absl::Duration patience) {
  Forget(now, patience);
  if ((inside_ + 1) * kUnit > size_) {
    last_held_ = now;
    return false;
  }
  const int64_t index = FloorDiv(now.nanos(), kSliceNanos);
  if (slices_.empty() || slices_.back().index != index) slices_.push_back({index, 0, 0});
  ++inside_;
  ++slices_.back().calls;
  slices_.back().most = std::max(slices_.back().most, inside_);
  return true;
}

void CongestionWindow::Return(SteadyTime start, SteadyTime now, absl::Duration patience,
                              bool success) {
  Forget(now, patience);
  const int64_t index = FloorDiv(start.nanos(), kSliceNanos);
  const auto slice =
      std::lower_bound(slices_.begin(), slices_.end(), index,
                       [](const Slice& at, int64_t wanted) { return at.index < wanted; });
  if (slice == slices_.end() || slice->index != index) return;
  FUSEBOX_DCHECK(slice->calls > 0 && inside_ > 0);
  --slice->calls;
  --inside_;
  // A window that is hardly used says nothing of what would be too much.
  if (success && slice->most * kUnit * 2 >= size_) Grow();
}

void CongestionWindow::Grow() {
  size_ += size_ < threshold_ ? kUnit : kUnit * kUnit / 4 / size_;
  size_ = std::min(size_, kMost * kUnit);
}

void CongestionWindow::Forget(SteadyTime now, absl::Duration patience) {
  const int64_t until = now.nanos() - absl::ToInt64Nanoseconds(patience);
  while (!slices_.empty() && (slices_.front().index + 1) * kSliceNanos <= until) {
    inside_ -= slices_.front().calls;
    slices_.pop_front();
  }
}

}  // namespace fusebox::internal
