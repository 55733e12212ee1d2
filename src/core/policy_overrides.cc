// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy_overrides.h"

#include <set>
#include <utility>

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

}  // namespace

absl::Status Validate(const PolicyOverrides& overrides) {
  return OverridesChecker().Check(overrides);
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
