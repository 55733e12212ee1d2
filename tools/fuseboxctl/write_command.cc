// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl reset|open|disable|shadow|auto`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/action.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/confirm.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/reason_flag.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/wait.h"

namespace fuseboxctl {
namespace {

// As many lines as can be read at a glance.
constexpr std::size_t kFew = 20;

struct WriteFlags {
  Action action;
  std::vector<std::string> names;  // or globs
  bool all = false;
  bool yes = false;
  bool dry_run = false;
  bool verbose = false;
  std::string wait;  // a state's name; empty: doesn't
  absl::Duration wait_timeout = absl::Seconds(60);
};

bool AnyGlob(const WriteFlags& flags) {
  return flags.all || std::any_of(flags.names.begin(), flags.names.end(),
                                  [](const std::string& name) { return IsGlob(name); });
}

// A name, which is not a glob, that an endpoint has no circuit of is a failure of its own: whoever
// opens a circuit everywhere must know where there is none.
void AddMissing(const WriteFlags& flags, EndpointResult& plan) {
  if (!plan.status.ok()) return;
  for (const std::string& name : flags.names) {
    if (IsGlob(name)) continue;
    const auto same = [&name](const CircuitResult& result) { return result.name == name; };
    if (std::any_of(plan.results.begin(), plan.results.end(), same)) continue;
    plan.results.push_back(
        {name, grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no circuit of that name")});
  }
}

std::vector<EndpointResult> PlanAll(const Fleet& fleet, const WriteFlags& flags) {
  return fleet.AskAll([&flags](const Endpoint& endpoint) {
    EndpointResult plan = Plan(endpoint, flags.action, flags.names, flags.all);
    AddMissing(flags, plan);
    return plan;
  });
}

// Does what was planned, at one endpoint, and keeps what can't be done.
EndpointResult Carry(const Endpoint& endpoint, const WriteFlags& flags, EndpointResult plan) {
  std::vector<std::string> names;
  std::vector<CircuitResult> refused;
  for (CircuitResult& result : plan.results) {
    if (result.status.ok()) {
      names.push_back(result.name);
    } else {
      refused.push_back(std::move(result));
    }
  }
  EndpointResult done = std::move(plan);
  done.results.clear();
  if (AnyGlob(flags) && !names.empty()) {
    done = ApplyToMany(endpoint, flags.action, names);
  } else {
    for (const std::string& name : names) {
      done.results.push_back(ApplyToOne(endpoint, flags.action, name, done.instance));
    }
  }
  std::move(refused.begin(), refused.end(), std::back_inserter(done.results));
  return done;
}

std::vector<std::string> TouchedBy(const Fleet& fleet, const std::vector<EndpointResult>& plans) {
  std::vector<std::string> touched;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    for (const CircuitResult& result : plans[i].results) {
      if (!result.status.ok()) continue;
      touched.push_back(absl::StrCat(fleet.endpoints()[i]->InstanceName(plans[i].instance), "  ",
                                     Printable(result.name), "  ", StateName(result.state), "  ",
                                     ModeName(result.mode)));
    }
  }
  return touched;
}

std::string TableOf(const Fleet& fleet, const std::vector<EndpointResult>& answers,
                    absl::string_view done, const Terminal& terminal) {
  Table table({"INSTANCE", "CIRCUIT", "RESULT", "STATE", "MODE"});
  table.MayShorten(0, 8);
  table.MayShorten(1, 16);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    for (const CircuitResult& result : answers[i].results) {
      if (!result.status.ok()) continue;
      table.Add({fleet.endpoints()[i]->InstanceName(answers[i].instance), Printable(result.name),
                 std::string(done), Cell(StateName(result.state), StateColour(result.state)),
                 ModeName(result.mode)});
    }
  }
  return table.empty() ? "" : table.Render(terminal);
}

std::string JsonOf(const Fleet& fleet, const std::vector<EndpointResult>& answers) {
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    std::vector<std::string> results;
    for (const CircuitResult& result : answers[i].results) {
      JsonObject object;
      object.AddText("name", result.name);
      if (result.status.ok()) {
        object.AddText("state", fusebox::v1::State_Name(result.state))
            .AddText("mode", fusebox::v1::Mode_Name(result.mode));
      }
      results.push_back(object.AddError(result.status).Text());
    }
    JsonObject endpoint;
    endpoint.AddText("endpoint", fleet.endpoints()[i]->name())
        .AddText("instance", answers[i].instance)
        .AddError(answers[i].status)
        .Add("results", JsonLines(results));
    endpoints.push_back(endpoint.Text());
  }
  return JsonEndpoints(endpoints);
}

// "reset: done  10000 circuits at 2 instances: 9990 CLOSED AUTOMATIC, 10 OPEN SHADOW".
std::string SummaryOf(const std::vector<EndpointResult>& answers, absl::string_view done) {
  std::map<std::string, int64_t> states;
  int64_t circuits = 0;
  int64_t instances = 0;
  for (const EndpointResult& answer : answers) {
    bool any = false;
    for (const CircuitResult& result : answer.results) {
      if (!result.status.ok()) continue;
      states[absl::StrCat(StateName(result.state), " ", ModeName(result.mode))] += 1;
      circuits += 1;
      any = true;
    }
    if (any) instances += 1;
  }
  std::vector<std::string> parts;
  parts.reserve(states.size());
  for (const auto& [state, count] : states) parts.push_back(absl::StrCat(count, " ", state));
  return absl::StrCat(done, "  ", Count(circuits, "circuit"), " at ", Count(instances, "instance"),
                      ": ", absl::StrJoin(parts, ", "));
}

// Counts how it went, and says what went wrong: of very many, the first ones.
ExitCode Judge(const Fleet& fleet, const std::vector<EndpointResult>& answers, bool verbose,
               const Screen& screen) {
  Tally tally;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Endpoint& endpoint = *fleet.endpoints()[i];
    if (!answers[i].status.ok()) {
      tally.Add(false);
      screen.SayFailed(endpoint, answers[i].status, answers[i].attempt);
    }
    for (const CircuitResult& result : answers[i].results) {
      tally.Add(result.status.ok());
      if (result.status.ok() || (++failed > kFew && !verbose)) continue;
      screen.Say(absl::StrCat(endpoint.InstanceName(answers[i].instance), ": ",
                              Printable(result.name), ": ",
                              Explain(result.status, result.attempt, endpoint.sent())));
    }
  }
  if (failed > kFew && !verbose) {
    screen.Say(absl::StrCat("and ", failed - kFew, " more have failed: --verbose names them"));
  }
  return tally.exit_code();
}

void Print(const Fleet& fleet, const std::vector<EndpointResult>& answers, absl::string_view done,
           bool verbose, const Screen& screen) {
  if (screen.json) {
    screen.out << JsonOf(fleet, answers) << std::flush;
    return;
  }
  std::size_t touched = 0;
  for (const EndpointResult& answer : answers) {
    for (const CircuitResult& result : answer.results) touched += result.status.ok() ? 1 : 0;
  }
  if (touched <= kFew || verbose) {
    screen.out << TableOf(fleet, answers, done, screen.terminal) << std::flush;
    if (touched > 1) screen.Say(SummaryOf(answers, done));
  } else {
    screen.out << SummaryOf(answers, done) << "\n" << std::flush;
  }
}

// Of what could have been done, that it was not.
std::vector<EndpointResult> Unconfirmed(std::vector<EndpointResult> plans) {
  for (EndpointResult& plan : plans) {
    for (CircuitResult& result : plan.results) {
      if (result.status.ok()) result.status = NotConfirmed();
    }
  }
  return plans;
}

bool NothingMatches(const std::vector<EndpointResult>& plans) {
  return std::all_of(plans.begin(), plans.end(), [](const EndpointResult& plan) {
    return plan.status.ok() && plan.results.empty();
  });
}

// Of names that no endpoint has a circuit of.
void SayWhatIsNear(const Fleet& fleet, const WriteFlags& flags,
                   const std::vector<EndpointResult>& answers, const Screen& screen) {
  for (const std::string& name : flags.names) {
    std::vector<grpc::Status> statuses;
    for (const EndpointResult& answer : answers) {
      for (const CircuitResult& result : answer.results) {
        if (result.name == name) statuses.push_back(result.status);
      }
    }
    const std::string advice = AdviceOnName(fleet, name, statuses);
    if (advice.empty()) continue;
    screen.Say(flags.names.size() == 1 ? advice : absl::StrCat(Printable(name), ": ", advice));
  }
}

ExitCode RunWrite(const Session& session, const WriteFlags& flags) {
  const Fleet& fleet = session.fleet;
  const Screen& screen = session.screen;
  const std::string verb = RowOf(flags.action.verb).name;
  std::vector<EndpointResult> answers(fleet.size());
  const bool direct = fleet.size() == 1 && flags.names.size() == 1 && !AnyGlob(flags);
  if (direct && !flags.dry_run) {
    answers[0].results = {
        ApplyToOne(*fleet.endpoints()[0], flags.action, flags.names[0], answers[0].instance)};
  } else {
    std::vector<EndpointResult> plans = PlanAll(fleet, flags);
    if (NothingMatches(plans)) {
      if (screen.json) Print(fleet, plans, "", flags.verbose, screen);
      screen.Say(absl::StrCat("no circuit matches; ", Advice(fleet, flags.names)));
      return ExitCode::kFailed;
    }
    if (flags.dry_run) {
      const ExitCode exit_code = Judge(fleet, plans, flags.verbose, screen);
      SayWhatIsNear(fleet, flags, plans, screen);
      Print(fleet, plans, absl::StrCat("would ", verb), flags.verbose, screen);
      return exit_code;
    }
    const std::vector<std::string> touched = TouchedBy(fleet, plans);
    if (touched.size() > 1 && !flags.yes &&
        !Confirm(
            screen,
            absl::StrCat(verb, " ", Count(static_cast<int64_t>(touched.size()), "circuit"), "?"),
            touched)) {
      if (screen.json) Print(fleet, Unconfirmed(std::move(plans)), "", flags.verbose, screen);
      return ExitCode::kNotConfirmed;
    }
    answers =
        fleet.AskEach(std::move(plans), [&flags](const Endpoint& endpoint, EndpointResult& plan) {
          if (!plan.status.ok()) return plan;
          return Carry(endpoint, flags, std::move(plan));
        });
  }
  const std::string done = absl::StrCat(verb, ": done");
  const ExitCode exit_code = Judge(fleet, answers, flags.verbose, screen);
  SayWhatIsNear(fleet, flags, answers, screen);
  const bool waits = !flags.wait.empty();
  // For programs there is one answer, in the end.
  if (!waits || !screen.json) Print(fleet, answers, done, flags.verbose, screen);
  if (!waits) return exit_code;
  const ExitCode waited =
      Wait(fleet, answers, flags.wait, flags.wait_timeout, screen, session.interrupt);
  if (screen.json) Print(fleet, answers, done, flags.verbose, screen);
  return waited == ExitCode::kDone ? exit_code : waited;
}

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
