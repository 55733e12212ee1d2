// SPDX-License-Identifier: Apache-2.0
//
// Which calls have been in flight for too long (rule R14).
#ifndef FUSEBOX_SRC_CORE_HUNG_CALL_TRACKER_H_
#define FUSEBOX_SRC_CORE_HUNG_CALL_TRACKER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "src/core/rules/verdict.h"
#include "src/core/stall_guard.h"

namespace fusebox::internal {

// Counts the calls that are out by the slice in which they started, each an eighth of the age long
// and aligned to the clock's zero; a call is hung once the end of its slice is the age ago. Not
// thread-safe; `now` must not go back.
class HungCallTracker {
 public:
  HungCallTracker(const HungCalls& policy, SteadyTime now);

  void Start(SteadyTime now);

  // A call that started then has ended.
  void End(SteadyTime start, SteadyTime now);

  // One look at whether too many are hung.
  std::optional<Verdict> Check(SteadyTime now);

 private:
  int64_t SliceAt(SteadyTime time) const;
  int64_t& CountOf(int64_t slice);
  void AdvanceTo(SteadyTime now);

  int64_t limit_;
  int64_t age_nanos_;
  int64_t slice_nanos_;
  int64_t first_;                // the earliest slice whose calls are not hung yet
  std::vector<int64_t> counts_;  // by slice, from first_ to the present one
  int64_t hung_ = 0;
  StallGuard guard_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_HUNG_CALL_TRACKER_H_
