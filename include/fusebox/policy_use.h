// SPDX-License-Identifier: Apache-2.0
//
// Which of a channel's settings for services and methods have matched a call: one with a name that
// nobody calls, as after a rename, never applies, and nothing else would say so. The interceptor
// keeps one for each channel (`CircuitRegistry::TrackPolicies`); whoever resolves a `PolicyTable`
// for calls of another kind may keep one as well:
//
//   fusebox::PolicyTable table;
//   table.Service("shop.Inventory", policy);
//   const auto use = registry->TrackPolicies("inventory", {{"policy", "shop.Inventory"}});
//   use->Note("policy", table.Match("shop.Inventory/Reserve").entry);  // for each call
//
//   for (const fusebox::UnusedPolicy& unused : registry->UnusedPolicies()) {
//     std::cout << unused.target << ": no call of " << unused.name << " so far\n";
//   }
#ifndef FUSEBOX_POLICY_USE_H_
#define FUSEBOX_POLICY_USE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/export.h"

namespace fusebox {

// A setting that no call has matched.
struct UnusedPolicy {
  std::string target;   // the channel's, as in its circuits' names
  std::string setting;  // "policy", "unprotected", "stream options" or "fallback"
  std::string name;     // "package.Service" or "package.Service/Method"
};

// Thread-safety: every method may be called from any thread at any time. None takes a lock.
class FUSEBOX_EXPORT PolicyUse {
 public:
  // A setting, and the name that it is for.
  using Entry = std::pair<std::string, std::string>;

  PolicyUse(absl::string_view target, std::vector<Entry> entries);
  PolicyUse(const PolicyUse&) = delete;
  PolicyUse& operator=(const PolicyUse&) = delete;
  ~PolicyUse() = default;

  // A call has matched that one. No effect if there is no such entry.
  void Note(absl::string_view setting, absl::string_view name);

  const std::string& target() const { return target_; }
  const std::vector<Entry>& entries() const { return entries_; }
  bool used(std::size_t entry) const { return used_[entry].load(std::memory_order_relaxed); }

 private:
  const std::string target_;
  const std::vector<Entry> entries_;  // in order

  // By entry. Each says nothing of any other memory: relaxed.
  const std::unique_ptr<std::atomic<bool>[]> used_;
};

}  // namespace fusebox

#endif  // FUSEBOX_POLICY_USE_H_
