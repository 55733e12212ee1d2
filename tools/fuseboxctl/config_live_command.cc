// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl config show|diff|reload`: the file that running processes follow.
#include <google/protobuf/repeated_field.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/config/file.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/policy_output.h"
#include "tools/fuseboxctl/reason_flag.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::ConfigFormat;
using fusebox::internal::FromProto;
using fusebox::v1::ConfigDifference;
using fusebox::v1::ConfigOverride;
using fusebox::v1::ConfigStatus;
using Differences = google::protobuf::RepeatedPtrField<ConfigDifference>;
using Stub = fusebox::v1::CircuitAdmin::Stub;

template <typename Response>
struct Answer {
  grpc::Status status;
  Response response;
};

template <typename Response>
using Answers = std::vector<Answer<Response>>;

// Asks each endpoint.
template <typename Request, typename Response>
Answers<Response> AskAll(const Fleet& fleet,
                         grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
                         const Request& request) {
  return fleet.AskAll([&](const Endpoint& endpoint) {
    Answer<Response> answer;
    answer.status = endpoint.Call(method, request, answer.response);
    return answer;
  });
}

// Says what went wrong, and prints each answer by `text` or `json`; after those by text, a `note`.
template <typename Response, typename Text, typename AddJson>
ExitCode Print(const Session& session, const Answers<Response>& answers, Attempt attempt,
               const Text& text, const AddJson& add_json, absl::string_view note) {
  const Screen& screen = session.screen;
  Tally tally;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Endpoint& endpoint = *session.fleet.endpoints()[i];
    const Answer<Response>& answer = answers[i];
    tally.Add(answer.status.ok());
    if (!answer.status.ok()) screen.SayFailed(endpoint, answer.status, attempt);
    if (screen.json) {
      JsonObject object;
      object.AddText("endpoint", endpoint.name())
          .AddText("instance", answer.response.instance())
          .AddError(answer.status);
      if (answer.status.ok()) add_json(answer.response, object);
      texts.push_back(object.Text());
    } else if (answer.status.ok()) {
      const std::string name = endpoint.InstanceName(answer.response.instance());
      texts.push_back(text(screen.terminal.Paint(name, Colour::kBold), answer.response));
    }
  }
  screen.out << (screen.json ? JsonEndpoints(texts) : absl::StrJoin(texts, ""));
  if (!screen.json && !texts.empty()) screen.out << note;
  return tally.exit_code();
}

// ---- What changes.

std::vector<std::string> ArrowsOf(const ConfigDifference& difference) {
  std::vector<std::string> arrows;
  for (const PolicyDifference& field : Difference(difference.before(), difference.after())) {
    arrows.push_back(Arrow(field));
  }
  return arrows;
}

// Circuits that change alike together: of very many, the first ones.
std::string DifferencesText(const Differences& differences, int64_t count, bool verbose) {
  constexpr std::size_t kFew = 10;
  std::map<std::vector<std::string>, std::vector<std::string>> circuits;  // by what changes
  for (const ConfigDifference& difference : differences) {
    circuits[ArrowsOf(difference)].push_back(Printable(difference.circuit()));
  }
  std::string text;
  for (const auto& [arrows, names] : circuits) {
    const std::size_t shown = verbose ? names.size() : std::min(names.size(), kFew);
    for (std::size_t i = 0; i < shown; ++i) absl::StrAppend(&text, "  ", names[i], "\n");
    if (shown < names.size()) {
      absl::StrAppend(&text, "  and ", names.size() - shown, " more: --verbose names them\n");
    }
    for (const std::string& arrow : arrows) absl::StrAppend(&text, "    ", arrow, "\n");
  }
  const int64_t untold = count - differences.size();
  if (untold > 0) absl::StrAppend(&text, "  and ", Count(untold, "circuit"), " more\n");
  return text;
}

void AddDifferences(const Differences& differences, int64_t count, JsonObject& object) {
  std::vector<std::string> circuits;
  for (const ConfigDifference& difference : differences) {
    std::vector<std::string> fields;
    for (const PolicyDifference& field : Difference(difference.before(), difference.after())) {
      fields.push_back(JsonObject()
                           .AddText("field", field.path)
                           .AddText("before", field.before)
                           .AddText("after", field.after)
                           .Text());
    }
    circuits.push_back(JsonObject()
                           .AddText("circuit", difference.circuit())
                           .Add("differences", JsonLines(fields))
                           .Text());
  }
  object.Add("difference_count", absl::StrCat(count)).Add("differences", JsonLines(circuits));
}

// "the policy of 2 of 3 circuits would change".
std::string ChangesText(int64_t count, int64_t circuits, absl::string_view change) {
  if (circuits == 0) return absl::StrCat("no policy ", change, ": there are no circuits so far");
  return absl::StrCat("the policy of ", count, " of ", Count(circuits, "circuit"), " ", change);
}

// What a file says of circuits that there aren't.
template <typename Response>
std::string UnusedText(const Response& response) {
  std::string text;
  for (const auto& each : response.unused_overrides()) {
    absl::StrAppend(&text, "  fits no circuit so far: ", Printable(each.dependency()),
                    each.scope().empty() ? "" : " ", Printable(each.scope()), "\n");
  }
  const int64_t untold = response.unused_override_count() - response.unused_overrides_size();
  if (untold > 0) absl::StrAppend(&text, "  and ", untold, " more that fit no circuit so far\n");
  return text;
}

template <typename Response>
void AddUnused(const Response& response, JsonObject& object) {
  std::vector<std::string> unused;
  for (const auto& each : response.unused_overrides()) {
    unused.push_back(JsonObject()
                         .AddText("dependency", each.dependency())
                         .AddText("scope", each.scope())
                         .Text());
  }
  object.Add("unused_override_count", absl::StrCat(response.unused_override_count()))
      .Add("unused_overrides", JsonLines(unused));
}

// Beside policies, which changes reach.
constexpr char kReadOnce[] =
    "Only policies follow the file: classifier, scope, streams, unprotected, functions and health "
    "are\n"
    "read when a channel is made, registry and log when the process starts.\n";

// ---- What is in force.

std::string Named(const ConfigStatus& status) {
  return absl::StrCat(
      Printable(status.file()),
      status.version().empty() ? "" : absl::StrCat(", version ", Printable(status.version())));
}

std::string Ago(const google::protobuf::Timestamp& time) {
  return absl::StrCat(AgeText(absl::Now() - FromProto(time)), " ago");
}

void AppendLine(absl::string_view label, absl::string_view value, std::string& text) {
  constexpr std::size_t kLabelWidth = 11;
  absl::StrAppend(&text, "  ", label, std::string(kLabelWidth - label.size(), ' '), value, "\n");
}

std::string StatusText(const ConfigStatus& status, const Terminal& terminal) {
  std::string text;
  AppendLine("file", Named(status), text);
  if (status.hash().empty()) {
    AppendLine("in force", "none so far", text);
  } else {
    AppendLine("in force",
               absl::StrCat("for ", AgeText(absl::Now() - FromProto(status.loaded_time())),
                            ", sha256 ", Printable(status.hash())),
               text);
    AppendLine("",
               status.circuits() == 0
                   ? "there were no circuits then"
                   : absl::StrCat("it changed the policy of ", status.circuits_changed(), " of ",
                                  Count(status.circuits(), "circuit")),
               text);
  }
  if (status.error().empty()) return text;
  AppendLine("refused", terminal.Paint(Ago(status.last_attempt_time()), Colour::kRed), text);
  for (const absl::string_view line : absl::StrSplit(status.error(), '\n')) {
    AppendLine("", Printable(line), text);
  }
  return text;
}

// The fields of a policy that a path stands for, as they are shown.
std::vector<PolicyField> FieldsAt(const std::vector<PolicyField>& all, const std::string& path) {
  std::vector<PolicyField> fields;
  for (const PolicyField& field : all) {
    if (field.path == path || absl::StartsWith(field.path, path + ".")) fields.push_back(field);
  }
  if (fields.empty()) fields.push_back({path, "off"});
  return fields;
}

// "open_duration: 30s" and where it is from, for each field that it names.
std::vector<std::pair<PolicyField, std::string>> FieldsOf(const ConfigOverride& override) {
  const std::vector<PolicyField> all = PolicyFields(override.change().policy());
  std::vector<std::pair<PolicyField, std::string>> fields;
  for (int i = 0; i < override.change().update_mask().paths_size(); ++i) {
    const std::string source = i < override.sources_size() ? override.sources(i) : "";
    for (PolicyField& field : FieldsAt(all, override.change().update_mask().paths(i))) {
      fields.emplace_back(std::move(field), source);
    }
  }
  return fields;
}

std::string OverrideText(const ConfigOverride& override) {
  std::string text =
      absl::StrCat("  ", Printable(override.dependency()), override.scope().empty() ? "" : " ",
                   Printable(override.scope()), "\n");
  std::vector<std::pair<std::string, std::string>> lines;
  std::size_t widest = 0;
  for (const auto& [field, source] : FieldsOf(override)) {
    lines.emplace_back(absl::StrCat("    ", Printable(field.path), ": ", Printable(field.value)),
                       Printable(source));
    widest = std::max(widest, lines.back().first.size());
  }
  for (const auto& [line, source] : lines) {
    absl::StrAppend(&text, line);
    if (!source.empty()) absl::StrAppend(&text, std::string(widest + 2 - line.size(), ' '), source);
    absl::StrAppend(&text, "\n");
  }
  return text;
}

std::string OverrideJson(const ConfigOverride& override) {
  std::vector<std::string> fields;
  for (const auto& [field, source] : FieldsOf(override)) {
    fields.push_back(JsonObject()
                         .AddText("field", field.path)
                         .AddText("value", field.value)
                         .AddText("source", source)
                         .Text());
  }
  return JsonObject()
      .AddText("dependency", override.dependency())
      .AddText("scope", override.scope())
      .Add("fields", JsonLines(fields))
      .Text();
}

class ConfigShowCommand final : public Command {
 public:
  void AddFlags(CLI::App& /*app*/) override {}

  ExitCode Run(const Session& session) override {
    using Response = fusebox::v1::GetConfigResponse;
    const Answers<Response> answers =
        AskAll(session.fleet, &Stub::GetConfig, fusebox::v1::GetConfigRequest());
    const bool any_file = std::any_of(answers.begin(), answers.end(), [](const auto& answer) {
      return answer.response.has_status();
    });
    return Print(
        session, answers, Attempt::kRead,
        [&session](const std::string& instance, const Response& response) {
          return TextOf(instance, response, session.screen.terminal);
        },
        [](const Response& response, JsonObject& object) {
          if (response.has_status()) object.Add("config", JsonMessage(response.status()));
          std::vector<std::string> overrides;
          for (const ConfigOverride& each : response.overrides()) {
            overrides.push_back(OverrideJson(each));
          }
          object.Add("override_count", absl::StrCat(response.override_count()))
              .Add("overrides", JsonLines(overrides));
          AddUnused(response, object);
        },
        any_file ? kReadOnce : "");
  }

 private:
  static std::string TextOf(const std::string& instance,
                            const fusebox::v1::GetConfigResponse& response,
                            const Terminal& terminal) {
    std::string text = absl::StrCat(instance, "\n");
    if (response.has_status()) {
      absl::StrAppend(&text, StatusText(response.status(), terminal));
    } else {
      AppendLine("file", "none is followed", text);
    }
    for (const ConfigOverride& each : response.overrides()) {
      absl::StrAppend(&text, OverrideText(each));
    }
    const int64_t untold = response.override_count() - response.overrides_size();
    if (untold > 0) absl::StrAppend(&text, "  and ", untold, " more\n");
    return absl::StrCat(text, UnusedText(response));
  }
};

class ConfigDiffCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    app.add_option("FILE", file_, "The file; - is standard input, YAML")->required()->type_name("");
    app.add_flag("--verbose,-v", verbose_, "Name every circuit, even if many change alike");
  }

  absl::Status Complete() override {
    absl::StatusOr<std::string> text = ReadFile(file_);
    if (!text.ok()) return text.status();
    request_.set_text(*std::move(text));
    request_.set_file(Printable(file_ == "-" ? "standard input" : file_));
    const std::optional<ConfigFormat> format = fusebox::internal::FormatOf(file_);
    request_.set_format(format == ConfigFormat::kJson   ? "json"
                        : format == ConfigFormat::kText ? "text"
                                                        : "yaml");
    return absl::OkStatus();
  }

  ExitCode Run(const Session& session) override {
    using Response = fusebox::v1::DiffConfigResponse;
    return Print(
        session, AskAll(session.fleet, &Stub::DiffConfig, request_), Attempt::kRead,
        [this](const std::string& instance, const Response& response) {
          return absl::StrCat(
              instance, "  ",
              ChangesText(response.difference_count(), response.circuits(), "would change"), "\n",
              DifferencesText(response.differences(), response.difference_count(), verbose_),
              UnusedText(response));
        },
        [](const Response& response, JsonObject& object) {
          object.Add("circuits", absl::StrCat(response.circuits()));
          AddDifferences(response.differences(), response.difference_count(), object);
          AddUnused(response, object);
        },
        kReadOnce);
  }

 private:
  std::string file_;
  bool verbose_ = false;
  fusebox::v1::DiffConfigRequest request_;
};

class ConfigReloadCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    reason_.AddTo(app);
    app.add_flag("--verbose,-v", verbose_, "Name every circuit, even if many change alike");
  }

  absl::Status Complete() override {
    absl::Status status = reason_.Complete();
    request_.set_reason(reason_.text);
    return status;
  }

  ExitCode Run(const Session& session) override {
    using Response = fusebox::v1::ReloadConfigResponse;
    return Print(
        session, AskAll(session.fleet, &Stub::ReloadConfig, request_), Attempt::kWrite,
        [this](const std::string& instance, const Response& response) {
          return absl::StrCat(
              instance, "  in force: ", Named(response.status()), "; ",
              ChangesText(response.difference_count(), response.status().circuits(), "changed"),
              "\n", DifferencesText(response.differences(), response.difference_count(), verbose_));
        },
        [](const Response& response, JsonObject& object) {
          object.Add("config", JsonMessage(response.status()));
          AddDifferences(response.differences(), response.difference_count(), object);
        },
        kReadOnce);
  }

 private:
  ReasonFlag reason_;
  bool verbose_ = false;
  fusebox::v1::ReloadConfigRequest request_;
};

}  // namespace

// Within "config", whose own row is ConfigRows'.
CommandRows ConfigLiveRows() {
  CommandRows rows;
  rows.push_back({"config show", "", "Show which configuration file is in force", R"(
Shows of each process which configuration file is in force, since when, and why the one that is there now
was refused, if it was; then what it says of which circuits, with file and line, and which entries fit no
circuit so far.
.B get
shows of one circuit where each field is from.)",
                  std::make_unique<ConfigShowCommand>()});
  rows.push_back({"config diff", ".I FILE", "Show what a configuration file would change", R"(
Shows what would change in each process if it followed
.IR FILE ,
circuit by circuit, and changes nothing; then which of its entries fit no circuit so far. The file may
have 1 MiB.)",
                  std::make_unique<ConfigDiffCommand>()});
  rows.push_back({"config reload", "", "Have the configuration file read now", R"(
Has each process read the file that it follows, and shows what has changed by that. Processes read it by
themselves when it changes; this is for those who want to be sure.)",
                  std::make_unique<ConfigReloadCommand>()});
  return rows;
}

}  // namespace fuseboxctl
