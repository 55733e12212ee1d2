// SPDX-License-Identifier: Apache-2.0
//
// What stands above the policies that are in code: as a rule a configuration file's
// (fusebox/config/config_watcher.h), or whatever an application has its settings from.
//
//   fusebox::PolicyOverrides overrides;
//   fusebox::DependencyOverrides& inventory = overrides.dependencies.emplace_back();
//   inventory.dependency = "inventory";
//   inventory.default_policy.values.open_duration = absl::Seconds(5);
//   inventory.default_policy.fields = {{"open_duration", "our settings"}};
//   absl::StatusOr<fusebox::OverridesResult> set =
//       registry->SetOverrides(overrides, fusebox::Operator("settings"));
#ifndef FUSEBOX_POLICY_OVERRIDES_H_
#define FUSEBOX_POLICY_OVERRIDES_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fusebox/export.h"
#include "fusebox/policy.h"
#include "fusebox/policy_patch.h"

namespace fusebox {

// Which circuit it is, beside its name.
struct CircuitIdentity {
  absl::string_view name;

  // The part of the name that is the channel's; may be empty.
  absl::string_view target;

  // "package.Service/Method", or "package.Service", for which the circuit was made, if the name
  // doesn't say so: that of a circuit by key. Empty: the part of the name behind the target.
  absl::string_view method;
};

// Of one dependency, or of several.
struct DependencyOverrides {
  // Whose circuits these are: their target, or a glob of targets, in which `*` stands for any
  // characters and `?` for one. A dependency goes by the entry of just its name, or by the first
  // glob that fits.
  std::string dependency;

  // Of every circuit. Those of services and methods are on top of it, field by field: a method's on
  // that of its service.
  PolicyPatch default_policy;
  std::map<std::string, PolicyPatch> services;  // by "package.Service"
  std::map<std::string, PolicyPatch> methods;   // by "package.Service/Method"
};

// A plain value.
struct PolicyOverrides {
  std::vector<DependencyOverrides> dependencies;
};

// What a circuit's policy was, and what it is or would be.
struct PolicyDifference {
  std::string circuit;
  std::shared_ptr<const Policy> before;  // both in force (Policy::InForce), and never null
  std::shared_ptr<const Policy> after;
};

// An entry that none of the circuits goes by: as a rule its name is misspelt, or nothing has called
// that so far.
struct UnusedOverride {
  std::string dependency;
  std::string scope;  // "package.Service" or "package.Service/Method"; empty: all of the dependency
};

// What came of `CircuitRegistry::SetOverrides`, or would.
struct OverridesResult {
  std::size_t circuits = 0;                   // that there are
  std::vector<PolicyDifference> differences;  // of those that got another policy, by name

  // Filled by `ConfigWatcher::Diff` and `ConfigControl::Preview` alone.
  std::vector<UnusedOverride> unused{};
};

// OK, or one INVALID_ARGUMENT with all that is wrong with the names and paths. Says nothing of the
// values, as `Validate(const PolicyPatch&)` doesn't.
FUSEBOX_EXPORT absl::Status Validate(const PolicyOverrides& overrides);

// The entries that none of these circuits goes by, in their order: a dependency, or of one with
// circuits its services and methods. Those are left out where circuits don't tell their methods, as
// circuits by key.
FUSEBOX_EXPORT std::vector<UnusedOverride> UnusedOverrides(
    const PolicyOverrides& overrides, const std::vector<CircuitIdentity>& circuits);

// The fields of a circuit that the overrides name, as one patch. Thread-safe.
FUSEBOX_EXPORT PolicyPatch Resolve(const PolicyOverrides& overrides,
                                   const CircuitIdentity& circuit);

}  // namespace fusebox

#endif  // FUSEBOX_POLICY_OVERRIDES_H_
