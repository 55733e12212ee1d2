// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl reset|open|disable|shadow|auto`.
#include <CLI/CLI.hpp>
#include <utility>

#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/reason_flag.h"
#include "tools/fuseboxctl/write.h"

namespace fuseboxctl {
namespace {

class WriteCommand final : public Command {
 public:
  explicit WriteCommand(Verb verb) { flags_.action.verb = verb; }

  void AddFlags(CLI::App& app) override {
    CLI::Option* const names =
        app.add_option("NAME", flags_.names, "Names; * stands for any characters, ? for one");
    names->type_name("GLOB");
    reason_.AddTo(app);
    if (flags_.action.verb == Verb::kForceOpen) {
      AddDuration(app, "--ttl", "For how long; without it, until `auto`",
                  [this](absl::Duration ttl) { flags_.action.ttl = ttl; });
    }
    if (!flags_.action.is_once()) AddStanding(app, flags_.standing);
    app.add_flag("--all", flags_.all, "Every circuit there is")->excludes(names);
    app.add_flag("--yes,-y", flags_.yes, "Don't ask before touching more than one circuit");
    app.add_flag("--dry-run", flags_.dry_run, "Only show what would be touched");
    app.add_flag("--verbose,-v", flags_.verbose, "A line for each circuit, even if there are many");
    CLI::Option* const wait =
        app.add_option("--wait", flags_.wait, "Wait until every touched circuit is in this state");
    wait->transform(State());
    AddDuration(app, "--wait-timeout", "How long --wait may take; default 60s",
                [this](absl::Duration timeout) { flags_.wait_timeout = timeout; })
        ->needs(wait);
  }

  absl::Status Complete() override {
    if (flags_.names.empty() && !flags_.all) {
      return absl::InvalidArgumentError("say which circuits: names, globs in quotes, or --all");
    }
    absl::Status status = reason_.Complete();
    flags_.action.reason = reason_.text;
    return status;
  }

  ExitCode Run(const Session& session) override { return RunWrite(session, flags_); }

 private:
  WriteFlags flags_;
  ReasonFlag reason_;
};

}  // namespace

CommandRows WriteRows() {
  CommandRows rows;
  for (const VerbRow& row : kVerbs) {
    rows.push_back(
        {row.name, ".IR NAME ...", row.help, row.manual, std::make_unique<WriteCommand>(row.verb)});
  }
  return rows;
}

}  // namespace fuseboxctl
