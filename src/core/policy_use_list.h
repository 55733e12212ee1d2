// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_POLICY_USE_LIST_H_
#define FUSEBOX_SRC_CORE_POLICY_USE_LIST_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/policy_use.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Those of the channels that there are. Thread-safe.
class PolicyUseList {
 public:
  // It is one of them for as long as the answer is held.
  std::shared_ptr<PolicyUse> Add(absl::string_view target, std::vector<PolicyUse::Entry> entries);

  // What no channel of its target has used, in order.
  std::vector<UnusedPolicy> Unused();

 private:
  Mutex mutex_;
  std::vector<std::weak_ptr<const PolicyUse>> uses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_POLICY_USE_LIST_H_
