// SPDX-License-Identifier: Apache-2.0
#include "src/core/target_sums.h"

namespace fusebox::internal {

void TargetSums::Add(absl::string_view target, const Totals& totals) {
  MutexLock lock(mutex_);
  auto place = by_target_.find(target);
  if (place == by_target_.end()) {
    if (by_target_.size() >= kMaxTargets) target = {};
    place = by_target_.try_emplace(std::string(target)).first;
  }
  place->second += totals;
}

std::vector<TargetTotals> TargetSums::ByTarget() const {
  MutexLock lock(mutex_);
  std::vector<TargetTotals> totals;
  totals.reserve(by_target_.size());
  for (const auto& [target, sum] : by_target_) totals.push_back({target, sum});
  return totals;
}

}  // namespace fusebox::internal
