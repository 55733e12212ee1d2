// SPDX-License-Identifier: Apache-2.0
//
// How many calls may be out at the same time while a dependency comes back (rule R17), or has too
// much to do (rule R18).
#ifndef FUSEBOX_SRC_CORE_CONGESTION_WINDOW_H_
#define FUSEBOX_SRC_CORE_CONGESTION_WINDOW_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox::internal {

// Grows as TCP's does: by one call for each success below the threshold, so that it doubles each
// round trip, and above it by a 64th of a call each round trip (by more if it is less than 8
// calls), or by a 1,024th of itself if that is more; twice as fast for every 10 s in which it goes
// on growing, so that it finds what a dependency can take that has become much faster. Below one
// call it is the share of calls that is let through, one after the other, and a quarter more with
// each success. Reckoned in millionths, cut off. Not thread-safe; `now` must not go back.
class CongestionWindow {
 public:
  // `threshold`: from where on it grows slowly; kNone: from nowhere.
  static constexpr int64_t kNone = -1;
  CongestionWindow(SteadyTime now, int64_t threshold);

  // Without a limit before the first cut; `calls` are out, and have a place.
  static CongestionWindow Around(SteadyTime now, int64_t calls);

  // The same limit with none of the calls that have a place; the next cut still counts them.
  CongestionWindow Emptied() const;

  // Whether there is a place for one more call; if not, that is remembered. A call that has had its
  // place for `patience` has it no longer.
  bool Admit(SteadyTime now, absl::Duration patience);

  // The last of some calls was held back then, with no place for any.
  void HeldAt(SteadyTime then) { last_held_ = std::max(last_held_, then); }

  // Until when there is no place, unless a call gives its own back. Empty: there may be one.
  std::optional<SteadyTime> FullUntil(absl::Duration patience) const;

  // A call that started then gives its place back, if it still has it; the window grows by its
  // success, if at least half of it was in use around its start as far as that is still known.
  void Return(SteadyTime start, SteadyTime now, absl::Duration patience, bool success);

  // A call that started then has met an overload: `ratio` (in billionths) is left of what was in
  // use with it, and from there on it grows slowly. Only if it started after the last cut: what was
  // out then knew nothing of it.
  void Cut(SteadyTime start, SteadyTime now, int64_t ratio);

  // It neither grows nor ends before that.
  void HoldUntil(SteadyTime time) { held_until_ = std::max(held_until_, time); }

  // Whether no call has had to be held back for that long.
  bool WasEnoughFor(absl::Duration span, SteadyTime now) const { return now >= EndsAfter(span); }

  SteadyTime EndsAfter(absl::Duration span) const {
    return std::max(last_held_ + span, held_until_);
  }

  // Whether it grows slowly from some size on, which was too much once.
  bool has_threshold() const { return threshold_ != std::numeric_limits<int64_t>::max(); }

  SteadyTime since() const { return since_; }
  double size() const { return static_cast<double>(size_) / kUnit; }

 private:
  static constexpr int64_t kUnit = 1'000'000;
  static constexpr SteadyTime kNever = SteadyTime::FromNanos(std::numeric_limits<int64_t>::min());

  // Of calls that started around the same time: how many have a place, and the most that had one
  // when one of them started.
  struct Slice {
    int64_t index = 0;
    int64_t calls = 0;
    int64_t most = 0;
  };
  static constexpr int64_t kSliceNanos = 62'500'000;

  bool HasPlace(SteadyTime now, absl::Duration patience);
  void Grow(SteadyTime now);
  int64_t SlowGrowth(SteadyTime now);
  void Forget(SteadyTime now, absl::Duration patience);

  int64_t size_;
  int64_t threshold_;
  int64_t inside_ = 0;
  int64_t inside_before_ = 0;  // that have lost their places, until a later one succeeds
  int64_t credit_ = 0;         // of the share, below one call
  SteadyTime last_held_;
  SteadyTime last_admitted_;
  SteadyTime last_cut_ = kNever;
  SteadyTime last_growth_ = kNever;  // above the threshold
  SteadyTime grows_since_ = kNever;
  SteadyTime held_until_ = kNever;
  SteadyTime since_;
  std::deque<Slice> slices_;  // by index
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CONGESTION_WINDOW_H_
