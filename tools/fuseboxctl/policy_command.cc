// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl policy get|set|diff`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/confirm.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/order_text.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/policy_output.h"
#include "tools/fuseboxctl/reason_flag.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/write.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::PolicyChange;
using Stub = fusebox::v1::CircuitAdmin::Stub;

struct PolicyFlags {
  std::string name;

  // What to change: the one or the other.
  std::vector<std::string> assignments;
  std::string file;
  PolicyChange change;  // made of these by ReadChange

  // For `set`.
  std::string reason;
  std::string etag;  // empty: that of the policy which the change is shown against
  bool standing = false;
  bool dry_run = false;
  bool yes = false;
};

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
  answer.order = response.order();
  answer.overruled.assign(response.overruled().begin(), response.overruled().end());
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
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string instance = InstanceOf(fleet, answers, i);
    const std::string of =
        absl::StrCat(Printable(flags.name), ", and of the next circuit of that name");
    const bool would = flags.dry_run && !answers[i].differences().empty();
    if (answers[i].order != 0) {
      screen.Say(absl::StrCat(instance, ": order ", answers[i].order, " sets the policy of ", of));
    } else if (answers[i].status.ok() && would) {
      screen.Say(absl::StrCat(instance, ": would set the policy of ", of));
    }
    if (answers[i].order != 0 || would) {
      SayOverruled(instance, answers[i].overruled, would, screen);
    }
  }
  if (flags.dry_run) screen.Say("--dry-run: nothing was changed");
  return exit_code;
}

// Of all that fit a pattern.
ExitCode RunSetMany(const Session& session, const PolicyFlags& flags) {
  WriteFlags write;
  write.action.change = flags.change;
  write.action.reason = flags.reason;
  write.names = {flags.name};
  write.standing = flags.standing;
  write.yes = flags.yes;
  write.dry_run = flags.dry_run;
  return RunWrite(session, write);
}

ExitCode RunGet(const Fleet& fleet, const PolicyFlags& flags, const Screen& screen) {
  const PolicyAnswers answers = ReadAll(fleet, flags.name);
  const ExitCode exit_code = JudgeName(fleet, answers, flags.name, screen);
  if (screen.json) {
    PrintPoliciesAsJson(fleet, answers, false, screen);
  } else {
    PrintPolicies(fleet, answers, screen);
  }
  return exit_code;
}

// Reads the assignments or the file into `change`. INVALID_ARGUMENT names what is wrong there.
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

void AddName(CLI::App& app, PolicyFlags& flags) {
  app.add_option("NAME", flags.name, "The circuit")->required()->type_name("");
}

void AddChange(CLI::App& app, PolicyFlags& flags) {
  CLI::Option* const fields =
      app.add_option("CHANGE", flags.assignments,  // newer CLI11 takes no name with a "="
                     "FIELD=VALUE, as in open_duration=45s, half_open.max_concurrent=5, ramp=off, "
                     "jitter=default; the fields "
                     "are those that `policy get` shows");
  fields->type_name("");
  app.add_option("--file", flags.file,
                 "A whole policy, JSON or as `policy get` shows it; - is standard input")
      ->type_name("FILE")
      ->excludes(fields);
}

class PolicyGetCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override { AddName(app, flags_); }
  ExitCode Run(const Session& session) override {
    return RunGet(session.fleet, flags_, session.screen);
  }

 private:
  PolicyFlags flags_;
};

class PolicySetCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    AddName(app, flags_);
    AddChange(app, flags_);
    reason_.AddTo(app);
    app.add_option("--etag", flags_.etag, "Only if the policy is still the one with this etag");
    AddStanding(app, flags_.standing);
    app.add_flag("--dry-run", flags_.dry_run,
                 "Check it and show what would change, without changing it");
    app.add_flag("--yes,-y", flags_.yes, "Don't ask before touching more than one circuit");
  }

  absl::Status Complete() override {
    if (flags_.file.empty() && flags_.assignments.empty()) {
      return absl::InvalidArgumentError("say what to change: FIELD=VALUE, or --file FILE");
    }
    if (IsByPattern() && !flags_.etag.empty()) {
      return absl::InvalidArgumentError("--etag is for the policy of one circuit, by its name");
    }
    absl::Status status = ReadChange(flags_);
    if (status.ok()) status = reason_.Complete();
    flags_.reason = reason_.text;
    return status;
  }

  ExitCode Run(const Session& session) override {
    if (IsByPattern()) return RunSetMany(session, flags_);
    return RunSet(session.fleet, flags_, session.screen);
  }

 private:
  bool IsByPattern() const { return IsGlob(flags_.name) || flags_.standing; }

  PolicyFlags flags_;
  ReasonFlag reason_;
};

class PolicyDiffCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    AddName(app, flags_);
    AddChange(app, flags_);
  }
  absl::Status Complete() override { return ReadChange(flags_); }
  ExitCode Run(const Session& session) override {
    return RunDiff(session.fleet, flags_, session.screen);
  }

 private:
  PolicyFlags flags_;
};

}  // namespace

CommandRows PolicyRows() {
  CommandRows rows;
  rows.push_back({"policy", "", "Show and change circuits' settings", "", nullptr});
  rows.push_back({"policy get", ".I NAME", "Show a circuit's policy", R"(
Shows a circuit's policy, field by field. What is probably a mistake in it is written to standard error, as by
.B policy set
of what it makes of it.)",
                  std::make_unique<PolicyGetCommand>()});
  rows.push_back({"policy set", ".I NAME FIELD=VALUE\n\\&...", "Change circuits' policies", R"(
Changes it, and shows what has changed; of a pattern, how many circuits that is. A field is named as in circuit.proto:
.BR open_duration=45s ,
.BR half_open.max_concurrent=5 .
.B off
turns a rule off,
.BR jitter ,
.B half_open.probe_timeout
and whatever else is optional; what can't be off is refused.
.B on
turns
.B ramp
or
.B hung_calls
on, and takes
.B count_window
or
.BR time_window ,
with defaults.
.B default
takes what a policy has that doesn't set the field: of a rule, off; of a part of a window, ramp or
rule, the part's own default. The last rule that opens the circuit can't be off, unless all that
makes the policy another one than the default is. A policy that somebody else has changed since it
was read is left alone.)",
                  std::make_unique<PolicySetCommand>()});
  rows.push_back({"policy diff", ".I NAME\n.RI [ FIELD=VALUE ...]",
                  "Show what a change would do; without one, how instances differ", R"(
Shows what a change would do, without asking for the right to make it. Without one, how the policies
of several instances differ.)",
                  std::make_unique<PolicyDiffCommand>()});
  return rows;
}

}  // namespace fuseboxctl
