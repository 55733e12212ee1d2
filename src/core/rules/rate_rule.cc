// SPDX-License-Identifier: Apache-2.0
#include "src/core/rules/rate_rule.h"

#include "absl/strings/str_cat.h"
#include "src/base/counted.h"
#include "src/core/exact.h"

namespace fusebox::internal {

std::optional<Verdict> RateRule::Check(const WindowCounts& counts) const {
  const int64_t part = counts.*part_;
  if (counts.recorded < minimum_calls_ || !RateReached(part, counts.recorded, rate_)) {
    return std::nullopt;
  }
  const double reached = static_cast<double>(part) / static_cast<double>(counts.recorded);
  return Verdict{
      cause_,
      absl::StrCat(what_, " ", reached, " >= ", rate_, " over ", Counted(counts.recorded, "call")),
      part};
}

}  // namespace fusebox::internal
