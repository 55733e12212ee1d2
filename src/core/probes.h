// SPDX-License-Identifier: Apache-2.0
//
// The probes of one HALF_OPEN (rule R5).
#ifndef FUSEBOX_SRC_CORE_PROBES_H_
#define FUSEBOX_SRC_CORE_PROBES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "src/base/dcheck.h"
#include "src/core/stall_guard.h"

namespace fusebox::internal {

// The places for probes, and since when each is taken. Not thread-safe.
class Probes {
 public:
  // With nothing unset.
  explicit Probes(const HalfOpenPolicy& policy);

  // A place, or empty if all are taken, or if as many calls were admitted as are to be. `now` must
  // not go back.
  std::optional<int32_t> Admit(SteadyTime now);

  // A probe has come back from a place that it had. `counts` is false for an ignored one, which
  // gives back its admission too.
  void Return(int32_t place, bool counts);

  // Of a place that is taken.
  SteadyTime Since(int32_t place) const {
    FUSEBOX_DCHECK(IsTaken(place));
    return At(place).since;
  }

  // One look at whether a probe has been out for too long.
  bool CheckTimeout(SteadyTime now);

  // One look was taken then, which found none.
  void LookedAt(SteadyTime then) { guard_.LookedAt(then); }

  // Until when no probe can be admitted, unless one comes back; and no look can find one that has
  // been out for too long. Empty: a call may be admitted, or it takes a look to know.
  std::optional<SteadyTime> FullUntil(SteadyTime now) const;
  static constexpr SteadyTime kForever = SteadyTime::FromNanos(std::numeric_limits<int64_t>::max());

  int64_t out() const { return out_; }

 private:
  // Those that are taken are a list, the longest out first; those that are free are another.
  struct Place {
    SteadyTime since;
    int16_t earlier = kNone;
    int16_t later = kNone;  // or the next that is free
    bool taken = false;
  };
  static constexpr int16_t kNone = -1;

  bool IsTaken(int32_t place) const {
    return place >= 0 && static_cast<std::size_t>(place) < places_.size() && At(place).taken;
  }
  Place& At(int32_t place) { return places_[static_cast<std::size_t>(place)]; }
  const Place& At(int32_t place) const { return places_[static_cast<std::size_t>(place)]; }

  const absl::Duration timeout_;
  const std::optional<int64_t> admissions_limit_;
  std::vector<Place> places_;
  int16_t first_ = kNone;  // of those that are taken
  int16_t last_ = kNone;
  int16_t free_ = 0;  // kNone: all are taken
  int64_t out_ = 0;
  int64_t admissions_ = 0;
  StallGuard guard_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_PROBES_H_
