// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl list`, and which circuits a command is about.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_LIST_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_LIST_COMMAND_H_

#include <string>
#include <vector>

#include "fusebox/v1/admin.pb.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

// What of --state, --mode, --target and the names was given; the names of states and modes are
// good.
struct FilterFlags {
  std::vector<std::string> states;
  std::vector<std::string> modes;
  std::vector<std::string> targets;
  std::vector<std::string> globs;

  fusebox::v1::CircuitFilter ToProto() const;
};

struct ListFlags {
  FilterFlags filter;
  bool by_state = false;    // --sort state: those that need looking at come first
  bool names_only = false;  // --names
};

ExitCode RunList(const Fleet& fleet, const ListFlags& flags, const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_LIST_COMMAND_H_
