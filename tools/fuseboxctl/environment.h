// SPDX-License-Identifier: Apache-2.0
//
// What lies outside the program: variables and files.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_ENVIRONMENT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_ENVIRONMENT_H_

#include <string>

#include "absl/status/statusor.h"

namespace fuseboxctl {

// Empty: it isn't set, or to nothing.
std::string EnvironmentVariable(const char* name);

// All of a file; "-" is standard input. The error names the file and says why not.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_ENVIRONMENT_H_
