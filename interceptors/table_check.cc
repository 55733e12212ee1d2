// SPDX-License-Identifier: Apache-2.0
#include "interceptors/table_check.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fusebox {
namespace {

std::vector<std::string> MethodsOf(const google::protobuf::ServiceDescriptor& service) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(service.method_count()));
  for (int i = 0; i < service.method_count(); ++i) names.push_back(service.method(i)->name());
  return names;
}

}  // namespace

std::vector<std::string> UnknownMethods(const PolicyTable& policies) {
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  std::vector<std::string> errors;
  for (const std::string& name : policies.Names()) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos) continue;
    const auto* const service = pool->FindServiceByName(name.substr(0, slash));
    if (service == nullptr || service->FindMethodByName(name.substr(slash + 1)) != nullptr)
      continue;
    errors.push_back(absl::StrCat("method = \"", name, "\", must be one of ", service->full_name(),
                                  "'s: ", absl::StrJoin(MethodsOf(*service), ", ")));
  }
  return errors;
}

std::vector<std::string> NarrowerThan(CircuitScope scope, const PolicyTable& policies) {
  std::vector<std::string> errors;
  if (scope == CircuitScope::kPerMethod) return errors;
  for (const std::string& name : policies.Names()) {
    const bool is_method = absl::StrContains(name, '/');
    if (!is_method && scope == CircuitScope::kPerService) continue;
    // Unprotected ones have no circuit to share.
    if (policies.Resolve(is_method ? name : absl::StrCat(name, "/")) == nullptr) continue;
    errors.push_back(absl::StrCat(
        is_method ? "method" : "service", " = \"", name, "\", must not have a policy of its own: ",
        scope == CircuitScope::kPerService ? "scope = kPerService gives its service one circuit"
                                           : "scope = kPerTarget gives the target one circuit"));
  }
  return errors;
}

}  // namespace fusebox
