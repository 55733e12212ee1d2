// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/flags.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fusebox_drill/draws.h"
#include "tools/fusebox_drill/sources.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/text.h"

namespace fusebox_drill {
namespace {

// What is given by name, until it has been found.
struct Names {
  std::vector<std::string> scenarios;
  std::vector<std::string> policies;
  bool all = false;
  bool newest_first = false;
  bool summary = false;
  bool csv = false;
  bool plot = false;
};

constexpr const char* kWhat = "What is played";
constexpr const char* kWorld = "The world";
constexpr const char* kOutput = "Output";

void AddWhat(CLI::App& app, const Program& program, Drill& drill, Names& names) {
  fuseboxctl::AddWords(app, "--scenario", names.scenarios,
                       "One by name (see --list), or a file. May be repeated")
      ->type_name("NAME|FILE")
      ->group(kWhat);
  app.add_flag("--all", names.all, "Every scenario by name")->group(kWhat);
  fuseboxctl::AddWords(
      app, "--policy", names.policies,
      absl::StrCat("One by name (see --list), or a file as `fuseboxctl policy set --file` takes "
                   "it. May be repeated; else: ",
                   absl::StrJoin(program.policies, ", ")))
      ->type_name("NAME|FILE")
      ->group(kWhat);
  app.add_option("--clients", drill.clients,
                 "From how many clients, each with breakers of its own; several with commas")
      ->type_name("N,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 10'000))
      ->default_str("1,50")
      ->group(kWhat);
  app.add_option("--seeds", drill.seeds, "How often each is played, with other chances")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str()
      ->group(kWhat);
  app.add_option("--first-seed", drill.first_seed, "The first of these; the others count up")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str()
      ->group(kWhat);
  app.add_option("--seeds-from", drill.seeds_from,
                 "The first seed is what that text stands for (its FNV-1a hash of 64 bits): a "
                 "commit's, say, so that nobody has chosen it")
      ->type_name("TEXT")
      ->excludes("--first-seed")
      ->group(kWhat);
}

void AddWorld(CLI::App& app, World& world, Names& names) {
  app.add_option("--rate", world.rate,
                 "Calls per second, from all clients together. The server grows with it")
      ->type_name("N")
      ->check(CLI::Range(0.01, 100'000.0))
      ->capture_default_str()
      ->group(kWorld);
  fuseboxctl::AddDuration(app, "--deadline", "Of each call; default 500ms",
                          [&world](absl::Duration value) { world.deadline = value; })
      ->group(kWorld);
  app.add_flag("--hide-deadline", world.hide_deadline,
               "Don't tell it to the policy: for policies that go by it")
      ->group(kWorld);
  fuseboxctl::AddDuration(app, "--service",
                          "What a call takes a worker on average; default 25ms. The server has as "
                          "many workers as for 25ms unless --workers says",
                          [&world](absl::Duration value) { world.service = value; })
      ->group(kWorld);
  app.add_option("--workers", world.workers, "Of the server; 0: 8 for each 200 calls/s")
      ->type_name("N")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str()
      ->group(kWorld);
  app.add_option("--queue-limit", world.queue_limit,
                 "How many calls may wait for a worker; one more is refused. Without: any number")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000))
      ->group(kWorld);
  app.add_flag("--newest-first", names.newest_first,
               "A worker takes the newest call, not the oldest")
      ->group(kWorld);
  app.add_flag("--drop-dead", world.drop_dead,
               "The server knows deadlines, and drops a call that is past its own")
      ->group(kWorld);
}

void AddOutput(CLI::App& app, Flags& flags, Names& names) {
  app.add_flag("--summary", names.summary, "A line for each policy, and not each scenario")
      ->group(kOutput);
  app.add_flag("--csv", names.csv, "For programs: a line for each policy, scenario and --clients")
      ->group(kOutput);
  app.add_flag("--plot", names.plot,
               "One scenario over time, as text: the first seed, and the first of --clients")
      ->group(kOutput);
  app.add_option("--svg", flags.svg, "The same as a picture, in that file")
      ->type_name("FILE")
      ->group(kOutput);
  app.add_flag("--list", flags.list, "The scenarios and policies that have a name")->group(kOutput);
  app.add_option("--show", flags.show, "Print the file of that scenario, to start your own from")
      ->type_name("NAME")
      ->group(kOutput);
}

absl::Status CheckOutput(const Flags& flags, const Names& names) {
  const int kinds = (names.summary ? 1 : 0) + (names.csv ? 1 : 0) + (names.plot ? 1 : 0) +
                    (flags.svg.empty() ? 0 : 1);
  if (kinds > 1) {
    return absl::InvalidArgumentError("--summary, --csv, --plot and --svg exclude each other");
  }
  if (names.all && !names.scenarios.empty()) {
    return absl::InvalidArgumentError("--all and --scenario exclude each other");
  }
  if (!names.all && names.scenarios.empty()) {
    return absl::InvalidArgumentError("say what to play: --scenario NAME, or --all");
  }
  const bool one = !names.all && names.scenarios.size() == 1;
  if ((names.plot || !flags.svg.empty()) && !one) {
    return absl::InvalidArgumentError("a plot is of one --scenario");
  }
  return absl::OkStatus();
}

// What the names stand for.
absl::Status Resolve(const Program& program, const Names& names, Flags& flags) {
  if (flags.list || !flags.show.empty()) return absl::OkStatus();
  if (absl::Status status = CheckOutput(flags, names); !status.ok()) return status;
  Drill& drill = flags.drill;
  if (names.all) drill.scenarios = AllScenarios();
  for (const std::string& name : names.scenarios) {
    absl::StatusOr<Scenario> scenario = FindScenario(name);
    if (!scenario.ok()) return scenario.status();
    drill.scenarios.push_back(*std::move(scenario));
  }
  for (const std::string& name : names.policies.empty() ? program.policies : names.policies) {
    absl::StatusOr<Protection> protection = FindProtection(name, program.named);
    if (!protection.ok()) return protection.status();
    drill.protections.push_back(*std::move(protection));
  }
  if (!drill.seeds_from.empty()) drill.first_seed = SeedOf(drill.seeds_from);
  drill.world.order = names.newest_first ? Order::kNewestFirst : Order::kOldestFirst;
  if (drill.clients.empty()) drill.clients = {1, 50};
  if (names.summary) flags.output = Output::kSummary;
  if (names.csv) flags.output = Output::kCsv;
  if (names.plot || !flags.svg.empty()) flags.output = Output::kPlot;
  return absl::OkStatus();
}

int Refuse(const Program& program, absl::string_view what) {
  std::cerr << program.name << ": " << what << "\nSee `" << program.name << " --help`\n";
  return kUsage;
}

std::string Footer(const Program& program) {
  return absl::StrCat(
      "Examples:\n"
      "  ",
      program.name, " --scenario dead --policy default,nothing --plot\n  ", program.name,
      " --all --policy strict.txt,default --summary\n"
      "\n"
      "Exit codes: 0 done; 1 the output could not be written; 2 wrong flags or files.\n"
      "The files of scenarios, and what the figures mean: docs/drill.md");
}

}  // namespace

Parsed ParseFlags(const Program& program, int argc, const char* const* argv) {
  Parsed parsed;
  Names names;
  CLI::App app(program.about, program.name);
  AddWhat(app, program, parsed.flags.drill, names);
  AddWorld(app, parsed.flags.drill.world, names);
  AddOutput(app, parsed.flags, names);
  app.footer(Footer(program));
  app.get_formatter()->column_width(34);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      parsed.exit_code = kDone;
    } else {
      parsed.exit_code = Refuse(program, fuseboxctl::Printable(error.what()));
    }
    return parsed;
  }
  const absl::Status status = Resolve(program, names, parsed.flags);
  if (!status.ok()) parsed.exit_code = Refuse(program, status.message());
  return parsed;
}

}  // namespace fusebox_drill
