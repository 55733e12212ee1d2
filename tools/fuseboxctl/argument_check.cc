// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/argument_check.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

// The flags of the commands that were given, by each of their names.
using Options = std::map<std::string, const CLI::Option*>;

void AddOptions(const CLI::App& app, Options& options) {
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) options["--" + name] = option;
    for (const std::string& name : option->get_snames()) options["-" + name] = option;
  }
  for (const CLI::App* const command : app.get_subcommands()) AddOptions(*command, options);
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

bool IsOfAnyBytes(const CLI::Option& option) {
  return option.get_type_name() == "FILE" || option.get_type_name() == "ENDPOINT";
}

absl::Status CheckUtf8(absl::string_view before, absl::string_view text) {
  if (IsUtf8(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(before, "\"", Printable(text), "\" must be UTF-8"));
}

}  // namespace

absl::Status CheckArguments(const CLI::App& app, const std::vector<std::string>& arguments) {
  Options options;
  AddOptions(app, options);
  bool only_names = false;  // after "--"
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const auto option =
        only_names ? options.end() : options.find(argument.substr(0, argument.find('=')));
    if (option == options.end() || !TakesValue(*option->second)) {
      if (absl::Status status = CheckUtf8("", argument); !status.ok()) return status;
      only_names = only_names || argument == "--";
      continue;
    }
    const std::string& flag = option->first;
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
      if (absl::StartsWith(value, "--") || options.count(value) > 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            flag, ": \"", Printable(value), "\" looks like a flag; if it is meant, write ", flag,
            "=", Printable(value)));
      }
    }
    if (IsOfAnyBytes(*option->second)) continue;
    if (absl::Status status = CheckUtf8(absl::StrCat(flag, ": "), value); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace fuseboxctl
