// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/write.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/confirm.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/order_text.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/table.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/wait.h"

namespace fuseboxctl {
namespace {

// As many lines as can be read at a glance.
constexpr std::size_t kFew = 20;

bool AnyGlob(const WriteFlags& flags) {
  return flags.all || std::any_of(flags.names.begin(), flags.names.end(),
                                  [](const std::string& name) { return IsGlob(name); });
}

// A name, which is not a glob, that an endpoint has no circuit of is a failure of its own: whoever
// opens a circuit everywhere must know where there is none.
void AddMissing(const WriteFlags& flags, EndpointResult& plan) {
  if (!plan.status.ok() || flags.standing) return;
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

// Whether it is about patterns: what it does then holds for circuits too that are made later.
bool IsByPattern(const WriteFlags& flags) {
  return AnyGlob(flags) || flags.standing || flags.action.change;
}

// Whether it is about every circuit, for long.
bool HoldsAll(const WriteFlags& flags) {
  const bool all = flags.all || std::any_of(flags.names.begin(), flags.names.end(), [](auto& name) {
                     return name.find_first_not_of('*') == std::string::npos;
                   });
  return all && !flags.action.is_once() &&
         (flags.action.change || flags.action.verb != Verb::kAutomate);
}

bool Has(const std::vector<CircuitResult>& results, const std::string& name) {
  return std::any_of(results.begin(), results.end(),
                     [&name](const CircuitResult& result) { return result.name == name; });
}

// Those of the names that are patterns, or that there is a circuit of.
std::vector<std::string> PatternsOf(const WriteFlags& flags, const EndpointResult& plan) {
  std::vector<std::string> patterns;
  for (const std::string& name : flags.names) {
    const auto is_there = [&name](const CircuitResult& result) {
      return result.name == name && result.status.error_code() != grpc::StatusCode::NOT_FOUND;
    };
    if (IsGlob(name) || flags.standing ||
        std::any_of(plan.results.begin(), plan.results.end(), is_there)) {
      patterns.push_back(name);
    }
  }
  return patterns;
}

// Does what was planned, at one endpoint, and keeps what can't be done.
EndpointResult Carry(const Endpoint& endpoint, const WriteFlags& flags, EndpointResult plan) {
  EndpointResult done;
  done.instance = plan.instance;
  if (IsByPattern(flags)) {
    const std::vector<std::string> patterns = PatternsOf(flags, plan);
    if (flags.all || !patterns.empty()) {
      done = ApplyToPatterns(endpoint, flags.action, patterns, flags.all);
      if (done.instance.empty()) done.instance = plan.instance;
    }
  } else {
    for (const CircuitResult& result : plan.results) {
      if (!result.status.ok()) continue;
      done.results.push_back(ApplyToOne(endpoint, flags.action, result.name, done.instance));
    }
  }
  for (CircuitResult& result : plan.results) {
    if (result.status.ok() || Has(done.results, result.name)) continue;
    done.results.push_back(std::move(result));
  }
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

// Of orders by pattern, and of those by each circuit's name.
std::vector<fusebox::v1::OverruledOrder> OverruledIn(const EndpointResult& answer) {
  std::vector<fusebox::v1::OverruledOrder> all = answer.overruled;
  for (const CircuitResult& result : answer.results) {
    all.insert(all.end(), result.overruled.begin(), result.overruled.end());
  }
  return all;
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
        if (result.order != 0) object.AddText("order", absl::StrCat(result.order));
      }
      results.push_back(object.AddError(result.status).Text());
    }
    JsonObject endpoint;
    endpoint.AddText("endpoint", fleet.endpoints()[i]->name())
        .AddText("instance", answers[i].instance)
        .AddError(answers[i].status)
        .Add("results", JsonLines(results));
    std::vector<std::string> orders;
    for (const auto& order : answers[i].orders) orders.push_back(JsonMessage(order));
    endpoint.Add("orders", JsonLines(orders));
    std::vector<std::string> overruled;
    for (const auto& order : OverruledIn(answers[i])) overruled.push_back(JsonMessage(order));
    endpoint.Add("overruled", JsonLines(overruled));
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

// Of policies, each once.
void SayWarnings(const Endpoint& endpoint, const EndpointResult& answer, const Screen& screen) {
  std::map<std::string, int64_t> circuits;
  for (const CircuitResult& result : answer.results) {
    for (const std::string& warning : result.warnings) ++circuits[warning];
  }
  for (const auto& [warning, count] : circuits) {
    screen.Say(absl::StrCat(endpoint.InstanceName(answer.instance),
                            ": warning: ", Printable(warning), " (", Count(count, "circuit"), ")"));
  }
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
    SayWarnings(endpoint, answers[i], screen);
    for (const CircuitResult& result : answers[i].results) {
      tally.Add(result.status.ok());
      if (result.status.ok() || (++failed > kFew && !verbose)) continue;
      screen.Say(absl::StrCat(endpoint.InstanceName(answers[i].instance), ": ",
                              Printable(result.name), ": ",
                              Explain(result.status, result.attempt, endpoint.sent())));
    }
  }
  if (failed > kFew && !verbose) {
    screen.Say(absl::StrCat("and ", failed - kFew, failed == kFew + 1 ? " more has" : " more have",
                            " failed: --verbose names them"));
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

// What it comes up against, everywhere.
void SayOverruled(const Fleet& fleet, const std::vector<EndpointResult>& answers, bool would,
                  const Screen& screen) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    SayOverruled(fleet.endpoints()[i]->InstanceName(answers[i].instance), OverruledIn(answers[i]),
                 would, screen);
  }
}

// Which orders have come of it, or would, the first ones.
void SayOrders(const Fleet& fleet, const WriteFlags& flags,
               const std::vector<EndpointResult>& answers, const Screen& screen) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string instance = fleet.endpoints()[i]->InstanceName(answers[i].instance);
    for (const auto& order : answers[i].orders) {
      texts.push_back(absl::StrCat(instance, ": ", GivenText(order)));
    }
    for (const CircuitResult& result : answers[i].results) {
      if (!result.status.ok() || result.order == 0 || flags.action.is_once()) continue;
      texts.push_back(absl::StrCat(instance, ": order ", result.order, " holds ",
                                   Printable(result.name), ", and the next circuit of that name"));
    }
  }
  for (std::size_t i = 0; i < std::min(texts.size(), kFew); ++i) screen.Say(texts[i]);
  if (texts.size() > kFew) {
    screen.Say(absl::StrCat("and ", Count(static_cast<int64_t>(texts.size() - kFew), "more order"),
                            ": `fuseboxctl orders`"));
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

// What would come of it, as far as the listing of circuits doesn't say.
void SayPlan(const Fleet& fleet, const WriteFlags& flags, std::vector<EndpointResult> plans,
             const Screen& screen) {
  for (EndpointResult& plan : plans) {
    // An order is given to a name only where there is a circuit, unless that is meant.
    const auto is_nothing = [&](const fusebox::v1::GivenOrder& given) {
      const std::string& pattern = given.order().pattern();
      return flags.action.is_once() ||
             (!IsGlob(pattern) && !flags.standing && given.order().circuits() == 0);
    };
    plan.orders.erase(std::remove_if(plan.orders.begin(), plan.orders.end(), is_nothing),
                      plan.orders.end());
  }
  SayOrders(fleet, flags, plans, screen);
  SayOverruled(fleet, plans, /*would=*/true, screen);
  screen.Say("--dry-run: nothing was changed");
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

}  // namespace

ExitCode RunWrite(const Session& session, const WriteFlags& flags) {
  const Fleet& fleet = session.fleet;
  const Screen& screen = session.screen;
  const std::string verb = flags.action.name();
  std::vector<EndpointResult> answers(fleet.size());
  const bool direct = fleet.size() == 1 && flags.names.size() == 1 && !IsByPattern(flags);
  if (direct && !flags.dry_run) {
    answers[0].results = {
        ApplyToOne(*fleet.endpoints()[0], flags.action, flags.names[0], answers[0].instance)};
  } else {
    std::vector<EndpointResult> plans = PlanAll(fleet, flags);
    if (NothingMatches(plans) && !flags.standing) {
      if (screen.json) Print(fleet, plans, "", flags.verbose, screen);
      screen.Say(absl::StrCat("no circuit matches; ", Advice(fleet, flags.names)));
      if (!flags.action.is_once()) screen.Say("for circuits that are yet to be made: --standing");
      return ExitCode::kFailed;
    }
    if (flags.dry_run) {
      const ExitCode exit_code = Judge(fleet, plans, flags.verbose, screen);
      SayWhatIsNear(fleet, flags, plans, screen);
      Print(fleet, plans, absl::StrCat("would ", verb), flags.verbose, screen);
      SayPlan(fleet, flags, std::move(plans), screen);
      return exit_code;
    }
    const std::vector<std::string> touched = TouchedBy(fleet, plans);
    const char* const more =
        IsByPattern(flags) && !flags.action.is_once() ? ", and those made later?" : "?";
    const bool asks = (touched.size() > 1 || HoldsAll(flags)) && !flags.yes;
    if (asks) SayOverruled(fleet, plans, /*would=*/true, screen);
    if (asks && !Confirm(screen,
                         absl::StrCat(verb, " ",
                                      Count(static_cast<int64_t>(touched.size()), "circuit"), more),
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
  SayOrders(fleet, flags, answers, screen);
  SayOverruled(fleet, answers, /*would=*/false, screen);
  if (!waits) return exit_code;
  const ExitCode waited =
      Wait(fleet, answers, flags.wait, flags.wait_timeout, screen, session.interrupt);
  if (screen.json) Print(fleet, answers, done, flags.verbose, screen);
  return waited == ExitCode::kDone ? exit_code : waited;
}

}  // namespace fuseboxctl
