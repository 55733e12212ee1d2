// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_CONTENT_H_
#define FUSEBOX_SRC_CONFIG_CONTENT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/config/config.h"
#include "fusebox/grpc/interceptor_options.h"
#include "fusebox/log_listener.h"
#include "fusebox/policy_overrides.h"
#include "src/config/problems.h"

namespace fusebox::internal {

// A function that the file refers to.
struct FunctionName {
  std::string name;  // empty: to none
  std::string place;
  std::string path;
};

// What a file says of a dependency, or of several, beside the policies.
struct DependencyContent {
  std::string name;

  // All that isn't a function. Without name and registry; the table has what is unprotected.
  InterceptorOptions options;

  FunctionName circuit_key;
  FunctionName predicate;
  std::map<std::string, FunctionName> fallbacks;  // by method

  bool health = false;
};

struct ConfigContent {
  std::string version;
  PolicyOverrides overrides;
  std::vector<DependencyContent> dependencies;  // those of the overrides, in their order
  CircuitRegistry::Options registry;
  LogListener::Options log;
};

// What the text says, as far as nothing is wrong.
ConfigContent ReadConfig(absl::string_view text, ConfigFormat format, Problems& problems,
                         Problems& warnings);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_CONTENT_H_
