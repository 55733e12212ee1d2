// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy_use.h"

#include <algorithm>

#include "fusebox/circuit_name.h"

namespace fusebox {
namespace {

std::vector<PolicyUse::Entry> InOrder(std::vector<PolicyUse::Entry> entries) {
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  return entries;
}

}  // namespace

PolicyUse::PolicyUse(absl::string_view target, std::vector<Entry> entries)
    : target_(CircuitName::OfTarget(target).target()),
      entries_(InOrder(std::move(entries))),
      used_(std::make_unique<std::atomic<bool>[]>(entries_.size())) {}

void PolicyUse::Note(absl::string_view setting, absl::string_view name) {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), std::pair(setting, name),
      [](const Entry& entry, const std::pair<absl::string_view, absl::string_view>& wanted) {
        return std::pair<absl::string_view, absl::string_view>(entry.first, entry.second) < wanted;
      });
  if (found == entries_.end() || found->first != setting || found->second != name) return;
  used_[static_cast<std::size_t>(found - entries_.begin())].store(true, std::memory_order_relaxed);
}

}  // namespace fusebox
