// SPDX-License-Identifier: Apache-2.0
//
// What the circuits that have left a registry had counted, by target. Without it, whoever adds up
// the circuits of a target would see the sum go down with each that is evicted.
#ifndef FUSEBOX_SRC_CORE_TARGET_SUMS_H_
#define FUSEBOX_SRC_CORE_TARGET_SUMS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "fusebox/registry_stats.h"
#include "fusebox/snapshot.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Thread-safe.
class TargetSums {
 public:
  // Targets are few, and written in the program; should they be keys after all, memory stays
  // bounded: what has no place of its own is added up under the empty target.
  static constexpr std::size_t kMaxTargets = 1'000;

  void Add(absl::string_view target, const Totals& totals);

  std::vector<TargetTotals> ByTarget() const;

 private:
  mutable Mutex mutex_;
  absl::btree_map<std::string, Totals> by_target_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_TARGET_SUMS_H_
