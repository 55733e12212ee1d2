// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/get_command.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::Circuit;
using fusebox::v1::GetCircuitResponse;
using Stub = fusebox::v1::CircuitAdmin::Stub;

struct Answer {
  grpc::Status status;
  GetCircuitResponse response;
};

std::string Ago(const google::protobuf::Timestamp& time, absl::Time now) {
  return absl::StrCat(AgeText(now - TimeOf(time)), " ago");
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

std::string TotalsLine(const fusebox::v1::Totals& totals) {
  return absl::StrCat("success ", totals.success(), ", failure ", totals.failure(), ", ignored ",
                      totals.ignored(), ", slow ", totals.slow(), ", rejected ", totals.rejected(),
                      ", too many calls ", totals.too_many_calls(), ", would reject ",
                      totals.would_reject());
}

std::string OpenedLine(const fusebox::v1::Totals& totals) {
  std::vector<std::string> moves;
  for (const fusebox::v1::Totals::Transitions& move : totals.transitions()) {
    moves.push_back(
        absl::StrCat(StateName(move.from()), " -> ", StateName(move.to()), " ", move.count()));
  }
  return absl::StrCat(Count(totals.opened(), "time"), moves.empty() ? "" : ": ",
                      absl::StrJoin(moves, ", "));
}

void AppendLines(absl::string_view text, std::string& to) {
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&to, "  ", line, "\n");
  }
}

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines LinesOf(const Circuit& circuit, const Terminal& terminal, absl::Time now) {
  Lines lines = {{"state", StateLine(circuit, terminal, now)},
                 {"mode", terminal.Paint(ModeName(circuit.mode()), ModeCell(circuit).colour)}};
  if (circuit.has_next_probe_time()) {
    lines.emplace_back("next probe",
                       absl::StrCat(NextProbeText(circuit, now), ", at ",
                                    ClockText(TimeOf(circuit.next_probe_time()), now)));
  }
  if (circuit.has_last_opening()) {
    lines.emplace_back("last opening", absl::StrCat(MoveText(circuit.last_opening()), ", ",
                                                    Ago(circuit.last_opening().time(), now)));
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
  lines.emplace_back("totals", TotalsLine(circuit.totals()));
  lines.emplace_back("opened", OpenedLine(circuit.totals()));
  lines.emplace_back("target", Printable(circuit.target()));
  lines.emplace_back("epoch", absl::StrCat(circuit.epoch()));
  return lines;
}

std::string TextOf(const Endpoint& endpoint, const GetCircuitResponse& response,
                   const Terminal& terminal) {
  const Circuit& circuit = response.circuit();
  const absl::Time now = absl::Now();
  std::string text = absl::StrCat(terminal.Paint(Printable(circuit.name()), Colour::kBold), " on ",
                                  endpoint.InstanceName(response.instance()), "\n");
  constexpr std::size_t kLabelWidth = 14;
  for (const auto& [label, value] : LinesOf(circuit, terminal, now)) {
    if (value.empty()) continue;
    absl::StrAppend(&text, "  ", label, std::string(kLabelWidth - label.size(), ' '), value, "\n");
  }
  absl::StrAppend(&text, terminal.Paint("policy", Colour::kBold), " (etag ",
                  Printable(circuit.etag()), ")\n");
  AppendLines(PolicyText(circuit.policy()), text);
  if (response.events().empty()) return text;
  absl::StrAppend(&text, terminal.Paint("events", Colour::kBold), "\n");
  for (const fusebox::v1::Event& event : response.events()) {
    absl::StrAppend(&text, "  ", ClockText(TimeOf(event.time()), now), "  ",
                    EventText(event, terminal), "\n");
  }
  return text;
}

std::string JsonOf(const Endpoint& endpoint, const Answer& answer) {
  JsonObject object;
  object.AddText("endpoint", endpoint.name())
      .AddText("instance", answer.response.instance())
      .AddError(answer.status);
  if (answer.status.ok()) {
    std::vector<std::string> events;
    for (const auto& event : answer.response.events()) events.push_back(JsonMessage(event));
    object.Add("circuit", JsonMessage(answer.response.circuit())).Add("events", JsonLines(events));
  }
  return object.Text();
}

}  // namespace

ExitCode RunGet(const Fleet& fleet, const GetFlags& flags, const Screen& screen) {
  fusebox::v1::GetCircuitRequest request;
  request.set_name(flags.name);
  request.set_max_events(flags.events == 0 ? -1 : flags.events);
  const std::vector<Answer> answers = fleet.AskAll([&request](const Endpoint& endpoint) {
    Answer answer;
    answer.status = endpoint.Call(&Stub::GetCircuit, request, answer.response);
    return answer;
  });
  Tally tally;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Endpoint& endpoint = *fleet.endpoints()[i];
    tally.Add(answers[i].status.ok());
    if (!answers[i].status.ok()) screen.SayFailed(endpoint, answers[i].status, Attempt::kRead);
    if (screen.json) {
      texts.push_back(JsonOf(endpoint, answers[i]));
    } else if (answers[i].status.ok()) {
      texts.push_back(TextOf(endpoint, answers[i].response, screen.terminal));
    }
  }
  screen.out << (screen.json ? JsonEndpoints(texts) : absl::StrJoin(texts, "\n"));
  return tally.exit_code();
}

}  // namespace fuseboxctl
