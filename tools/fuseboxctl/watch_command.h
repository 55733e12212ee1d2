// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl watch`: what happens, as it happens.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_WATCH_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_WATCH_COMMAND_H_

#include <string>

#include "absl/time/time.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/interrupt.h"
#include "tools/fuseboxctl/list_command.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

struct WatchFlags {
  FilterFlags filter;
  std::string until;  // a state's name; empty: forever
  absl::Duration until_timeout = absl::InfiniteDuration();
};

ExitCode RunWatch(const Fleet& fleet, const WatchFlags& flags, const Screen& screen,
                  Interrupt& interrupt);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_WATCH_COMMAND_H_
