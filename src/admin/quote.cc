// SPDX-License-Identifier: Apache-2.0
#include "src/admin/quote.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "src/admin/utf8.h"

namespace fusebox {
namespace {

// Longer than what anybody types.
constexpr std::size_t kMaxBytes = 256;

bool IsInsideCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

std::string Quoted(absl::string_view text) {
  if (text.size() <= kMaxBytes) return absl::StrCat("\"", ValidUtf8(text), "\"");
  std::size_t end = kMaxBytes;
  while (end > 0 && IsInsideCharacter(text[end])) --end;
  return absl::StrCat("\"", ValidUtf8(text.substr(0, end)), "...\", of ", text.size(), " bytes");
}

}  // namespace fusebox
