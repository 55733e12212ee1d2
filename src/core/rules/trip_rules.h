// SPDX-License-Identifier: Apache-2.0
//
// The trip rules of a policy, in their order (rule R2).
#ifndef FUSEBOX_SRC_CORE_RULES_TRIP_RULES_H_
#define FUSEBOX_SRC_CORE_RULES_TRIP_RULES_H_

#include <cstdint>
#include <optional>

#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/call_averages.h"
#include "src/core/rules/verdict.h"

namespace fusebox::internal {

struct FailuresInARow {
  int64_t all = 0;
  int64_t recent = 0;  // without those from before a long gap
};

// The first rule that holds, if one does. `averages` may be null if no rule looks at them.
std::optional<Verdict> CheckTripRules(const Policy& policy, FailuresInARow failures,
                                      const CallAverages* averages, const WindowCounts& counts);

// Whether one more fast success could make a rule hold. If not, it need only be counted, and be
// told before the next failure, whose run it ends. While the present slice of time lasts, a success
// lowers every rate; so what remains is a rate that only waits for the minimum of calls.
bool SuccessMatters(const Policy& policy, const WindowCounts& counts);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_TRIP_RULES_H_
