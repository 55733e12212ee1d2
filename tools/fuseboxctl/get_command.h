// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl get`: everything about one circuit.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_GET_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_GET_COMMAND_H_

#include <optional>
#include <string>

#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

struct GetFlags {
  std::string name;
  bool all = false;
  std::optional<int> events;  // how many of the last ones; absent: what there is room for, or 20
};

ExitCode RunGet(const Fleet& fleet, const GetFlags& flags, const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_GET_COMMAND_H_
