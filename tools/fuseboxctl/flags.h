// SPDX-License-Identifier: Apache-2.0
//
// The command line.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_FLAGS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_FLAGS_H_

#include <optional>
#include <string>
#include <variant>

#include "tools/fuseboxctl/connection.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/get_command.h"
#include "tools/fuseboxctl/info_command.h"
#include "tools/fuseboxctl/list_command.h"
#include "tools/fuseboxctl/policy_command.h"
#include "tools/fuseboxctl/table.h"
#include "tools/fuseboxctl/watch_command.h"
#include "tools/fuseboxctl/write_command.h"

namespace fuseboxctl {

// `fuseboxctl completion`: the script, which is made of the flags that there are.
struct CompletionFlags {
  std::string script;
};

struct Flags {
  ConnectionFlags connection;
  bool json = false;
  bool wide = false;
  ColourWish colour = ColourWish::kAuto;
  std::variant<InfoFlags, ListFlags, GetFlags, WatchFlags, WriteFlags, PolicyFlags, CompletionFlags>
      command;
};

struct Parsed {
  Flags flags;
  std::optional<ExitCode> exit_code;  // there is nothing left to do: help was shown, or an error
};

// Says on standard error what is wrong with the arguments, and on standard output what was asked
// for by --help and --version.
Parsed ParseFlags(int argc, char** argv);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_FLAGS_H_
