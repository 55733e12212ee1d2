// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl config check|schema`: without any endpoint.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/config/content.h"
#include "src/config/file.h"
#include "src/config/problems.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/config_schema.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::ConfigFormat;
using fusebox::internal::Problems;

constexpr char kStandardInput[] = "-";

struct Checked {
  std::string file;
  std::vector<std::string> errors;    // each with its place
  std::vector<std::string> warnings;  // the same
  std::string version;
  std::size_t dependencies = 0;

  bool valid() const { return errors.empty(); }
};

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  if (path == kStandardInput) return ReadFile(path);
  return fusebox::internal::ReadRegularFile(path, fusebox::Config::kMaxBytes);
}

// As an application reads it. `format`: whatever its name says.
Checked Check(const std::string& path, std::optional<ConfigFormat> format) {
  Checked checked;
  checked.file = Printable(path == kStandardInput ? "standard input" : path);
  if (!format && path != kStandardInput) {
    const absl::StatusOr<ConfigFormat> by_name = fusebox::internal::RequireFormatOf(path);
    if (!by_name.ok()) {
      checked.errors.emplace_back(by_name.status().message());
      return checked;
    }
    format = *by_name;
  }
  const absl::StatusOr<std::string> text = ReadConfigFile(path);
  if (!text.ok()) {
    checked.errors.emplace_back(text.status().message());
    return checked;
  }
  Problems problems(checked.file);
  Problems warnings(checked.file);
  const fusebox::internal::ConfigContent content = fusebox::internal::ReadConfig(
      *text, format.value_or(ConfigFormat::kYaml), problems, warnings);
  checked.errors = problems.Lines();
  checked.warnings = warnings.Lines();
  checked.version = content.version;
  checked.dependencies = content.dependencies.size();
  return checked;
}

std::string JsonTexts(const std::vector<std::string>& texts) {
  return absl::StrCat("[",
                      absl::StrJoin(texts, ",",
                                    [](std::string* to, const std::string& text) {
                                      absl::StrAppend(to, JsonText(text));
                                    }),
                      "]");
}

std::string JsonOf(const Checked& checked) {
  return JsonObject()
      .AddText("file", checked.file)
      .Add("valid", checked.valid() ? "true" : "false")
      .AddText("version", checked.version)
      .Add("errors", JsonTexts(checked.errors))
      .Add("warnings", JsonTexts(checked.warnings))
      .Text();
}

// Lines as of a compiler, which editors and CI know how to read.
void Print(const Checked& checked, const Screen& screen) {
  for (const std::string& warning : checked.warnings) {
    screen.err << "warning: " << warning << "\n";
  }
  for (const std::string& error : checked.errors) screen.err << error << "\n";
  if (!checked.valid()) return;
  screen.out << checked.file << ": valid, "
             << (checked.version.empty() ? "" : absl::StrCat("version ", checked.version, ", "))
             << (checked.dependencies == 1 ? "1 dependency"
                                           : absl::StrCat(checked.dependencies, " dependencies"))
             << "\n";
}

class ConfigCheckCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    app.add_option("FILE", files_, "The files; - is standard input, YAML unless --format says so")
        ->required()
        ->type_name("");
    app.add_option("--format", format_, "yaml, json or text, whatever the file is called")
        ->check(OneOf({"yaml", "json", "text"}));
  }

  bool asks_endpoints() const override { return false; }

  ExitCode Run(const Session& session) override {
    bool all_valid = true;
    std::vector<std::string> texts;
    for (const std::string& file : files_) {
      const Checked checked = Check(file, Format());
      all_valid = all_valid && checked.valid();
      if (session.screen.json) {
        texts.push_back(JsonOf(checked));
      } else {
        Print(checked, session.screen);
      }
    }
    if (session.screen.json) {
      session.screen.out << JsonObject().Add("files", JsonLines(texts)).Text() << "\n";
    }
    return all_valid ? ExitCode::kDone : ExitCode::kFailed;
  }

 private:
  std::optional<ConfigFormat> Format() const {
    if (format_.empty()) return std::nullopt;
    return format_ == "yaml"   ? ConfigFormat::kYaml
           : format_ == "json" ? ConfigFormat::kJson
                               : ConfigFormat::kText;
  }

  std::vector<std::string> files_;
  std::string format_;
};

class ConfigSchemaCommand final : public Command {
 public:
  void AddFlags(CLI::App& /*app*/) override {}
  bool asks_endpoints() const override { return false; }
  ExitCode Run(const Session& session) override {
    session.screen.out << ConfigSchema();
    return ExitCode::kDone;
  }
};

}  // namespace

CommandRows ConfigRows() {
  CommandRows rows;
  rows.push_back(
      {"config", "", "Check configuration files, and see what is in force", "", nullptr});
  rows.push_back({"config check", ".IR FILE ...", "Check configuration files, without any endpoint",
                  R"(
Reads each file as an application would, and writes what is wrong with it to standard error, a line for
each error, with file, line, path, value and what it must be. What is valid but probably a mistake comes
there too, after "warning:", and is no error.
.B \-
is standard input.)",
                  std::make_unique<ConfigCheckCommand>()});
  rows.push_back({"config schema", "", "Print the JSON schema of configuration files", R"(
Prints the JSON schema of configuration files, for editors.)",
                  std::make_unique<ConfigSchemaCommand>()});
  return rows;
}

}  // namespace fuseboxctl
