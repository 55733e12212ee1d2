// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_KEPT_POLICIES_H_
#define FUSEBOX_SRC_CORE_KEPT_POLICIES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "fusebox/policy.h"

namespace fusebox::internal {

// A policy that was set directly on a circuit.
struct KeptPolicy {
  std::shared_ptr<const Policy> policy;
  uint64_t order_seen = 0;  // the latest standing order about its policy by then
  bool adopted = false;     // orders since have been laid over it
};

// Policies that were set directly on circuits that were evicted since, for when these come back
// (P4).
//
// Not thread-safe.
class KeptPolicies {
 public:
  static constexpr std::size_t kMax = 1'000;

  bool full() const { return by_name_.size() >= kMax; }
  std::size_t size() const { return by_name_.size(); }

  // Returns the name of the circuit whose policy had to go, the one that was kept first; empty:
  // none.
  std::string Keep(absl::string_view name, KeptPolicy policy) {
    Take(name);
    std::string forgotten;
    if (full()) {
      forgotten = kept_.front().name;
      Take(forgotten);
    }
    kept_.push_back({std::string(name), std::move(policy)});
    by_name_.emplace(kept_.back().name, std::prev(kept_.end()));
    return forgotten;
  }

  // Empty if there is none. Forgets it, too.
  std::optional<KeptPolicy> Take(absl::string_view name) {
    if (by_name_.empty()) return std::nullopt;  // as most are: without a hash
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return std::nullopt;
    const auto kept = found->second;
    by_name_.erase(found);  // its key is the list's
    KeptPolicy policy = std::move(kept->policy);
    kept_.erase(kept);
    return policy;
  }

 private:
  struct Kept {
    std::string name;
    KeptPolicy policy;
  };

  std::list<Kept> kept_;  // the first one that was kept first
  absl::flat_hash_map<absl::string_view, std::list<Kept>::iterator> by_name_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_KEPT_POLICIES_H_
