// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl info`: each process as a whole.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_INFO_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_INFO_COMMAND_H_

#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

struct InfoFlags {};

ExitCode RunInfo(const Fleet& fleet, const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_INFO_COMMAND_H_
