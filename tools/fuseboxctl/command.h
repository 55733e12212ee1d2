// SPDX-License-Identifier: Apache-2.0
//
// A command of the program: what is written down of it, its flags, and what it does. All are in the
// table of commands.cc, which the parser, the help, the completions, the manual and `main` go by.
//
// To add one, write a file *_command.cc with its rows, and put its name into that table:
//
//   class DrainCommand final : public Command {
//    public:
//     void AddFlags(CLI::App& app) override { app.add_flag("--now", now_, "Without waiting"); }
//     ExitCode Run(const Session& session) override { ... }
//
//    private:
//     bool now_ = false;
//   };
//
//   CommandRows DrainRows() {
//     CommandRows rows;
//     rows.push_back({"drain", "", "Wait for the calls in flight", "Waits until ...",
//                     std::make_unique<DrainCommand>()});
//     return rows;
//   }
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_COMMAND_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/interrupt.h"
#include "tools/fuseboxctl/screen.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace fuseboxctl {

// What a command has to do with.
struct Session {
  const Fleet& fleet;
  const Screen& screen;
  Interrupt& interrupt;
};

class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  // Adds its flags, which are written to this.
  virtual void AddFlags(CLI::App& app) = 0;

  // Once they are: what flags can't say of themselves. INVALID_ARGUMENT says what to write instead.
  virtual absl::Status Complete() { return absl::OkStatus(); }

  // False: it does without, and the fleet is empty.
  virtual bool asks_endpoints() const { return true; }

  virtual ExitCode Run(const Session& session) = 0;
};

struct CommandRow {
  const char* name;       // "list"; "policy set" is within "policy", which comes before it
  const char* arguments;  // for the manual: "[NAME ...]", or empty
  const char* what;       // a line for the help
  const char* about;      // for the manual, in troff; may be empty for one that others are within
  std::unique_ptr<Command> command;  // null: it is there for those within it
};

using CommandRows = std::vector<CommandRow>;

// All of them.
CommandRows AllCommands();

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_COMMAND_H_
