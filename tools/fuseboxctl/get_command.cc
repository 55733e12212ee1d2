// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl get`: everything about one circuit.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::internal::FromProto;
using fusebox::v1::Circuit;
using fusebox::v1::GetCircuitResponse;
using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr int kEvents = 20;  // that are asked for

struct GetFlags {
  std::string name;
  bool all = false;
  std::optional<int> events;  // how many of the last ones; absent: what there is room for, or 20
};

struct Answer {
  grpc::Status status;
  GetCircuitResponse response;
};

std::string Ago(const google::protobuf::Timestamp& time, absl::Time now) {
  return absl::StrCat(AgeText(now - FromProto(time)), " ago");
}

std::string StateLine(const Circuit& circuit, const Terminal& terminal, absl::Time now) {
  const Cell state = StateCell(circuit);
  const std::string since = SinceText(circuit, now);
  return absl::StrCat(terminal.Paint(state.text, state.colour),
                      since.empty() ? "" : absl::StrCat(" for ", since));
}

std::string LastFailureLine(const fusebox::v1::LastFailure& failure, absl::Time now) {
  return absl::StrCat(CodeName(failure.code()), ", ", Ago(failure.time(), now),
                      failure.message().empty() ? "" : ": ", Printable(failure.message()));
}

// The message only where the last failure doesn't have it.
std::string EvidenceLine(const Circuit& circuit) {
  const fusebox::v1::Evidence& evidence = circuit.last_opening().evidence();
  const bool told = evidence.last_message() == circuit.last_failure().message();
  if (evidence.last_message().empty() || told) return Printable(evidence.text());
  return absl::StrCat(Printable(evidence.text()),
                      "; the last: ", Printable(evidence.last_message()));
}

// Where there is little room, without those that are 0.
std::string TotalsLine(const fusebox::v1::Totals& totals, bool all) {
  const std::pair<absl::string_view, int64_t> counts[] = {
      {"success", totals.success()},          {"failure", totals.failure()},
      {"ignored", totals.ignored()},          {"slow", totals.slow()},
      {"rejected", totals.rejected()},        {"too many calls", totals.too_many_calls()},
      {"would reject", totals.would_reject()}};
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) {
    if (all || count > 0) parts.push_back(absl::StrCat(name, " ", count));
  }
  return parts.empty() ? "no calls" : absl::StrJoin(parts, ", ");
}

std::string OpenedLine(const fusebox::v1::Totals& totals, bool all) {
  std::vector<std::string> moves;
  if (!all) return Count(totals.opened(), "time");
  for (const fusebox::v1::Totals::Transitions& move : totals.transitions()) {
    moves.push_back(
        absl::StrCat(StateName(move.from()), " -> ", StateName(move.to()), " ", move.count()));
  }
  std::string line = absl::StrCat(Count(totals.opened(), "time"), moves.empty() ? "" : ": ",
                                  absl::StrJoin(moves, ", "));
  if (totals.probes_failed() > 0) {
    absl::StrAppend(&line, "; ", Count(totals.probes_failed(), "probe"), " left it OPEN");
  }
  return line;
}

// Which of several in a row it is says why it lasts as long as it does.
std::string LastOpeningLine(const Circuit& circuit, absl::Time now) {
  std::string line =
      absl::StrCat(MoveText(circuit.last_opening()), ", ", Ago(circuit.last_opening().time(), now));
  if (circuit.openings_in_a_row() > 1) {
    absl::StrAppend(&line, "; ", circuit.openings_in_a_row(), " in a row");
  }
  return line;
}

// What the policy's candidate would have done.
std::string CandidateLine(const fusebox::v1::ShadowCounts& shadow, const Terminal& terminal) {
  return absl::StrCat(terminal.Paint(StateName(shadow.state()), StateColour(shadow.state())), "; ",
                      ShadowText(shadow));
}

// "default", "code", "file payments.yaml:12", "order 7 by oncall".
std::string OriginText(const fusebox::v1::FieldOrigin& origin) {
  switch (origin.layer()) {
    case fusebox::v1::POLICY_LAYER_DEFAULT:
      return "default";
    case fusebox::v1::POLICY_LAYER_CODE:
      return "code";
    case fusebox::v1::POLICY_LAYER_FILE:
      return absl::StrCat("file", origin.source().empty() ? "" : " ", Printable(origin.source()));
    default:
      return Printable(origin.source());
  }
}

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines LinesOf(const Circuit& circuit, const Terminal& terminal, bool all, absl::Time now) {
  Lines lines = {{"state", StateLine(circuit, terminal, now)},
                 {"mode", terminal.Paint(ModeName(circuit.mode()), ModeCell(circuit).colour)}};
  if (circuit.order() != 0) {
    lines.emplace_back("held by",
                       absl::StrCat("order ", circuit.order(), ": `fuseboxctl orders` shows it"));
  }
  if (circuit.awaits_connection()) lines.emplace_back("next probe", NextProbeText(circuit, now));
  if (circuit.has_next_probe_time()) {
    lines.emplace_back("next probe",
                       absl::StrCat(NextProbeText(circuit, now), ", at ",
                                    ClockText(FromProto(circuit.next_probe_time()), now)));
  }
  if (circuit.health_probe_stopped()) {
    lines.emplace_back("health probe", "stopped: it can't be asked, calls are the probes");
  }
  if (circuit.has_last_opening()) {
    lines.emplace_back("last opening", LastOpeningLine(circuit, now));
    lines.emplace_back("evidence", EvidenceLine(circuit));
  }
  if (circuit.has_last_action()) {
    lines.emplace_back("last action", absl::StrCat(CauseName(circuit.last_action().cause()), " by ",
                                                   MoveText(circuit.last_action()), ", ",
                                                   Ago(circuit.last_action().time(), now)));
  }
  if (circuit.has_last_failure()) {
    lines.emplace_back("last failure", LastFailureLine(circuit.last_failure(), now));
  }
  lines.emplace_back(
      "window",
      absl::StrCat(Count(circuit.window().recorded(), "call"), ", ", circuit.window().failures(),
                   " failed, ", circuit.window().slow(), " slow; ",
                   Count(circuit.consecutive_failures(), "failure"), " in a row"));
  lines.emplace_back("in flight", absl::StrCat(Count(circuit.in_flight(), "call"), ", ",
                                               circuit.probes_in_flight(), " of them probes"));
  lines.emplace_back("totals", TotalsLine(circuit.totals(), all));
  lines.emplace_back("opened", OpenedLine(circuit.totals(), all));
  if (circuit.has_shadow()) {
    lines.emplace_back("candidate", CandidateLine(circuit.shadow(), terminal));
  }
  lines.emplace_back("target", Printable(circuit.target()));
  lines.emplace_back("epoch", absl::StrCat(circuit.epoch()));
  return lines;
}

// Where a terminal has room for this and no more, a circuit without its policy, its state first.
// Else all of it, its state last: there it is when all has scrolled by.
class CircuitPage {
 public:
  // `rows` are for this circuit; 0: as many as needed.
  CircuitPage(const Terminal& terminal, const GetFlags& flags, std::size_t rows)
      : terminal_(terminal),
        all_(flags.all || terminal.columns == 0),
        rows_(all_ ? 0 : rows),
        events_(flags.events) {}

  std::string TextOf(const Endpoint& endpoint, const GetCircuitResponse& response) const {
    const Circuit& circuit = response.circuit();
    std::vector<std::string> lines;
    for (const auto& [label, value] : LinesOf(circuit, terminal_, all_, now_)) {
      if (value.empty()) continue;
      lines.push_back(
          absl::StrCat("  ", label, std::string(kLabelWidth - label.size(), ' '), value));
    }
    std::vector<std::string> page = {
        absl::StrCat(terminal_.Paint(Printable(circuit.name()), Colour::kBold), " on ",
                     endpoint.InstanceName(response.instance()))};
    const auto add = [&page](std::vector<std::string> more) {
      page.insert(page.end(), more.begin(), more.end());
    };
    if (all_) {
      add(PolicyLines(response));
      add(EventLines(response, response.events_size()));
      add({terminal_.Paint("now", Colour::kBold)});
      add(std::move(lines));
    } else {
      if (rows_ > 1 && lines.size() > rows_ - 1) lines.resize(rows_ - 1);  // the first ones matter
      add(std::move(lines));
      add(EventLines(response, RoomForEvents(page.size())));
    }
    std::string text;
    for (const std::string& line : page) absl::StrAppend(&text, Fit(line, Columns()), "\n");
    return text;
  }

 private:
  static constexpr std::size_t kLabelWidth = 14;
  static constexpr std::size_t kEvents = 5;  // on a terminal

  std::size_t Columns() const { return terminal_.columns; }

  int RoomForEvents(std::size_t taken) const {
    if (events_) return *events_;
    const std::size_t left = rows_ > taken + 1 ? rows_ - taken - 1 : 0;  // except for the heading
    return static_cast<int>(std::min(left, kEvents));
  }

  // Each field with its value, and whose word it is if the instance says.
  std::vector<std::string> PolicyLines(const GetCircuitResponse& response) const {
    const Circuit& circuit = response.circuit();
    std::map<std::string, std::string> origins;
    for (const auto& origin : response.origins()) origins[origin.path()] = OriginText(origin);
    std::vector<std::string> lines = {absl::StrCat(terminal_.Paint("policy", Colour::kBold),
                                                   " (etag ", Printable(circuit.etag()), ")")};
    std::vector<std::pair<std::string, std::string>> fields;
    std::size_t width = 0;
    for (const PolicyField& field : PolicyFields(circuit.policy())) {
      const auto origin = origins.find(field.path);
      fields.emplace_back(absl::StrCat(field.path, ": ", Printable(field.value)),
                          origin == origins.end() ? "" : origin->second);
      width = std::max(width, fields.back().first.size());
    }
    for (const auto& [field, origin] : fields) {
      const std::string gap(width - field.size() + 2, ' ');
      lines.push_back(absl::StrCat("  ", field, origin.empty() ? "" : gap,
                                   terminal_.Paint(origin, Colour::kDim)));
    }
    return lines;
  }

  // The last ones.
  std::vector<std::string> EventLines(const GetCircuitResponse& response, int count) const {
    const int first = std::max(0, response.events_size() - count);
    if (first == response.events_size()) return {};
    std::vector<std::string> lines = {terminal_.Paint("events", Colour::kBold)};
    for (int i = first; i < response.events_size(); ++i) {
      const fusebox::v1::Event& event = response.events(i);
      lines.push_back(absl::StrCat("  ", ClockText(FromProto(event.time()), now_), "  ",
                                   EventText(event, terminal_)));
    }
    return lines;
  }

  const Terminal& terminal_;
  const bool all_;
  const std::size_t rows_;
  const std::optional<int> events_;
  const absl::Time now_ = absl::Now();
};

std::string JsonOf(const Endpoint& endpoint, const Answer& answer) {
  JsonObject object;
  object.AddText("endpoint", endpoint.name())
      .AddText("instance", answer.response.instance())
      .AddError(answer.status);
  if (answer.status.ok()) {
    std::vector<std::string> events;
    for (const auto& event : answer.response.events()) events.push_back(JsonMessage(event));
    std::vector<std::string> origins;
    for (const auto& origin : answer.response.origins()) origins.push_back(JsonMessage(origin));
    object.Add("circuit", JsonMessage(answer.response.circuit()))
        .Add("events", JsonLines(events))
        .Add("origins", JsonLines(origins));
  }
  return object.Text();
}

class GetCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    app.add_option("NAME", flags_.name, "The circuit")->required()->type_name("");
    app.add_flag("--all", flags_.all,
                 "Its policy and 20 events too, as when the output is not a terminal");
    app.add_option("--events", flags_.events,
                   "How many of its last events; default: what fits the terminal, or 20")
        ->check(CLI::Range(0, 1000))
        ->type_name("NUMBER");
  }

  ExitCode Run(const Session& session) override {
    const Screen& screen = session.screen;
    fusebox::v1::GetCircuitRequest request;
    request.set_name(flags_.name);
    const int events = flags_.events.value_or(kEvents);
    request.set_max_events(events == 0 ? -1 : events);
    const std::vector<Answer> answers = session.fleet.AskAll([&request](const Endpoint& endpoint) {
      Answer answer;
      answer.status = endpoint.Call(&Stub::GetCircuit, request, answer.response);
      return answer;
    });
    // Except for the command line before it and the prompt after it, and a line between two.
    const std::size_t rows =
        screen.terminal.rows > 2 ? (screen.terminal.rows - 2) / answers.size() : 0;
    const CircuitPage page(screen.terminal, flags_,
                           answers.size() > 1 && rows > 0 ? rows - 1 : rows);
    Tally tally;
    std::vector<grpc::Status> statuses;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Endpoint& endpoint = *session.fleet.endpoints()[i];
      tally.Add(answers[i].status.ok());
      if (!answers[i].status.ok()) screen.SayFailed(endpoint, answers[i].status, Attempt::kRead);
      if (screen.json) {
        texts.push_back(JsonOf(endpoint, answers[i]));
      } else if (answers[i].status.ok()) {
        texts.push_back(page.TextOf(endpoint, answers[i].response));
      }
      statuses.push_back(answers[i].status);
    }
    screen.SayIfAny(AdviceOnName(session.fleet, flags_.name, statuses));
    screen.out << (screen.json ? JsonEndpoints(texts) : absl::StrJoin(texts, "\n"));
    return tally.exit_code();
  }

 private:
  GetFlags flags_;
};

}  // namespace

CommandRows GetRows() {
  CommandRows rows;
  rows.push_back({"get", ".I NAME", "Show everything about a circuit", R"(
Shows a circuit: its state, its counts, and what has happened to it recently. On a terminal a page of
it; with
.BR \-\-all ,
or where the output is not a terminal, its policy too, and the state last.)",
                  std::make_unique<GetCommand>()});
  return rows;
}

}  // namespace fuseboxctl
