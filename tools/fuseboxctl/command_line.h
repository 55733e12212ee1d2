// SPDX-License-Identifier: Apache-2.0
//
// All commands and flags as CLI11 has them.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_COMMAND_LINE_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/connection.h"

namespace fuseboxctl {

class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine() = default;

  CLI::App& app() { return app_; }
  const CommandRows& rows() const { return rows_; }

  // That of a row.
  const CLI::App& AppOf(const CommandRow& row) const { return *apps_.at(row.name); }

  // The subcommands that were understood, the innermost last.
  std::vector<const CLI::App*> Given() const;

  // The innermost one, once all has been parsed.
  std::unique_ptr<Command> TakeGiven();

  // Of all commands.
  ConnectionFlags connection;
  std::string output = "table";
  std::string color = "auto";

 private:
  void AddFlags();
  void AddCommand(CommandRow& row);

  CLI::App app_{"See and move the circuits of processes that use Fusebox", "fuseboxctl"};
  CommandRows rows_ = AllCommands();
  std::map<std::string, CLI::App*> apps_;  // by the row's name
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_COMMAND_LINE_H_
