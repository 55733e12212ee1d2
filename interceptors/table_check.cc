// SPDX-License-Identifier: Apache-2.0
#include "interceptors/table_check.h"

#include <google/protobuf/descriptor.h>

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

}  // namespace fusebox
