// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy_overrides.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fusebox/circuit_name.h"
#include "fusebox/policy_table.h"
#include "src/base/printable.h"
#include "src/core/overrides_index.h"

namespace fusebox {

using internal::OverridesIndex;
using internal::Printable;

namespace {

class OverridesChecker {
 public:
  absl::Status Check(const PolicyOverrides& overrides) {
    std::set<absl::string_view> names;
    for (const DependencyOverrides& each : overrides.dependencies) {
      if (each.dependency.empty()) Fail("dependency = \"\"", "must not be empty");
      if (!names.insert(each.dependency).second) {
        Fail(absl::StrCat("dependency = \"", Shown(each.dependency), "\""), "is there twice");
      }
      CheckOne(each);
    }
    if (errors_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("invalid overrides: ", absl::StrJoin(errors_, "; ")));
  }

 private:
  static std::string Shown(absl::string_view text) { return Printable(text, kMaxCircuitNameBytes); }

  void Fail(absl::string_view what, absl::string_view problem) {
    errors_.push_back(absl::StrCat(what, ", ", problem));
  }

  void CheckOne(const DependencyOverrides& of) {
    const std::string where = Shown(of.dependency);
    CheckPatch(of.default_policy, absl::StrCat(where, ": the default"));
    for (const auto& [service, patch] : of.services) {
      if (service.empty() || service.find('/') != std::string::npos) {
        Fail(absl::StrCat(where, ": service = \"", Shown(service), "\""),
             "must be of the form \"package.Service\"");
      }
      CheckPatch(patch, absl::StrCat(where, ": ", Shown(service)));
    }
    for (const auto& [method, patch] : of.methods) {
      if (!IsMethodName(method)) {
        Fail(absl::StrCat(where, ": method = \"", Shown(method), "\""),
             "must be of the form \"package.Service/Method\"");
      }
      CheckPatch(patch, absl::StrCat(where, ": ", Shown(method)));
    }
  }

  void CheckPatch(const PolicyPatch& patch, absl::string_view where) {
    const absl::Status valid = Validate(patch);
    if (!valid.ok()) errors_.push_back(absl::StrCat(where, ": ", valid.message()));
  }

  std::vector<std::string> errors_;
};

// Which entries circuits go by.
class UsedEntries {
 public:
  explicit UsedEntries(const PolicyOverrides& overrides)
      : overrides_(overrides), index_(overrides) {}

  void Add(const CircuitIdentity& circuit) {
    if (circuit.target != last_target_) {  // as a rule many have one target
      last_target_ = std::string(circuit.target);
      const DependencyOverrides* const found = index_.FindDependency(circuit.target);
      last_ = found == nullptr ? nullptr : &used_[found];
    }
    if (last_ == nullptr) return;
    const absl::string_view method = internal::MethodOf(circuit);
    const std::size_t slash = method.find('/');
    if (slash == absl::string_view::npos) {
      last_->tells_methods = false;
      return;
    }
    last_->scopes.emplace(method);
    last_->scopes.emplace(method.substr(0, slash));
  }

  std::vector<UnusedOverride> Unused() const {
    std::vector<UnusedOverride> unused;
    for (const DependencyOverrides& each : overrides_.dependencies) {
      const auto used = used_.find(&each);
      if (used == used_.end()) {
        unused.push_back({each.dependency, ""});
      } else if (used->second.tells_methods) {
        AddUnused(each.dependency, each.services, used->second, unused);
        AddUnused(each.dependency, each.methods, used->second, unused);
      }
    }
    return unused;
  }

 private:
  struct Used {
    bool tells_methods = true;
    std::set<std::string> scopes;  // services and methods
  };

  static void AddUnused(const std::string& dependency,
                        const std::map<std::string, PolicyPatch>& entries, const Used& used,
                        std::vector<UnusedOverride>& unused) {
    for (const auto& [scope, patch] : entries) {
      if (used.scopes.count(scope) == 0) unused.push_back({dependency, scope});
    }
  }

  const PolicyOverrides& overrides_;
  const OverridesIndex index_;
  std::map<const DependencyOverrides*, Used> used_;
  std::optional<std::string> last_target_;
  Used* last_ = nullptr;
};

}  // namespace

absl::Status Validate(const PolicyOverrides& overrides) {
  return OverridesChecker().Check(overrides);
}

std::vector<UnusedOverride> UnusedOverrides(const PolicyOverrides& overrides,
                                            const std::vector<CircuitIdentity>& circuits) {
  UsedEntries used(overrides);
  for (const CircuitIdentity& circuit : circuits) used.Add(circuit);
  return used.Unused();
}

PolicyPatch Resolve(const PolicyOverrides& overrides, const CircuitIdentity& circuit) {
  const OverridesIndex index(overrides);
  PolicyPatch patch;
  for (const PolicyPatch* const each : index.Find(circuit)) {
    if (each != nullptr) patch = Combined(std::move(patch), *each);
  }
  return patch;
}

}  // namespace fusebox
