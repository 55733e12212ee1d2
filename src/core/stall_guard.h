// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_STALL_GUARD_H_
#define FUSEBOX_SRC_CORE_STALL_GUARD_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox::internal {

// Tells calls that hang from a process that was stopped itself, whose answers wait in its sockets.
// Whoever looks whether calls have been out for an age passes on what was found. A finding that has
// no look in the half age before it may be either; it only arms the guard, and answers get a moment
// to be read (R5, R14). Not thread-safe; `now` must not go back.
class StallGuard {
 public:
  explicit StallGuard(absl::Duration age)
      : half_age_(Part(age, 2)), moment_(std::min(Part(age, 8), absl::Milliseconds(100))) {}

  // One look was taken then, which found nothing.
  void LookedAt(SteadyTime then) {
    if (!last_look_ || then > *last_look_) last_look_ = then;
  }

  // Whether something was found that doesn't hold yet.
  bool armed() const { return armed_at_.has_value(); }

  // Whether what was found holds.
  bool Look(SteadyTime now, bool found) {
    const bool looked_lately = last_look_ && now - *last_look_ <= half_age_;
    last_look_ = now;
    if (!found) {
      armed_at_.reset();
      return false;
    }
    if (armed_at_) return now - *armed_at_ >= moment_;
    if (!looked_lately) armed_at_ = now;
    return looked_lately;
  }

 private:
  // In whole nanoseconds, as the clock has them.
  static absl::Duration Part(absl::Duration age, int64_t parts) {
    return absl::Floor(age / parts, absl::Nanoseconds(1));
  }

  absl::Duration half_age_;
  absl::Duration moment_;
  std::optional<SteadyTime> last_look_;
  std::optional<SteadyTime> armed_at_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_STALL_GUARD_H_
