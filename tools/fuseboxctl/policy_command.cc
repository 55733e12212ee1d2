// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/policy_command.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/confirm.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/policy_output.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::PolicyChange;
using Stub = fusebox::v1::CircuitAdmin::Stub;

bool IsChange(const PolicyChange& change) { return change.update_mask().paths_size() > 0; }

// Reads it, and asks what the change would make of it, if it is one.
PolicyAnswer ReadPolicy(const Endpoint& endpoint, const std::string& name,
                        const PolicyChange& change) {
  fusebox::v1::GetCircuitRequest request;
  request.set_name(name);
  request.set_max_events(-1);
  if (IsChange(change)) *request.mutable_change() = change;
  fusebox::v1::GetCircuitResponse response;
  PolicyAnswer answer;
  answer.status = endpoint.Call(&Stub::GetCircuit, request, response);
  answer.instance = response.instance();
  answer.etag = response.circuit().etag();
  answer.before = response.circuit().policy();
  answer.after = IsChange(change) ? response.changed().policy() : answer.before;
  const auto& warnings =
      IsChange(change) ? response.changed().warnings() : response.policy_warnings();
  answer.warnings.assign(warnings.begin(), warnings.end());
  return answer;
}

// Changes what was read, or only asks what would come of it.
PolicyAnswer Update(const Endpoint& endpoint, const PolicyFlags& flags, bool validate_only,
                    PolicyAnswer answer) {
  if (!answer.status.ok()) return answer;
  fusebox::v1::UpdatePolicyRequest request;
  request.set_name(flags.name);
  request.set_reason(flags.reason);
  *request.mutable_change() = flags.change;
  request.set_etag(flags.etag.empty() ? answer.etag : flags.etag);
  request.set_validate_only(validate_only);
  fusebox::v1::UpdatePolicyResponse response;
  answer.attempt = validate_only ? Attempt::kDryRun : Attempt::kWrite;
  answer.status = endpoint.Call(&Stub::UpdatePolicy, request, response);
  if (!answer.status.ok()) return answer;
  answer.after = response.circuit().policy();
  answer.warnings.assign(response.warnings().begin(), response.warnings().end());
  if (!validate_only) answer.etag = response.circuit().etag();
  return answer;
}

PolicyAnswers ReadAll(const Fleet& fleet, const std::string& name,
                      const PolicyChange& change = {}) {
  return fleet.AskAll([&](const Endpoint& endpoint) { return ReadPolicy(endpoint, name, change); });
}

// Like Judge; and what is near a name that no endpoint has a circuit of.
ExitCode JudgeName(const Fleet& fleet, const PolicyAnswers& answers, const std::string& name,
                   const Screen& screen) {
  const ExitCode exit_code = Judge(fleet, answers, screen);
  std::vector<grpc::Status> statuses;
  for (const PolicyAnswer& answer : answers) statuses.push_back(answer.status);
  screen.SayIfAny(AdviceOnName(fleet, name, statuses));
  return exit_code;
}

ExitCode RunDiff(const Fleet& fleet, const PolicyFlags& flags, const Screen& screen) {
  PolicyAnswers answers = ReadAll(fleet, flags.name, flags.change);
  if (!IsChange(flags.change) && screen.json) {
    const PolicyAnswer* first = nullptr;
    for (PolicyAnswer& answer : answers) {
      if (!answer.status.ok()) continue;
      if (first == nullptr) first = &answer;
      answer.before = first->after;  // the others are compared with it
    }
  }
  const ExitCode exit_code = JudgeName(fleet, answers, flags.name, screen);
  if (screen.json) {
    PrintPoliciesAsJson(fleet, answers, true, screen);
  } else if (IsChange(flags.change)) {
    PrintDifferences(fleet, answers, flags.name, screen);
  } else {
    PrintUnlike(fleet, answers, screen);
  }
  return exit_code;
}

// Of what would have changed, that it does not.
PolicyAnswers Unconfirmed(PolicyAnswers answers) {
  for (PolicyAnswer& answer : answers) {
    if (answer.status.ok() && !answer.differences().empty()) answer.status = NotConfirmed();
  }
  return answers;
}

ExitCode RunSet(const Fleet& fleet, const PolicyFlags& flags, const Screen& screen) {
  PolicyAnswers answers = fleet.AskEach(ReadAll(fleet, flags.name),
                                        [&flags](const Endpoint& endpoint, PolicyAnswer& a) {
                                          return Update(endpoint, flags, true, std::move(a));
                                        });
  std::vector<std::string> touched;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::vector<PolicyDifference> differences = answers[i].differences();
    if (!answers[i].status.ok() || differences.empty()) continue;
    touched.push_back(absl::StrCat(
        InstanceOf(fleet, answers, i), "  ",
        absl::StrJoin(differences, "; ", [](std::string* text, const PolicyDifference& one) {
          absl::StrAppend(text, Arrow(one));
        })));
  }
  if (!flags.dry_run && !touched.empty()) {
    if (touched.size() > 1 && !flags.yes &&
        !Confirm(screen,
                 absl::StrCat("change the policy of ",
                              Count(static_cast<int64_t>(touched.size()), "circuit"), "?"),
                 touched)) {
      if (screen.json) PrintPoliciesAsJson(fleet, Unconfirmed(std::move(answers)), true, screen);
      return ExitCode::kNotConfirmed;
    }
    answers =
        fleet.AskEach(std::move(answers), [&flags](const Endpoint& endpoint, PolicyAnswer& a) {
          // A policy that stays as it is would yet lose its window, if it were set again.
          if (a.differences().empty()) return a;
          return Update(endpoint, flags, false, std::move(a));
        });
  }
  const ExitCode exit_code = JudgeName(fleet, answers, flags.name, screen);
  if (screen.json) {
    PrintPoliciesAsJson(fleet, answers, true, screen);
  } else {
    PrintDifferences(fleet, answers, flags.name, screen);
  }
  if (flags.dry_run) screen.Say("--dry-run: nothing was changed");
  return exit_code;
}

}  // namespace

absl::Status ReadChange(PolicyFlags& flags) {
  absl::StatusOr<PolicyChange> change;
  if (flags.file.empty()) {
    change = ChangeFromAssignments(flags.assignments);
    if (!change.ok()) return change.status();
  } else {
    const absl::StatusOr<std::string> text = ReadFile(flags.file);
    change = text.ok() ? ChangeFromText(*text) : text.status();
    if (!change.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--file ", flags.file, ": ", change.status().message()));
    }
  }
  flags.change = *std::move(change);
  return absl::OkStatus();
}

ExitCode RunPolicy(const Fleet& fleet, const PolicyFlags& flags, const Screen& screen) {
  if (flags.verb == PolicyFlags::Verb::kDiff) return RunDiff(fleet, flags, screen);
  if (flags.verb == PolicyFlags::Verb::kSet) return RunSet(fleet, flags, screen);
  const PolicyAnswers answers = ReadAll(fleet, flags.name);
  const ExitCode exit_code = JudgeName(fleet, answers, flags.name, screen);
  if (screen.json) {
    PrintPoliciesAsJson(fleet, answers, false, screen);
  } else {
    PrintPolicies(fleet, answers, screen);
  }
  return exit_code;
}

}  // namespace fuseboxctl
