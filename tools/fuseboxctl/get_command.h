// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl get`: everything about one circuit.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_GET_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_GET_COMMAND_H_

#include <string>

#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

struct GetFlags {
  std::string name;
  int events = 20;  // how many of the last ones; 0: none
};

ExitCode RunGet(const Fleet& fleet, const GetFlags& flags, const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_GET_COMMAND_H_
