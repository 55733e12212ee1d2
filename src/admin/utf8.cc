// SPDX-License-Identifier: Apache-2.0
#include "src/admin/utf8.h"

#include <cstddef>
#include <cstdint>

namespace fusebox {
namespace {

// What follows of a character that begins with that byte, and what may come first of it.
struct Rest {
  std::size_t bytes = 0;
  unsigned char min = 0x80;
  unsigned char max = 0xBF;
  bool valid = true;
};

// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing beyond U+10FFFF.
Rest RestAfter(unsigned char first) {
  if (first < 0x80) return {};
  if (first < 0xC2) return {0, 0, 0, false};
  if (first < 0xE0) return {1};
  if (first == 0xE0) return {2, 0xA0, 0xBF};
  if (first == 0xED) return {2, 0x80, 0x9F};
  if (first < 0xF0) return {2};
  if (first == 0xF0) return {3, 0x90, 0xBF};
  if (first < 0xF4) return {3};
  if (first == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0, false};
}

// The length of the character that begins there; 0 if none does.
std::size_t CharacterAt(absl::string_view text, std::size_t at) {
  const Rest rest = RestAfter(static_cast<unsigned char>(text[at]));
  if (!rest.valid || text.size() - at <= rest.bytes) return 0;
  for (std::size_t i = 1; i <= rest.bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    const bool fits = i == 1 ? byte >= rest.min && byte <= rest.max : (byte & 0xC0U) == 0x80U;
    if (!fits) return 0;
  }
  return rest.bytes + 1;
}

}  // namespace

std::string ValidUtf8(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = CharacterAt(text, at);
    if (length == 0) {
      valid += '?';
      ++at;
    } else {
      valid.append(text.data() + at, length);
      at += length;
    }
  }
  return valid;
}

}  // namespace fusebox
