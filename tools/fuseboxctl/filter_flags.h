// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_FILTER_FLAGS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_FILTER_FLAGS_H_

#include <string>
#include <vector>

#include "fusebox/v1/admin.pb.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace fuseboxctl {

// Which circuits a command is about: what of --state, --mode, --target and the names was given; the
// names of states and modes are good.
struct FilterFlags {
  std::vector<std::string> states;
  std::vector<std::string> modes;
  std::vector<std::string> targets;
  std::vector<std::string> globs;

  void AddTo(CLI::App& app);
  fusebox::v1::CircuitFilter ToProto() const;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_FILTER_FLAGS_H_
