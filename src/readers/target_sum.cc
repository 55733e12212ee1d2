// SPDX-License-Identifier: Apache-2.0
#include "src/readers/target_sum.h"

#include <algorithm>
#include <cstddef>

namespace fusebox::internal {
namespace {

void RaiseTo(int64_t least, int64_t& count) { count = std::max(count, least); }

void RaiseTo(const Totals& least, Totals& totals) {
  RaiseTo(least.success, totals.success);
  RaiseTo(least.failure, totals.failure);
  RaiseTo(least.ignored, totals.ignored);
  RaiseTo(least.slow, totals.slow);
  RaiseTo(least.rejected, totals.rejected);
  RaiseTo(least.too_many_calls, totals.too_many_calls);
  RaiseTo(least.would_reject, totals.would_reject);
  RaiseTo(least.opened, totals.opened);
  RaiseTo(least.probes_failed, totals.probes_failed);
  if (!least.failures_by_code.was_edited()) return;
  auto& by_code = totals.failures_by_code.Edit();
  for (std::size_t code = 0; code < by_code.size(); ++code) {
    RaiseTo(least.failures_by_code[code], by_code[code]);
  }
}

}  // namespace

TargetSummer::TargetSummer(const std::vector<TargetTotals>& removed) {
  for (const TargetTotals& gone : removed) sums_[gone.target].totals += gone.totals;
}

void TargetSummer::Add(const CircuitSnapshot& circuit) {
  auto place = sums_.find(circuit.target);
  if (place == sums_.end()) place = sums_.try_emplace(circuit.target).first;
  TargetSum& sum = place->second;
  sum.totals += circuit.totals;
  sum.in_flight += circuit.in_flight;
  ++sum.circuits[static_cast<std::size_t>(circuit.state)];
}

void ShownSums::Raise(SumsByTarget& sums) {
  MutexLock lock(mutex_);
  std::map<std::string, Totals, std::less<>> shown;
  for (auto& [target, sum] : sums) {
    if (const auto before = shown_.find(target); before != shown_.end()) {
      RaiseTo(before->second, sum.totals);
    }
    shown.emplace_hint(shown.end(), target, sum.totals);
  }
  shown_ = std::move(shown);
}

}  // namespace fusebox::internal
