// SPDX-License-Identifier: Apache-2.0
//
// The command line.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_FLAGS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_FLAGS_H_

#include <memory>
#include <optional>

#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/connection.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/table.h"

namespace fuseboxctl {

class CommandLine;

// What is written on a command line.
class Flags {
 public:
  // Says on standard error what is wrong with the arguments, and on standard output what was asked
  // for by --help and --version.
  Flags(int argc, char** argv);
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;
  ~Flags();

  // There is nothing left to do: help was shown, or an error.
  const std::optional<ExitCode>& exit_code() const { return exit_code_; }

  // Unless there is nothing left to do:
  Command& command() const { return *command_; }
  const ConnectionFlags& connection() const;
  bool json() const;
  bool wide() const;
  ColourWish colour() const;

 private:
  void Refuse(absl::string_view what);
  void Parse(int argc, char** argv);

  const std::unique_ptr<CommandLine> line_;
  std::unique_ptr<Command> command_;
  std::optional<ExitCode> exit_code_;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_FLAGS_H_
