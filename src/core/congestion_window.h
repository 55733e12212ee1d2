// SPDX-License-Identifier: Apache-2.0
//
// How many calls may be out at the same time while a dependency comes back (rule R17).
#ifndef FUSEBOX_SRC_CORE_CONGESTION_WINDOW_H_
#define FUSEBOX_SRC_CORE_CONGESTION_WINDOW_H_

#include <cstdint>
#include <deque>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox::internal {

// Grows as TCP's does: by one for each success below the threshold, so that it doubles each round
// trip, and above it by a quarter each round trip. Reckoned in 1,024ths, cut off. Not thread-safe;
// `now` must not go back.
class CongestionWindow {
 public:
  // `threshold`: from where on it grows slowly; kNone: from nowhere.
  static constexpr int64_t kNone = -1;
  CongestionWindow(SteadyTime now, int64_t threshold);

  // Whether there is a place for one more call; if not, that is remembered. A call that has had its
  // place for `patience` has it no longer.
  bool Admit(SteadyTime now, absl::Duration patience);

  // A call that started then gives its place back, if it still has it; the window grows by its
  // success, if at least half of it was in use around its start.
  void Return(SteadyTime start, SteadyTime now, absl::Duration patience, bool success);

  // Whether no call has had to be held back for so long.
  bool WasEnoughFor(absl::Duration span, SteadyTime now) const { return now - last_held_ >= span; }

  double size() const { return static_cast<double>(size_) / kUnit; }

 private:
  static constexpr int64_t kUnit = 1'024;

  // Of calls that started around the same time: how many have a place, and the most that had one
  // when one of them started.
  struct Slice {
    int64_t index = 0;
    int64_t calls = 0;
    int64_t most = 0;
  };
  static constexpr int64_t kSliceNanos = 62'500'000;

  void Grow();
  void Forget(SteadyTime now, absl::Duration patience);

  int64_t size_;
  int64_t threshold_;
  int64_t inside_ = 0;
  SteadyTime last_held_;
  std::deque<Slice> slices_;  // by index
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CONGESTION_WINDOW_H_
