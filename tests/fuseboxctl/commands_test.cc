// SPDX-License-Identifier: Apache-2.0
//
// The table of commands against what the document says of them.
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/made_text.h"
#include "tools/fuseboxctl/command.h"

namespace fuseboxctl {
namespace {

using testing::UnorderedElementsAreArray;

// "policy get" of "`policy get NAME`": what is written in small letters.
std::string NameIn(absl::string_view code) {
  std::string name;
  for (const absl::string_view word : absl::StrSplit(code, ' ')) {
    if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") != absl::string_view::npos) break;
    if (!name.empty()) name += ' ';
    name.append(word.data(), word.size());
  }
  return name;
}

// Those that the first column of the document's table has between backticks.
std::vector<std::string> DocumentedCommands() {
  std::vector<std::string> names;
  const std::string document = fusebox_testing::FileContent(FUSEBOXCTL_DOCS);
  bool inside = false;
  for (absl::string_view line : absl::StrSplit(document, '\n')) {
    if (absl::StartsWith(line, "| command | for |")) inside = true;
    if (!inside) continue;
    if (!absl::ConsumePrefix(&line, "|")) break;
    const absl::string_view cell = line.substr(0, line.find('|'));
    const std::vector<absl::string_view> parts = absl::StrSplit(cell, '`');
    for (std::size_t i = 1; i < parts.size(); i += 2) names.push_back(NameIn(parts[i]));
  }
  return names;
}

TEST(Commands, TheDocumentHasEachInItsTable) {
  std::set<std::string> names;
  for (const CommandRow& row : AllCommands()) {
    if (row.command != nullptr) names.insert(row.name);
  }
  EXPECT_THAT(DocumentedCommands(), UnorderedElementsAreArray(names))
      << "by the table in " << FUSEBOXCTL_DOCS << ", which is written by hand";
}

}  // namespace
}  // namespace fuseboxctl
