// SPDX-License-Identifier: Apache-2.0
#include "src/base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/base/printable.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kSuggestions = 3;

bool IsGlob(absl::string_view text) {
  return absl::StrContains(text, '*') || absl::StrContains(text, '?');
}

std::size_t Letters(absl::string_view glob) {
  return static_cast<std::size_t>(
      std::count_if(glob.begin(), glob.end(), [](char c) { return c != '*' && c != '?'; }));
}

// How many letters have to be put in, left out or changed for the name to fit the glob. Upper and
// lower case are one letter.
std::size_t Distance(absl::string_view glob, absl::string_view name) {
  std::vector<std::size_t> row(name.size() + 1);
  for (std::size_t i = 0; i <= name.size(); ++i) row[i] = i;
  for (const char c : glob) {
    std::size_t diagonal = row[0];
    if (c != '*') row[0] += 1;
    for (std::size_t i = 1; i <= name.size(); ++i) {
      const std::size_t above = row[i];
      if (c == '*') {
        row[i] = std::min(above, row[i - 1]);
      } else {
        const bool same =
            c == '?' || absl::ascii_tolower(static_cast<unsigned char>(c)) ==
                            absl::ascii_tolower(static_cast<unsigned char>(name[i - 1]));
        row[i] = std::min({above + 1, row[i - 1] + 1, diagonal + (same ? 0 : 1)});
      }
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> Nearest(const std::vector<std::string>& globs,
                                 const std::set<std::string>& names) {
  std::multimap<std::size_t, std::string> near;
  for (const std::string& name : names) {
    std::size_t best = name.size() + 1;
    for (const std::string& glob : globs) {
      const std::size_t distance =
          !IsGlob(glob) && absl::StrContains(name, glob) ? 1 : Distance(glob, name);
      if (distance <= std::max<std::size_t>(2, Letters(glob) / 4)) best = std::min(best, distance);
    }
    if (best <= name.size()) near.emplace(best, name);
  }
  std::vector<std::string> nearest;
  for (const auto& [distance, name] : near) {
    if (nearest.size() == kSuggestions) break;
    nearest.push_back(name);
  }
  return nearest;
}

std::string DidYouMean(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = "did you mean ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&text,
                    i == 0                  ? ""
                    : i + 1 == names.size() ? " or "
                                            : ", ",
                    Printable(names[i]));
  }
  return absl::StrCat(text, "?");
}

}  // namespace fusebox::internal
