// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/command_line.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/flag_kinds.h"

namespace fuseboxctl {

CommandLine::CommandLine() {
  AddFlags();
  for (CommandRow& row : rows_) AddCommand(row);
  app_.require_subcommand(1);
  app_.fallthrough();
}

void CommandLine::AddFlags() {
  app_.set_version_flag("--version", absl::StrCat("fuseboxctl ", FUSEBOXCTL_VERSION));
  app_.add_option("--output,-o", output,
                  "table, cut to the terminal; wide, with everything; or json, for programs")
      ->check(OneOf({"table", "wide", "json"}));
  app_.add_option("--color", color, "auto: on a terminal, unless NO_COLOR is set or TERM is dumb")
      ->check(OneOf({"auto", "always", "never"}));
  AddConnection(app_, connection);
}

void CommandLine::AddCommand(CommandRow& row) {
  const std::string name = row.name;
  const std::size_t space = name.find(' ');
  CLI::App& parent = space == std::string::npos ? app_ : *apps_.at(name.substr(0, space));
  CLI::App& command =
      *parent.add_subcommand(space == std::string::npos ? name : name.substr(space + 1), row.what);
  apps_[name] = &command;
  command.fallthrough();
  command.footer("Endpoints, TLS, output: see `fuseboxctl --help`");
  if (row.command == nullptr) {
    command.require_subcommand(1);
  } else {
    row.command->AddFlags(command);
  }
}

std::vector<const CLI::App*> CommandLine::Given() const {
  std::vector<const CLI::App*> given;
  for (const CLI::App* at = &app_; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    given.push_back(at);
  }
  return given;
}

std::unique_ptr<Command> CommandLine::TakeGiven() {
  const CLI::App* const innermost = Given().back();
  for (CommandRow& row : rows_) {
    if (apps_.at(row.name) == innermost) return std::move(row.command);
  }
  return nullptr;
}

}  // namespace fuseboxctl
