// SPDX-License-Identifier: Apache-2.0
//
// Does something to circuits of all endpoints: plans it, asks, does it, and says what came of it.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_WRITE_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_WRITE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tools/fuseboxctl/action.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/exit_code.h"

namespace fuseboxctl {

struct WriteFlags {
  Action action;
  std::vector<std::string> names;  // or globs
  bool all = false;
  bool standing = false;  // for circuits too that there are none of yet
  bool yes = false;
  bool dry_run = false;
  bool verbose = false;
  std::string wait;  // a state's name; empty: doesn't
  absl::Duration wait_timeout = absl::Seconds(60);
};

ExitCode RunWrite(const Session& session, const WriteFlags& flags);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_WRITE_H_
