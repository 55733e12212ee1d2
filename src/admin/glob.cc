// SPDX-License-Identifier: Apache-2.0
#include "src/admin/glob.h"

#include <cstddef>

#include "src/text/utf8.h"

namespace fusebox {
namespace {

// Where the character after the one at `at` begins.
std::size_t NextCharacter(absl::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && IsInsideUtf8Character(text[at])) ++at;
  return at;
}

}  // namespace

bool GlobMatches(absl::string_view glob, absl::string_view text) {
  constexpr std::size_t kNone = absl::string_view::npos;
  std::size_t g = 0;
  std::size_t t = 0;
  // The last `*`, and how far it reaches: only that one ever has to take more.
  std::size_t star = kNone;
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_end = t;
    } else if (g < glob.size() && glob[g] == '?') {
      ++g;
      t = NextCharacter(text, t);
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != kNone) {
      g = star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace fusebox
