// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_KEPT_POLICIES_H_
#define FUSEBOX_SRC_CORE_KEPT_POLICIES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "fusebox/policy.h"

namespace fusebox {

// Policies that operators have given to circuits that were evicted since, for when these come back
// (P4).
//
// Not thread-safe.
class KeptPolicies {
 public:
  static constexpr std::size_t kMax = 1'000;

  bool full() const { return policies_.size() >= kMax; }
  std::size_t size() const { return policies_.size(); }

  // REQUIRES: not full.
  void Keep(absl::string_view name, std::shared_ptr<const Policy> policy) {
    policies_.insert_or_assign(name, std::move(policy));
  }

  // Null if there is none. Forgets it, too.
  std::shared_ptr<const Policy> Take(absl::string_view name) {
    if (policies_.empty()) return nullptr;  // as most are: without a hash
    const auto found = policies_.find(name);
    if (found == policies_.end()) return nullptr;
    std::shared_ptr<const Policy> policy = std::move(found->second);
    policies_.erase(found);
    return policy;
  }

 private:
  absl::flat_hash_map<std::string, std::shared_ptr<const Policy>> policies_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_KEPT_POLICIES_H_
