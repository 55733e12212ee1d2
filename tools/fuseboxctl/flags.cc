// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/base/blank.h"
#include "tools/fuseboxctl/argument_check.h"
#include "tools/fuseboxctl/completion.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

// What all subcommands write to; which of them it is, is known at the end.
struct Raw {
  ListFlags list;
  GetFlags get;
  WatchFlags watch;
  WriteFlags write;
  PolicyFlags policy;
  std::string shell;
  std::string reason;
  std::string sort = "name";
  std::string output = "table";
  std::string color = "auto";
};

void AddFilter(CLI::App& app, FilterFlags& filter) {
  AddWords(app, "--state", filter.states, "Only those in this state: closed, open or half_open")
      ->transform(State());
  AddWords(app, "--mode", filter.modes,
           "Only those in this mode: automatic, forced_open, disabled or shadow")
      ->transform(Mode());
  AddWords(app, "--target", filter.targets, "Only those of this target, exactly")
      ->type_name("TARGET");
  app.add_option("NAME", filter.globs, "Names; * stands for any characters, ? for one")
      ->type_name("GLOB");
}

void AddReads(CLI::App& app, Raw& raw) {
  app.add_subcommand("info", "Show each process as a whole");

  CLI::App* const list = app.add_subcommand("list", "Show circuits");
  AddFilter(*list, raw.list.filter);
  list->add_option("--sort", raw.sort, "name, or state: open ones first")
      ->check(OneOf({"name", "state"}));
  list->add_flag("--names", raw.list.names_only, "Only names, one a line, each once");

  CLI::App* const get = app.add_subcommand("get", "Show everything about a circuit");
  get->add_option("NAME", raw.get.name, "The circuit")->required()->type_name("");
  get->add_flag("--all", raw.get.all,
                "Its policy and 20 events too, as when the output is not a terminal");
  get->add_option("--events", raw.get.events,
                  "How many of its last events; default: what fits the terminal, or 20")
      ->check(CLI::Range(0, 1000))
      ->type_name("NUMBER");

  CLI::App* const watch =
      app.add_subcommand("watch", "Show circuits that are not closed, then what happens");
  AddFilter(*watch, raw.watch.filter);
  CLI::Option* const until = watch->add_option(
      "--until", raw.watch.until, "End when all of them are in this state, on every endpoint");
  until->transform(State())->excludes("--state")->excludes("--mode");
  AddDuration(*watch, "--until-timeout", "How long --until may take; without it, no limit",
              [&raw](absl::Duration timeout) { raw.watch.until_timeout = timeout; })
      ->needs(until);
}

CLI::Option* AddReason(CLI::App& app, Raw& raw) {
  return app.add_option("--reason", raw.reason, "Why, for the circuit's events [FUSEBOX_REASON]")
      ->type_name("TEXT");
}

void AddWrite(CLI::App& app, Raw& raw, Verb verb, const std::string& what) {
  CLI::App* const command = app.add_subcommand(std::string(VerbName(verb)), what);
  command->callback([&raw, verb] { raw.write.action.verb = verb; });
  WriteFlags& to = raw.write;
  CLI::Option* const names =
      command->add_option("NAME", to.names, "Names; * stands for any characters, ? for one");
  names->type_name("GLOB");
  AddReason(*command, raw);
  if (verb == Verb::kOpen) {
    AddDuration(*command, "--ttl", "For how long; without it, until `auto`",
                [&to](absl::Duration ttl) { to.action.ttl = ttl; });
  }
  command->add_flag("--all", to.all, "Every circuit there is")->excludes(names);
  command->add_flag("--yes,-y", to.yes, "Don't ask before touching more than one circuit");
  command->add_flag("--dry-run", to.dry_run, "Only show what would be touched");
  command->add_flag("--verbose,-v", to.verbose, "A line for each circuit, even if there are many");
  CLI::Option* const wait =
      command->add_option("--wait", to.wait, "Wait until every touched circuit is in this state");
  wait->transform(State());
  AddDuration(*command, "--wait-timeout", "How long --wait may take; default 60s",
              [&to](absl::Duration timeout) { to.wait_timeout = timeout; })
      ->needs(wait);
}

void AddPolicy(CLI::App& app, Raw& raw) {
  CLI::App* const policy = app.add_subcommand("policy", "Show and change circuits' settings");
  policy->require_subcommand(1);
  PolicyFlags& to = raw.policy;
  const auto add = [&](PolicyFlags::Verb verb, const char* name, const char* what) {
    CLI::App* const command = policy->add_subcommand(name, what);
    command->callback([&to, verb] { to.verb = verb; });
    command->add_option("NAME", to.name, "The circuit")->required()->type_name("");
    if (verb == PolicyFlags::Verb::kGet) return command;
    CLI::Option* const fields = command->add_option(
        "FIELD=VALUE", to.assignments,
        "As in open_duration=45s, half_open.max_concurrent=5, ramp=off, jitter=default; the fields "
        "are those that `policy get` shows");
    fields->type_name("");
    command
        ->add_option("--file", to.file,
                     "A whole policy, JSON or as `policy get` shows it; - is "
                     "standard input")
        ->type_name("FILE")
        ->excludes(fields);
    return command;
  };
  add(PolicyFlags::Verb::kGet, "get", "Show a circuit's policy");
  CLI::App* const set = add(PolicyFlags::Verb::kSet, "set", "Change a circuit's policy");
  AddReason(*set, raw);
  set->add_option("--etag", to.etag, "Only if the policy is still the one with this etag");
  set->add_flag("--dry-run", to.dry_run,
                "Check it and show what would change, without changing it");
  set->add_flag("--yes,-y", to.yes, "Don't ask before touching more than one circuit");
  add(PolicyFlags::Verb::kDiff, "diff",
      "Show what a change would do; without one, how instances differ");
}

void AddCommands(CLI::App& app, Raw& raw, Flags& flags) {
  app.set_version_flag("--version", absl::StrCat("fuseboxctl ", FUSEBOXCTL_VERSION));
  app.add_option("--output,-o", raw.output,
                 "table, cut to the terminal; wide, with everything; or json, for programs")
      ->check(OneOf({"table", "wide", "json"}));
  app.add_option("--color", raw.color,
                 "auto: on a terminal, unless NO_COLOR is set or TERM is dumb")
      ->check(OneOf({"auto", "always", "never"}));
  AddConnection(app, flags.connection);
  AddReads(app, raw);
  AddWrite(app, raw, Verb::kReset, "Close circuits and start them over");
  AddWrite(app, raw, Verb::kOpen, "Make circuits reject every call");
  AddWrite(app, raw, Verb::kDisable, "Make circuits admit every call");
  AddWrite(app, raw, Verb::kShadow,
           "Make circuits admit every call and count what they would reject");
  AddWrite(app, raw, Verb::kAutomate, "Return circuits to their policies");
  AddPolicy(app, raw);
  CLI::App* const completion =
      app.add_subcommand("completion", "Print a script that completes command lines");
  completion->add_option("SHELL", raw.shell, "bash or zsh")
      ->required()
      ->check(OneOf({"bash", "zsh"}));
  app.require_subcommand(1);
  app.fallthrough();
  for (CLI::App* const command : app.get_subcommands(nullptr)) {
    command->fallthrough();
    command->footer("Endpoints, TLS, output: see `fuseboxctl --help`");
    for (CLI::App* const inner : command->get_subcommands(nullptr)) {
      inner->fallthrough();
      inner->footer(command->get_footer());
    }
  }
}

absl::Status CheckReason(const std::string& reason) {
  if (fusebox::internal::IsBlank(reason)) {
    return absl::InvalidArgumentError(
        "say why: --reason \"TEXT\", or FUSEBOX_REASON; it is kept in the circuit's events");
  }
  if (!IsUtf8(reason)) {
    return absl::InvalidArgumentError(
        absl::StrCat("FUSEBOX_REASON: \"", Printable(reason), "\" must be UTF-8"));
  }
  return absl::OkStatus();
}

// What the flags can't say of themselves.
absl::Status Complete(const CLI::App& app, Raw& raw, Flags& flags) {
  const std::string name = app.get_subcommands().front()->get_name();
  flags.json = raw.output == "json";
  flags.wide = raw.output == "wide";
  flags.colour = raw.color == "auto"     ? ColourWish::kAuto
                 : raw.color == "always" ? ColourWish::kAlways
                                         : ColourWish::kNever;
  if (raw.reason.empty()) raw.reason = EnvironmentVariable("FUSEBOX_REASON");
  if (name == "info") {
    flags.command = InfoFlags{};
  } else if (name == "list") {
    raw.list.by_state = raw.sort == "state";
    flags.command = std::move(raw.list);
  } else if (name == "get") {
    flags.command = std::move(raw.get);
  } else if (name == "watch") {
    flags.command = std::move(raw.watch);
  } else if (name == "policy") {
    const bool set = raw.policy.verb == PolicyFlags::Verb::kSet;
    if (set && raw.policy.file.empty() && raw.policy.assignments.empty()) {
      return absl::InvalidArgumentError("say what to change: FIELD=VALUE, or --file FILE");
    }
    absl::Status status = ReadChange(raw.policy);
    if (status.ok() && set) status = CheckReason(raw.reason);
    if (!status.ok()) return status;
    raw.policy.reason = raw.reason;
    flags.command = std::move(raw.policy);
  } else if (name == "completion") {
    flags.command = CompletionFlags{CompletionScript(app, raw.shell)};
  } else {
    if (raw.write.names.empty() && !raw.write.all) {
      return absl::InvalidArgumentError("say which circuits: names, globs in quotes, or --all");
    }
    raw.write.action.reason = raw.reason;
    flags.command = std::move(raw.write);
    return CheckReason(raw.reason);
  }
  return absl::OkStatus();
}

// The subcommands that were understood, the innermost last.
std::vector<const CLI::App*> Given(const CLI::App& app) {
  std::vector<const CLI::App*> given;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    given.push_back(at);
  }
  return given;
}

// "policy set ", "".
std::string NameOf(const std::vector<const CLI::App*>& given) {
  std::string name;
  for (const CLI::App* const command : given) absl::StrAppend(&name, command->get_name(), " ");
  return name;
}

}  // namespace

Parsed ParseFlags(int argc, char** argv) {
  Parsed parsed;
  Raw raw;
  CLI::App app("See and move the circuits of processes that use Fusebox", "fuseboxctl");
  AddCommands(app, raw, parsed.flags);
  const auto refuse = [&](absl::string_view what) {
    std::cerr << "fuseboxctl: " << what << "\nSee `fuseboxctl " << NameOf(Given(app))
              << "--help`\n";
    parsed.exit_code = ExitCode::kUsage;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<const CLI::App*> given = Given(app);
    const CLI::App& innermost = given.empty() ? app : *given.back();
    const bool incomplete = innermost.get_require_subcommand_min() > 0;
    const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
    if (error.get_exit_code() == 0) {
      app.exit(error);
      parsed.exit_code = ExitCode::kDone;
    } else if (incomplete && !unknown.empty()) {
      const std::string& what = unknown.front();
      const bool is_flag = !what.empty() && what.front() == '-';
      refuse(absl::StrCat("there is no ", is_flag ? "flag" : "subcommand", " \"",
                          is_flag ? "" : NameOf(given), Printable(what), "\""));
    } else {
      refuse(Printable(error.what()));
    }
    return parsed;
  }
  absl::Status status = CheckArguments(app, {argv + std::min(1, argc), argv + argc});
  if (status.ok()) status = Complete(app, raw, parsed.flags);
  if (!status.ok()) refuse(status.message());
  return parsed;
}

}  // namespace fuseboxctl
