// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_COMPLETION_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_COMPLETION_H_

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace fuseboxctl {

// A script for `shell`, which is "bash" or "zsh": the subcommands and flags of `app`, so that they
// are always those that there are; states, modes and files; and circuits' names, for which the
// endpoint is asked.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_COMPLETION_H_
