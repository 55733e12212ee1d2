// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl completion`.
#include <CLI/CLI.hpp>
#include <string>

#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/completion.h"
#include "tools/fuseboxctl/flag_kinds.h"

namespace fuseboxctl {
namespace {

class CompletionCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    program_ = app.get_parent();
    app.add_option("SHELL", shell_, "bash or zsh")->required()->check(OneOf({"bash", "zsh"}));
  }

  bool asks_endpoints() const override { return false; }

  ExitCode Run(const Session& session) override {
    session.screen.out << CompletionScript(*program_, shell_);
    return ExitCode::kDone;
  }

 private:
  const CLI::App* program_ = nullptr;
  std::string shell_;
};

}  // namespace

CommandRows CompletionRows() {
  CommandRows rows;
  rows.push_back({"completion", ".BR bash | zsh", "Print a script that completes command lines",
                  "\nPrints a script that completes command lines.",
                  std::make_unique<CompletionCommand>()});
  return rows;
}

}  // namespace fuseboxctl
