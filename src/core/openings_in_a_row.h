// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_OPENINGS_IN_A_ROW_H_
#define FUSEBOX_SRC_CORE_OPENINGS_IN_A_ROW_H_

#include <cstdint>
#include <optional>

#include "fusebox/clock.h"
#include "fusebox/policy.h"

namespace fusebox::internal {

// How many openings by a rule have come one after the other: what the backoff goes by (R4), and
// when it starts over (R22). Not thread-safe.
class OpeningsInARow {
 public:
  // As of `now`, for a circuit that may have been CLOSED for some time.
  int64_t Count(const Policy& policy, SteadyTime now) const {
    return IsForgotten(policy, now) ? 0 : count_;
  }

  // One more, of a circuit that isn't CLOSED any more. Returns how many there were before.
  int64_t Add() { return count_++; }

  // The circuit has closed by its probes or its ramp.
  void Close(SteadyTime now) { closed_at_ = now; }

  // It is in any other state now, whatever brought it there.
  void LeaveClosed(const Policy& policy, SteadyTime now) {
    Settle(policy, now);
    closed_at_.reset();
  }

  // Before another policy is in force: what this one has forgotten by now stays forgotten.
  void Settle(const Policy& policy, SteadyTime now) { count_ = Count(policy, now); }

  // By an operator's word; or what another circuit of the name has left.
  void StartAt(int64_t count) {
    count_ = count;
    closed_at_.reset();
  }

 private:
  bool IsForgotten(const Policy& policy, SteadyTime now) const {
    if (!closed_at_) return false;
    return !policy.backoff_memory || now - *closed_at_ >= *policy.backoff_memory;
  }

  int64_t count_ = 0;
  std::optional<SteadyTime> closed_at_;  // while CLOSED, unless an operator closed it
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OPENINGS_IN_A_ROW_H_
