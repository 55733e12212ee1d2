// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_RULES_CONSECUTIVE_FAILURES_RULE_H_
#define FUSEBOX_SRC_CORE_RULES_CONSECUTIVE_FAILURES_RULE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "src/base/counted.h"
#include "src/core/rules/verdict.h"

namespace fusebox::internal {

// N failures in a row (rule R2).
struct ConsecutiveFailuresRule {
  int64_t limit;

  std::optional<Verdict> Check(int64_t run) const {
    if (run < limit) return std::nullopt;
    return Verdict{Cause::kConsecutiveFailures,
                   absl::StrCat(Counted(run, "failure"), " in a row >= ", limit), run};
  }
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_CONSECUTIVE_FAILURES_RULE_H_
