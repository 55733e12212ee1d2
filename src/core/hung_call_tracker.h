// SPDX-License-Identifier: Apache-2.0
//
// Which calls have been in flight for too long (rule R14).
#ifndef FUSEBOX_SRC_CORE_HUNG_CALL_TRACKER_H_
#define FUSEBOX_SRC_CORE_HUNG_CALL_TRACKER_H_

#include <cstdint>
#include <optional>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "src/core/hung_call_slots.h"
#include "src/core/rules/verdict.h"
#include "src/core/stall_guard.h"

namespace fusebox::internal {

// Counts the calls that are out by the slice in which they started, each an eighth of the age long
// and aligned to the clock's zero; a call is hung once the end of its slice is the age ago. Calls
// may start and end in the slots at the same time; else not thread-safe. `now` must not go back.
class HungCallTracker {
 public:
  // `slots` must outlive it, and may be those of another one that is gone, of an earlier epoch.
  HungCallTracker(const HungCalls& policy, HungCallSlots& slots, uint64_t epoch, SteadyTime now);

  void Start(SteadyTime now);

  // A call that started then has ended.
  void End(SteadyTime start, SteadyTime now);

  // One look at whether too many are hung.
  std::optional<Verdict> Check(SteadyTime now);

  // Looks were taken without it, the last one then, which could find nothing.
  void LookedAt(SteadyTime then) { guard_.LookedAt(then); }

  // Until when no look can find too many that are hung, whatever starts in the slots. Empty: the
  // next one may.
  std::optional<SteadyTime> QuietUntil(SteadyTime now);

  int64_t slice_nanos() const { return slice_nanos_; }

 private:
  int64_t SliceAt(SteadyTime time) const;
  HungCallSlots::Tag TagOf(int64_t slice) const { return {epoch_, slice}; }
  SteadyTime HangsAt(int64_t slice) const;
  void AdvanceTo(SteadyTime now);

  int64_t limit_;
  int64_t age_nanos_;
  int64_t slice_nanos_;
  HungCallSlots& slots_;  // from first_ to after the present one
  const uint64_t epoch_;
  int64_t first_;  // the earliest slice whose calls are not hung yet
  int64_t hung_ = 0;
  StallGuard guard_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_HUNG_CALL_TRACKER_H_
