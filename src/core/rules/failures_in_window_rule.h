// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_RULES_FAILURES_IN_WINDOW_RULE_H_
#define FUSEBOX_SRC_CORE_RULES_FAILURES_IN_WINDOW_RULE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "fusebox/snapshot.h"
#include "src/base/counted.h"
#include "src/core/rules/verdict.h"

namespace fusebox::internal {

// N failures inside the window (rule R2).
struct FailuresInWindowRule {
  int64_t limit;

  std::optional<Verdict> Check(const WindowCounts& counts) const {
    if (counts.failures < limit) return std::nullopt;
    return Verdict{Cause::kFailuresInWindow,
                   absl::StrCat(Counted(counts.failures, "failure"), " >= ", limit,
                                " in a window of ", Counted(counts.recorded, "call")),
                   counts.failures};
  }
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_FAILURES_IN_WINDOW_RULE_H_
