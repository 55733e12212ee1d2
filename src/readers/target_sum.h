// SPDX-License-Identifier: Apache-2.0
//
// The sums over a target's circuits. Circuits come and go while a scrape reads them one after the
// other: one that is evicted meanwhile may have been read neither here nor among those that are
// gone. What has been shown is therefore remembered, and no counter is shown lower than before.
#ifndef FUSEBOX_SRC_READERS_TARGET_SUM_H_
#define FUSEBOX_SRC_READERS_TARGET_SUM_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "fusebox/registry_stats.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

struct TargetSum {
  Totals totals;  // of its circuits that there are, and that there were
  int64_t in_flight = 0;
  std::array<int64_t, kStateCount> circuits{};  // by State
};

using SumsByTarget = std::map<std::string, TargetSum, std::less<>>;  // by target

// Makes them of one scrape. Not thread-safe.
class TargetSummer {
 public:
  // What is gone has to be asked for before the circuits that there are: so none is counted twice.
  explicit TargetSummer(const std::vector<TargetTotals>& removed);

  void Add(const CircuitSnapshot& circuit);

  SumsByTarget Take() && { return std::move(sums_); }

 private:
  SumsByTarget sums_;
};

// Thread-safe.
class ShownSums {
 public:
  // Raises what is below what was shown of the same target before.
  void Raise(SumsByTarget& sums);

 private:
  Mutex mutex_;
  std::map<std::string, Totals, std::less<>> shown_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_READERS_TARGET_SUM_H_
