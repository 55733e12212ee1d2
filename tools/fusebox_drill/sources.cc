// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/sources.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/request_errors.h"
#include "tools/fusebox_drill/builtin_scenarios.h"
#include "tools/fusebox_drill/fusebox_guard.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/text.h"

namespace fusebox_drill {
namespace {

// "policies/strict.txt" is called "strict".
std::string NameOfFile(absl::string_view path) {
  const absl::string_view file = path.substr(path.rfind('/') + 1);
  return fuseboxctl::Printable(file.substr(0, file.rfind('.')));
}

// Of what is neither a name nor a file that can be read.
absl::Status NeitherNameNorFile(absl::string_view what, absl::string_view given,
                                const absl::Status& why, const std::vector<std::string>& names) {
  return absl::NotFoundError(absl::StrCat("\"", fuseboxctl::Printable(given), "\" is not a ", what,
                                          " nor a file: ", why.message(),
                                          "; by name there are: ", absl::StrJoin(names, ", ")));
}

absl::Status InFile(absl::string_view path, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrCat(fuseboxctl::Printable(path), ": ", status.message()));
}

}  // namespace

absl::StatusOr<fusebox::Policy> ParsePolicy(absl::string_view text) {
  const absl::StatusOr<fusebox::v1::PolicyChange> change = fuseboxctl::ChangeFromText(text);
  if (!change.ok()) return change.status();
  fusebox::internal::RequestErrors errors;
  fusebox::Policy policy = fusebox::internal::FromProto(change->policy(), "", errors);
  if (!errors.empty()) return absl::InvalidArgumentError(errors.Text());
  return policy;
}

std::vector<Protection> NamedProtections() {
  const std::vector<std::pair<std::string, fusebox::Policy>> policies = {
      {"default", fusebox::Policy()},
      {"fixed", fusebox::Policy::Fixed()},
      {"database", fusebox::Policy::Database()},
      {"message_broker", fusebox::Policy::MessageBroker()},
      {"internal_api", fusebox::Policy::InternalApi()},
      {"external_api", fusebox::Policy::ExternalApi()},
  };
  std::vector<Protection> named;
  for (const auto& [name, policy] : policies) {
    if (absl::StatusOr<Protection> made = ProtectBy(name, policy); made.ok()) {
      named.push_back(*std::move(made));
    }
  }
  named.push_back(ProtectByNothing());
  return named;
}

absl::StatusOr<Protection> FindProtection(const std::string& name_or_file,
                                          const std::vector<Protection>& named) {
  std::vector<std::string> names;
  for (const Protection& protection : named) {
    if (protection.name == name_or_file) return protection;
    names.push_back(protection.name);
  }
  const absl::StatusOr<std::string> text = fuseboxctl::ReadFile(name_or_file);
  if (!text.ok()) return NeitherNameNorFile("policy", name_or_file, text.status(), names);
  const absl::StatusOr<fusebox::Policy> policy = ParsePolicy(*text);
  if (!policy.ok()) return InFile(name_or_file, policy.status());
  return ProtectBy(NameOfFile(name_or_file), *policy);
}

absl::StatusOr<Scenario> FindScenario(const std::string& name_or_file) {
  std::vector<std::string> names;
  for (const BuiltinScenario& builtin : BuiltinScenarios()) {
    if (builtin.name == name_or_file) return ParseScenario(builtin.text);
    names.emplace_back(builtin.name);
  }
  const absl::StatusOr<std::string> text = fuseboxctl::ReadFile(name_or_file);
  if (!text.ok()) return NeitherNameNorFile("scenario", name_or_file, text.status(), names);
  absl::StatusOr<Scenario> scenario = ParseScenario(*text);
  if (!scenario.ok()) return InFile(name_or_file, scenario.status());
  return scenario;
}

std::vector<Scenario> AllScenarios() {
  std::vector<Scenario> all;
  for (const BuiltinScenario& builtin : BuiltinScenarios()) {
    if (absl::StatusOr<Scenario> scenario = ParseScenario(builtin.text); scenario.ok()) {
      all.push_back(*std::move(scenario));
    }
  }
  return all;
}

}  // namespace fusebox_drill
