// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl reset|open|disable|shadow|auto`.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_WRITE_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_WRITE_COMMAND_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tools/fuseboxctl/action.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/interrupt.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

struct WriteFlags {
  Action action;
  std::vector<std::string> names;  // or globs
  bool all = false;
  bool yes = false;
  bool dry_run = false;
  bool verbose = false;
  std::string wait;  // a state's name; empty: doesn't
  absl::Duration wait_timeout = absl::Seconds(60);
};

ExitCode RunWrite(const Fleet& fleet, const WriteFlags& flags, const Screen& screen,
                  Interrupt& interrupt);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_WRITE_COMMAND_H_
