// SPDX-License-Identifier: Apache-2.0
#include "src/admin/quote.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "src/admin/utf8.h"
#include "src/text/utf8.h"

namespace fusebox {
namespace {

// Longer than what anybody types.
constexpr std::size_t kMaxBytes = 256;

}  // namespace

std::string Quoted(absl::string_view text) {
  if (text.size() <= kMaxBytes) return absl::StrCat("\"", ValidUtf8(text), "\"");
  std::size_t end = kMaxBytes;
  while (end > 0 && IsInsideUtf8Character(text[end])) --end;
  return absl::StrCat("\"", ValidUtf8(text.substr(0, end)), "...\", of ", text.size(), " bytes");
}

}  // namespace fusebox
