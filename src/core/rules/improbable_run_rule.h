// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_RULES_IMPROBABLE_RUN_RULE_H_
#define FUSEBOX_SRC_CORE_RULES_IMPROBABLE_RUN_RULE_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/core/call_averages.h"
#include "src/core/rules/verdict.h"

namespace fusebox::internal {

// Failures in a row that chance alone hardly ever brings about (rule R15).
struct ImprobableRunRule {
  const ImprobableRun& policy;

  std::optional<Verdict> Check(int64_t run, const CallAverages& averages) const;
};

// How far apart two failures of a run may be.
inline constexpr absl::Duration kLongestGapInRun = absl::Minutes(10);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_IMPROBABLE_RUN_RULE_H_
