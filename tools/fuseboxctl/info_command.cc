// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl info`: each process as a whole.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::Instance;
using Stub = fusebox::v1::CircuitAdmin::Stub;

struct Answer {
  grpc::Status status;
  fusebox::v1::GetInstanceResponse response;
};

std::string BoundText(int64_t max_circuits) {
  return max_circuits == 0 ? "without a bound" : absl::StrCat("of at most ", max_circuits);
}

std::string UnprotectedText(int64_t calls, const Terminal& terminal) {
  if (calls == 0) return "0 calls";
  return terminal.Paint(absl::StrCat(Count(calls, "call"), ": max_circuits is too small"),
                        Colour::kRed);
}

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines LinesOf(const Instance& instance, const Terminal& terminal) {
  Lines lines = {
      {"circuits", absl::StrCat(instance.circuits(), ", ", BoundText(instance.max_circuits()))},
      {"evicted", absl::StrCat(Count(instance.evicted_circuits(), "circuit"), ", ",
                               instance.restored_circuits(), " came back and went on, ",
                               instance.forgotten_circuits(), " forgotten while they failed")},
      {"unprotected", UnprotectedText(instance.unprotected_calls(), terminal)},
      {"user code", Count(instance.user_code_failures(), "exception")},
      {"listeners", absl::StrCat(Count(instance.dropped_events(), "event"), " dropped")}};
  if (instance.unused_policy_count() == 0) return lines;
  lines.emplace_back("unused", absl::StrCat(Count(instance.unused_policy_count(), "setting"),
                                            " that no call has matched so far"));
  for (const fusebox::v1::UnusedPolicy& unused : instance.unused_policies()) {
    lines.emplace_back(
        "", absl::StrCat("  ", Printable(unused.setting()), " of ", Printable(unused.name()),
                         ", on channels to ", Printable(unused.target())));
  }
  const int64_t untold = instance.unused_policy_count() - instance.unused_policies_size();
  if (untold > 0) lines.emplace_back("", absl::StrCat("  and ", untold, " more"));
  return lines;
}

std::string TextOf(const Endpoint& endpoint, const Instance& instance, const Terminal& terminal) {
  std::string text =
      absl::StrCat(terminal.Paint(endpoint.InstanceName(instance.name()), Colour::kBold), " at ",
                   Printable(endpoint.name()), "\n");
  constexpr std::size_t kLabelWidth = 13;
  for (const auto& [label, value] : LinesOf(instance, terminal)) {
    absl::StrAppend(&text, "  ", label, std::string(kLabelWidth - label.size(), ' '), value, "\n");
  }
  return text;
}

std::string JsonOf(const Endpoint& endpoint, const Answer& answer) {
  JsonObject object;
  object.AddText("endpoint", endpoint.name()).AddError(answer.status);
  if (answer.status.ok()) object.Add("instance", JsonMessage(answer.response.instance()));
  return object.Text();
}

class InfoCommand final : public Command {
 public:
  void AddFlags(CLI::App& /*app*/) override {}

  ExitCode Run(const Session& session) override {
    const Screen& screen = session.screen;
    const std::vector<Answer> answers = session.fleet.AskAll([](const Endpoint& endpoint) {
      Answer answer;
      answer.status = endpoint.Call(&Stub::GetInstance, {}, answer.response);
      return answer;
    });
    Tally tally;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Endpoint& endpoint = *session.fleet.endpoints()[i];
      const Answer& answer = answers[i];
      tally.Add(answer.status.ok());
      if (!answer.status.ok()) screen.SayFailed(endpoint, answer.status, Attempt::kRead);
      if (screen.json) {
        texts.push_back(JsonOf(endpoint, answer));
      } else if (answer.status.ok()) {
        texts.push_back(TextOf(endpoint, answer.response.instance(), screen.terminal));
      }
    }
    screen.out << (screen.json ? JsonEndpoints(texts) : absl::StrJoin(texts, "\n"));
    return tally.exit_code();
  }
};

}  // namespace

CommandRows InfoRows() {
  CommandRows rows;
  rows.push_back({"info", "", "Show each process as a whole", R"(
Shows each process as a whole: how many circuits it has and may have, how many had to go to keep that
bound, how many calls were made without a circuit because the bound was too small, and which settings
for services and methods no call has matched so far.)",
                  std::make_unique<InfoCommand>()});
  return rows;
}

}  // namespace fuseboxctl
