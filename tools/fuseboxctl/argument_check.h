// SPDX-License-Identifier: Apache-2.0
//
// What the parser takes, and what is yet a mistake.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_ARGUMENT_CHECK_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_ARGUMENT_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace fuseboxctl {

// INVALID_ARGUMENT for a flag that was taken for the value of the one before it, as in
// `--reason --yes`, and for what can't be sent since it is not UTF-8. Names of files and endpoints
// may be of any bytes.
//
// `app` has parsed these arguments, which are without the program's name.
absl::Status CheckArguments(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_ARGUMENT_CHECK_H_
