// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/manual.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "tools/fuseboxctl/command_line.h"

namespace fuseboxctl {
namespace {

// As troff has it: a hyphen that can be copied, a backslash that is none.
std::string Troff(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
}

std::string SectionsOfCommands(const CommandLine& line) {
  std::string sections;
  for (const CommandRow& row : line.rows()) {
    if (row.command == nullptr) continue;  // those within it are there
    const absl::string_view arguments = row.arguments;
    absl::StrAppend(&sections, ".SS ", row.name, "\n", arguments, arguments.empty() ? "" : "\n",
                    ".br\n", absl::StripPrefix(row.about, "\n"), "\n");
  }
  return sections;
}

// Whether the page describes that flag: as `.TP` and then `.BI \-\-ttl " DURATION"`, `.B \-\-tls`.
bool Describes(absl::string_view page, absl::string_view flag) {
  for (const char* const font : {".B ", ".BI ", ".BR "}) {
    for (const char* const after : {" ", "\n"}) {
      if (absl::StrContains(page, absl::StrCat(".TP\n", font, flag, after))) return true;
    }
  }
  return false;
}

std::string FlagsOf(const CLI::App& app, absl::string_view page) {
  std::string flags;
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string flag = Troff(absl::StrCat("--", option->get_lnames().front()));
    if (Describes(page, flag)) continue;
    const std::string value =
        option->get_items_expected_max() > 0
            ? absl::StrCat(".BI ", flag, " \" ", option->get_type_name(), "\"")
            : absl::StrCat(".B ", flag);
    absl::StrAppend(&flags, ".TP\n", value, "\n", Troff(option->get_description()), ".\n");
  }
  return flags;
}

std::string SectionsOfFlags(const CommandLine& line, absl::string_view page) {
  std::string sections;
  for (const CommandRow& row : line.rows()) {
    const std::string flags = FlagsOf(line.AppOf(row), page);
    if (!flags.empty()) absl::StrAppend(&sections, ".SS Of ", row.name, "\n", flags);
  }
  return sections;
}

}  // namespace

std::string Manual(absl::string_view page) {
  const CommandLine line;
  return absl::StrReplaceAll(page, {{".\\\" @COMMANDS@\n", SectionsOfCommands(line)},
                                    {".\\\" @FLAGS@\n", SectionsOfFlags(line, page)}});
}

}  // namespace fuseboxctl
