// SPDX-License-Identifier: Apache-2.0
#include "interceptors/options_check.h"

#include <google/protobuf/descriptor.h>

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace fusebox {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using Errors = std::vector<std::string>;

std::vector<std::string> MethodsOf(const ServiceDescriptor& service) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(service.method_count()));
  for (int i = 0; i < service.method_count(); ++i) names.push_back(service.method(i)->name());
  return names;
}

// The linked method of that name, "package.Service/Method". Null if its service isn't linked, and
// an error if it has no such method.
const MethodDescriptor* FindMethod(const std::string& name, Errors& errors) {
  const std::size_t slash = name.find('/');
  const auto* const service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name.substr(0, slash));
  if (service == nullptr) return nullptr;
  const auto* const method = service->FindMethodByName(name.substr(slash + 1));
  if (method == nullptr) {
    errors.push_back(absl::StrCat("method = \"", name, "\", must be one of ", service->full_name(),
                                  "'s: ", absl::StrJoin(MethodsOf(*service), ", ")));
  }
  return method;
}

// An entry with a policy for a part of what shares one circuit in that scope: its calls could only
// go by one of the policies.
void CheckScope(const CircuitBreakerOptions& options, Errors& errors) {
  if (options.scope == CircuitScope::kPerMethod) return;
  const bool per_service = options.scope == CircuitScope::kPerService;
  for (const std::string& name : options.policies.Names()) {
    const bool is_method = absl::StrContains(name, '/');
    if (!is_method && per_service) continue;
    // Unprotected ones have no circuit to share.
    if (options.policies.Resolve(is_method ? name : absl::StrCat(name, "/")) == nullptr) continue;
    errors.push_back(absl::StrCat(is_method ? "method" : "service", " = \"", name,
                                  "\", must not have a policy of its own: ",
                                  per_service ? "scope = kPerService gives its service one circuit"
                                              : "scope = kPerTarget gives the target one circuit"));
  }
}

void CheckStreams(const CircuitBreakerOptions& options, Errors& errors) {
  for (const auto& [name, streams] : options.method_streams) {
    if (!IsMethodName(name)) {
      errors.push_back(
          absl::StrCat("method_streams = \"", name, "\", must be \"package.Service/Method\""));
      continue;
    }
    const MethodDescriptor* const method = FindMethod(name, errors);
    if (method != nullptr && !method->client_streaming() && !method->server_streaming()) {
      errors.push_back(absl::StrCat("method_streams = \"", name, "\", must be a streaming method"));
    }
  }
}

void CheckType(absl::string_view what, const std::string& name, const std::string& given,
               const std::string& right, Errors& errors) {
  if (given == right) return;
  errors.push_back(
      absl::StrCat("fallbacks: ", name, ": ", what, " = ", given, ", must be ", right));
}

void CheckFallbacks(const CircuitBreakerOptions& options, Errors& errors) {
  if (absl::Status valid = options.fallbacks.Validate(); !valid.ok()) {
    errors.emplace_back(valid.message());
  }
  for (const std::string& name : options.fallbacks.Names()) {
    if (options.policies.Resolve(name) == nullptr) {
      errors.push_back(
          absl::StrCat("fallbacks: ", name, ": is unprotected, must be a protected method"));
    }
    const MethodDescriptor* const method = FindMethod(name, errors);
    if (method == nullptr) continue;
    if (method->client_streaming() || method->server_streaming()) {
      errors.push_back(absl::StrCat("fallbacks: ", name, ": is a stream, must be a unary method"));
    }
    const Fallback& fallback = *options.fallbacks.Find(name);
    CheckType("Request", name, fallback.RequestType(), method->input_type()->full_name(), errors);
    CheckType("Response", name, fallback.ResponseType(), method->output_type()->full_name(),
              errors);
  }
}

}  // namespace

std::vector<std::string> UnknownMethods(const PolicyTable& policies) {
  Errors errors;
  for (const std::string& name : policies.Names()) {
    if (absl::StrContains(name, '/')) FindMethod(name, errors);
  }
  return errors;
}

std::vector<std::string> CheckMethods(const CircuitBreakerOptions& options) {
  Errors errors = UnknownMethods(options.policies);
  CheckScope(options, errors);
  CheckStreams(options, errors);
  CheckFallbacks(options, errors);
  return errors;
}

}  // namespace fusebox
