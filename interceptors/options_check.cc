// SPDX-License-Identifier: Apache-2.0
#include "interceptors/options_check.h"

#include <google/protobuf/descriptor.h>

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "interceptors/linked_services.h"

namespace fusebox::internal {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using Errors = std::vector<std::string>;

std::vector<std::string> MethodsOf(const ServiceDescriptor& service) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(service.method_count()));
  for (int i = 0; i < service.method_count(); ++i) names.emplace_back(service.method(i)->name());
  return names;
}

constexpr absl::string_view kTableSwitch = "PolicyTable::AllowUnknownNames";

// Looks names up among what is linked into the program. What they can't be is an error, unless they
// may be anything; the error names the caller's `allowing` option that lets them be.
class NameCheck {
 public:
  NameCheck(bool allow_unknown, absl::string_view allowing, Errors& errors)
      : allow_unknown_(allow_unknown), allowing_(allowing), errors_(errors) {}

  // The linked service of that name, "package.Service"; null if it isn't linked. `entry` is what
  // names it, as `what`.
  const ServiceDescriptor* FindService(absl::string_view what, const std::string& entry,
                                       const std::string& service) {
    const auto* const found =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    if (found != nullptr || allow_unknown_) return found;
    if (const std::string near = NearestLinkedService(service); !near.empty()) {
      errors_.push_back(absl::StrCat(
          what, " = \"", entry, "\", must name a service that is linked in: did you mean ", near,
          ", which is linked into the program? ", allowing_, " takes it as it is"));
    }
    return nullptr;
  }

  // The linked method of that name, "package.Service/Method"; null if there is none.
  const MethodDescriptor* FindMethod(absl::string_view what, const std::string& name) {
    const std::size_t slash = name.find('/');
    const ServiceDescriptor* const service = FindService(what, name, name.substr(0, slash));
    if (service == nullptr) return nullptr;
    const auto* const method = service->FindMethodByName(name.substr(slash + 1));
    if (method == nullptr && !allow_unknown_) {
      errors_.push_back(absl::StrCat(
          what, " = \"", name, "\", must be one of ", service->full_name(),
          "'s: ", absl::StrJoin(MethodsOf(*service), ", "), "; ", allowing_, " takes it as it is"));
    }
    return method;
  }

 private:
  const bool allow_unknown_;
  const absl::string_view allowing_;
  Errors& errors_;
};

// An entry with a policy for a part of what shares one circuit in that scope: its calls could only
// go by one of the policies.
void CheckScope(const InterceptorOptions& options, Errors& errors) {
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

void CheckStreams(const InterceptorOptions& options, NameCheck& names, Errors& errors) {
  for (const auto& [name, streams] : options.method_streams) {
    if (!IsMethodName(name)) {
      errors.push_back(
          absl::StrCat("method_streams = \"", name, "\", must be \"package.Service/Method\""));
      continue;
    }
    const MethodDescriptor* const method = names.FindMethod("method", name);
    if (method != nullptr && !method->client_streaming() && !method->server_streaming()) {
      errors.push_back(absl::StrCat("method_streams = \"", name, "\", must be a streaming method"));
    }
  }
}

void CheckType(absl::string_view what, const std::string& name, absl::string_view given,
               absl::string_view right, Errors& errors) {
  if (given == right) return;
  errors.push_back(
      absl::StrCat("fallbacks: ", name, ": ", what, " = ", given, ", must be ", right));
}

void CheckFallbacks(const InterceptorOptions& options, NameCheck& names, Errors& errors) {
  if (absl::Status valid = options.fallbacks.Validate(); !valid.ok()) {
    errors.emplace_back(valid.message());
  }
  for (const std::string& name : options.fallbacks.Names()) {
    if (options.policies.Resolve(name) == nullptr) {
      errors.push_back(
          absl::StrCat("fallbacks: ", name, ": is unprotected, must be a protected method"));
    }
    const MethodDescriptor* const method = names.FindMethod("method", name);
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

std::vector<std::string> UnknownNames(const PolicyTable& policies, absl::string_view allowing) {
  Errors errors;
  NameCheck names(policies.allows_unknown_names(), allowing, errors);
  for (const std::string& name : policies.Names()) {
    if (absl::StrContains(name, '/')) {
      names.FindMethod("method", name);
    } else {
      names.FindService("service", name, name);
    }
  }
  return errors;
}

std::vector<std::string> CheckNames(const InterceptorOptions& options) {
  Errors errors = UnknownNames(options.policies, kTableSwitch);
  NameCheck names(options.policies.allows_unknown_names(), kTableSwitch, errors);
  CheckScope(options, errors);
  CheckStreams(options, names, errors);
  CheckFallbacks(options, names, errors);
  return errors;
}

}  // namespace fusebox::internal
