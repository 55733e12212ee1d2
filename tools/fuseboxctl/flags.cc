// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/argument_check.h"
#include "tools/fuseboxctl/command_line.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

// "policy set ", "".
std::string NameOf(const std::vector<const CLI::App*>& given) {
  std::string name;
  for (const CLI::App* const command : given) absl::StrAppend(&name, command->get_name(), " ");
  return name;
}

std::string SubcommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands(nullptr)) {
    names.push_back(command->get_name());
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace

Flags::Flags(int argc, char** argv) : line_(std::make_unique<CommandLine>()) {
  Parse(argc, argv);
  if (exit_code_) return;
  absl::Status status = CheckArguments(line_->app(), {argv + std::min(1, argc), argv + argc});
  if (status.ok()) {
    command_ = line_->TakeGiven();
    status = command_->Complete();
  }
  if (!status.ok()) Refuse(status.message());
}

Flags::~Flags() = default;

void Flags::Refuse(absl::string_view what) {
  std::cerr << "fuseboxctl: " << what << "\nSee `fuseboxctl " << NameOf(line_->Given())
            << "--help`\n";
  exit_code_ = ExitCode::kUsage;
}

void Flags::Parse(int argc, char** argv) {
  CLI::App& app = line_->app();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<const CLI::App*> given = line_->Given();
    const CLI::App& innermost = given.empty() ? app : *given.back();
    const bool incomplete = innermost.get_require_subcommand_min() > 0;
    const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
    if (error.get_exit_code() == 0) {
      app.exit(error);
      exit_code_ = ExitCode::kDone;
    } else if (incomplete && !unknown.empty()) {
      const std::string& what = unknown.front();
      const bool is_flag = !what.empty() && what.front() == '-';
      Refuse(is_flag ? absl::StrCat("there is no flag \"", Printable(what), "\"")
                     : absl::StrCat("there is no subcommand \"", NameOf(given), Printable(what),
                                    "\"; there are: ", SubcommandsOf(innermost)));
    } else if (incomplete && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
      Refuse(absl::StrCat("a subcommand is required: ", SubcommandsOf(innermost)));
    } else {
      Refuse(Printable(error.what()));
    }
  }
}

const ConnectionFlags& Flags::connection() const { return line_->connection; }
bool Flags::json() const { return line_->output == "json"; }
bool Flags::wide() const { return line_->output == "wide"; }

ColourWish Flags::colour() const {
  if (line_->color == "auto") return ColourWish::kAuto;
  return line_->color == "always" ? ColourWish::kAlways : ColourWish::kNever;
}

}  // namespace fuseboxctl
