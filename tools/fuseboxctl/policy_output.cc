// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/policy_output.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {

std::string InstanceOf(const Fleet& fleet, const PolicyAnswers& answers, std::size_t index) {
  return fleet.endpoints()[index]->InstanceName(answers[index].instance);
}

std::string Arrow(const PolicyDifference& difference) {
  return absl::StrCat(difference.path, ": ", difference.before, " -> ", difference.after);
}

void PrintPoliciesAsJson(const Fleet& fleet, const PolicyAnswers& answers, bool with_differences,
                         const Screen& screen) {
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const PolicyAnswer& answer = answers[i];
    JsonObject endpoint;
    endpoint.AddText("endpoint", fleet.endpoints()[i]->name())
        .AddText("instance", answer.instance)
        .AddError(answer.status);
    if (answer.status.ok()) {
      endpoint.Add("policy", JsonMessage(answer.after)).AddText("etag", answer.etag);
    }
    if (answer.status.ok() && with_differences) {
      std::vector<std::string> differences;
      for (const PolicyDifference& difference : answer.differences()) {
        JsonObject object;
        object.AddText("field", difference.path)
            .AddText("before", difference.before)
            .AddText("after", difference.after);
        differences.push_back(object.Text());
      }
      endpoint.Add("differences", JsonLines(differences));
    }
    if (answer.status.ok()) {
      std::vector<std::string> warnings;
      for (const std::string& warning : answer.warnings) warnings.push_back(JsonText(warning));
      endpoint.Add("warnings", JsonLines(warnings));
    }
    if (!answers[i].overruled.empty()) {
      std::vector<std::string> overruled;
      for (const auto& each : answers[i].overruled) overruled.push_back(JsonMessage(each));
      endpoint.Add("overruled", JsonLines(overruled));
    }
    endpoints.push_back(endpoint.Text());
  }
  screen.out << JsonEndpoints(endpoints);
}

ExitCode Judge(const Fleet& fleet, const PolicyAnswers& answers, const Screen& screen) {
  Tally tally;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    tally.Add(answers[i].status.ok());
    if (!answers[i].status.ok()) {
      screen.SayFailed(*fleet.endpoints()[i], answers[i].status, answers[i].attempt);
      continue;
    }
    for (const std::string& warning : answers[i].warnings) {
      screen.Say(absl::StrCat(InstanceOf(fleet, answers, i), ": warning: ", Printable(warning)));
    }
  }
  return tally.exit_code();
}

void PrintPolicies(const Fleet& fleet, const PolicyAnswers& answers, const Screen& screen) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].status.ok()) continue;
    // A comment, so that a file of it is a policy.
    screen.out << "# " << InstanceOf(fleet, answers, i) << ", etag " << Printable(answers[i].etag)
               << "\n"
               << PolicyText(answers[i].before);
  }
}

void PrintDifferences(const Fleet& fleet, const PolicyAnswers& answers, const std::string& name,
                      const Screen& screen) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].status.ok()) continue;
    const std::vector<PolicyDifference> differences = answers[i].differences();
    screen.out << InstanceOf(fleet, answers, i) << "  " << Printable(name)
               << (differences.empty() ? "  nothing changes" : "") << "\n";
    for (const PolicyDifference& difference : differences) {
      screen.out << "  " << Arrow(difference) << "\n";
    }
  }
}

void PrintUnlike(const Fleet& fleet, const PolicyAnswers& answers, const Screen& screen) {
  std::map<std::string, std::map<std::string, std::vector<std::string>>> holders;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].status.ok()) continue;
    ++asked;
    for (const PolicyField& field : PolicyFields(answers[i].before)) {
      holders[field.path][field.value].push_back(InstanceOf(fleet, answers, i));
    }
  }
  bool alike = true;
  for (const auto& [path, values] : holders) {
    if (values.size() == 1 && values.begin()->second.size() == asked) continue;
    alike = false;
    screen.out << path << "\n";
    for (const auto& [value, names] : values) {
      screen.out << "  " << value << "  " << absl::StrJoin(names, ", ") << "\n";
    }
  }
  if (alike && asked > 1) screen.out << "the policy is the same at all " << asked << " instances\n";
  if (asked == 1) {
    screen.Say("one instance, nothing to compare it with: name fields, --file or more endpoints");
  }
}

}  // namespace fuseboxctl
