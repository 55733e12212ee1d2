// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy_table.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "src/core/method_name.h"

namespace fusebox {

using internal::IsIdentifier;
using internal::IsServiceName;

namespace {

constexpr absl::string_view kHealthService = "grpc.health.v1.Health";
constexpr absl::string_view kReflectionPrefix = "grpc.reflection.";

bool UnprotectedByNature(absl::string_view service) {
  return service == kHealthService || absl::StartsWith(service, kReflectionPrefix);
}

}  // namespace

bool IsMethodName(absl::string_view name) {
  const std::size_t slash = name.find('/');
  return slash != absl::string_view::npos && IsServiceName(name.substr(0, slash)) &&
         IsIdentifier(name.substr(slash + 1));
}

PolicyTable& PolicyTable::Default(const Policy& policy) {
  if (default_given_) errors_.emplace_back("default: given twice");
  if (absl::Status valid = fusebox::Validate(policy); !valid.ok()) {
    errors_.push_back(absl::StrCat("default: ", valid.message()));
  }
  default_given_ = true;
  default_policy_ = policy;
  return *this;
}

PolicyTable& PolicyTable::Service(absl::string_view service, const Policy& policy) {
  if (IsServiceName(service)) {
    Add(service, policy);
  } else {
    errors_.push_back(absl::StrCat("service = \"", service, "\", must be \"package.Service\""));
  }
  return *this;
}

PolicyTable& PolicyTable::Method(absl::string_view method, const Policy& policy) {
  if (IsMethodName(method)) {
    Add(method, policy);
  } else {
    errors_.push_back(
        absl::StrCat("method = \"", method, "\", must be \"package.Service/Method\""));
  }
  return *this;
}

PolicyTable& PolicyTable::Unprotected(absl::string_view method_or_service) {
  if (IsMethodName(method_or_service) || IsServiceName(method_or_service)) {
    Add(method_or_service, std::nullopt);
  } else {
    errors_.push_back(
        absl::StrCat("unprotected = \"", method_or_service,
                     "\", must be \"package.Service/Method\" or \"package.Service\""));
  }
  return *this;
}

void PolicyTable::Add(absl::string_view name, std::optional<Policy> policy) {
  if (policy) {
    if (absl::Status valid = fusebox::Validate(*policy); !valid.ok()) {
      errors_.push_back(absl::StrCat(name, ": ", valid.message()));
    }
  }
  Entries& entries = absl::StrContains(name, '/') ? methods_ : services_;
  if (!entries.emplace(name, std::move(policy)).second) {
    errors_.push_back(absl::StrCat(name, ": given twice"));
  }
}

absl::Status PolicyTable::Validate() const {
  if (errors_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invalid policy table: ", absl::StrJoin(errors_, "; ")));
}

PolicyTable& PolicyTable::AllowUnknownNames() {
  allows_unknown_names_ = true;
  return *this;
}

const Policy* PolicyTable::Resolve(absl::string_view method) const { return Match(method).policy; }

PolicyTable::Matched PolicyTable::Match(absl::string_view method) const {
  method = absl::StripPrefix(method, "/");
  const absl::string_view service = method.substr(0, method.rfind('/'));
  for (const auto& [entries, name] :
       {std::pair(&methods_, method), std::pair(&services_, service)}) {
    if (const auto found = entries->find(name); found != entries->end()) {
      return {found->second ? &*found->second : nullptr, found->first};
    }
  }
  return {UnprotectedByNature(service) ? nullptr : &default_policy_, {}};
}

std::vector<std::string> PolicyTable::Names() const {
  std::vector<std::string> names;
  for (const Entries* entries : {&services_, &methods_}) {
    for (const auto& entry : *entries) names.push_back(entry.first);
  }
  return names;
}

}  // namespace fusebox
