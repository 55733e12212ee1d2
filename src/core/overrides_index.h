// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_OVERRIDES_INDEX_H_
#define FUSEBOX_SRC_CORE_OVERRIDES_INDEX_H_

#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "fusebox/policy_overrides.h"
#include "src/base/glob.h"

namespace fusebox::internal {

// "inventory/shop.Inventory/Reserve" is "shop.Inventory/Reserve", unless its maker says otherwise.
inline absl::string_view MethodOf(const CircuitIdentity& circuit) {
  if (!circuit.method.empty()) return circuit.method;
  absl::string_view rest = circuit.name.substr(circuit.target.size());
  if (!circuit.target.empty() && !rest.empty() && rest.front() == '/') rest.remove_prefix(1);
  return rest;
}

// Finds what overrides say of a circuit. Refers to them.
//
// Thread-safe, as it never changes.
class OverridesIndex {
 public:
  // Of the default, the service and the method, those that there are: a later one has the last
  // word. Null: there is none.
  using Patches = std::array<const PolicyPatch*, 3>;

  explicit OverridesIndex(const PolicyOverrides& overrides) {
    for (const DependencyOverrides& each : overrides.dependencies) {
      if (IsPlainName(each.dependency)) {
        by_name_.emplace(each.dependency, &each);
      } else {
        globs_.push_back(&each);
      }
    }
  }

  // The entry of just that name, else the first glob that fits; null if there is none.
  const DependencyOverrides* FindDependency(absl::string_view target) const {
    const auto found = by_name_.find(target);
    if (found != by_name_.end()) return found->second;
    if (globs_.empty()) return nullptr;
    GlobText text(target);
    for (const DependencyOverrides* const each : globs_) {
      if (text.Fits(each->dependency)) return each;
    }
    return nullptr;
  }

  Patches Find(const CircuitIdentity& circuit) const {
    return FindIn(FindDependency(circuit.target), circuit);
  }

  // In an entry, or none.
  static Patches FindIn(const DependencyOverrides* of, const CircuitIdentity& circuit) {
    if (of == nullptr) return {};
    const absl::string_view method = MethodOf(circuit);
    const absl::string_view service = method.substr(0, method.find('/'));
    return {&of->default_policy, FindIn(of->services, service), FindIn(of->methods, method)};
  }

 private:
  static const PolicyPatch* FindIn(const std::map<std::string, PolicyPatch>& patches,
                                   absl::string_view name) {
    const auto found = patches.find(std::string(name));
    return found == patches.end() ? nullptr : &found->second;
  }

  absl::flat_hash_map<absl::string_view, const DependencyOverrides*> by_name_;
  std::vector<const DependencyOverrides*> globs_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OVERRIDES_INDEX_H_
