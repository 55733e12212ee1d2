// SPDX-License-Identifier: Apache-2.0
#include "src/core/policy_use_list.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace fusebox::internal {

std::shared_ptr<PolicyUse> PolicyUseList::Add(absl::string_view target,
                                              std::vector<PolicyUse::Entry> entries) {
  auto use = std::make_shared<PolicyUse>(target, std::move(entries));
  MutexLock lock(mutex_);
  uses_.erase(
      std::remove_if(uses_.begin(), uses_.end(), [](const auto& each) { return each.expired(); }),
      uses_.end());
  uses_.push_back(use);
  return use;
}

std::vector<UnusedPolicy> PolicyUseList::Unused() {
  std::vector<std::shared_ptr<const PolicyUse>> uses;
  {
    MutexLock lock(mutex_);
    for (const auto& each : uses_) {
      if (auto use = each.lock()) uses.push_back(std::move(use));
    }
  }
  // Whether any channel of that target has used it.
  std::map<std::tuple<std::string, std::string, std::string>, bool> used;
  for (const auto& use : uses) {
    for (std::size_t i = 0; i < use->entries().size(); ++i) {
      const auto& [setting, name] = use->entries()[i];
      used[{use->target(), name, setting}] |= use->used(i);
    }
  }
  std::vector<UnusedPolicy> unused;
  for (const auto& [entry, is_used] : used) {
    const auto& [target, name, setting] = entry;
    if (!is_used) unused.push_back({target, setting, name});
  }
  return unused;
}

}  // namespace fusebox::internal
