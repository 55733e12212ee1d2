// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_RULES_RATE_RULE_H_
#define FUSEBOX_SRC_CORE_RULES_RATE_RULE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "fusebox/snapshot.h"
#include "src/core/rules/verdict.h"

namespace fusebox::internal {

// A share of the recorded calls, once there are enough of them: of failures or of slow calls, over
// the window or over probes.
class RateRule {
 public:
  static RateRule Failures(Cause cause, double rate, int64_t minimum_calls) {
    return RateRule(cause, "failure rate", &WindowCounts::failures, rate, minimum_calls);
  }
  static RateRule SlowCalls(Cause cause, double rate, int64_t minimum_calls) {
    return RateRule(cause, "slow call rate", &WindowCounts::slow, rate, minimum_calls);
  }

  std::optional<Verdict> Check(const WindowCounts& counts) const;

 private:
  RateRule(Cause cause, absl::string_view what, int64_t WindowCounts::*part, double rate,
           int64_t minimum_calls)
      : cause_(cause), what_(what), part_(part), rate_(rate), minimum_calls_(minimum_calls) {}

  Cause cause_;
  absl::string_view what_;
  int64_t WindowCounts::*part_;
  double rate_;
  int64_t minimum_calls_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_RATE_RULE_H_
