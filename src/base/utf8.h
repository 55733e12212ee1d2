// SPDX-License-Identifier: Apache-2.0
//
// What characters a text is made of. A leaf that every component may include: the protos and
// Prometheus both refuse a text that isn't UTF-8.
#ifndef FUSEBOX_SRC_BASE_UTF8_H_
#define FUSEBOX_SRC_BASE_UTF8_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// Whether that byte of a UTF-8 text goes on with a character that has begun before it.
inline bool IsInsideUtf8Character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// How many bytes the character has that the text begins with; 0 if it begins with none. The text is
// not empty.
inline std::size_t Utf8CharacterLength(absl::string_view text) {
  // First bytes, and what the second byte of their characters may be (Unicode, table 3-7): what is
  // left out would be overlong, a surrogate or beyond the last character.
  struct LeadBytes {
    unsigned char first, last;
    std::size_t length;
    unsigned char second_first, second_last;
  };
  static constexpr LeadBytes kLeadBytes[] = {
      {0x00, 0x7F, 1, 0x00, 0x00}, {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
      {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
      {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
  };
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto* const lead = std::find_if(
      std::begin(kLeadBytes), std::end(kLeadBytes),
      [&](const LeadBytes& bytes) { return byte(0) >= bytes.first && byte(0) <= bytes.last; });
  if (lead == std::end(kLeadBytes) || text.size() < lead->length) return 0;
  for (std::size_t i = 1; i < lead->length; ++i) {
    const unsigned char first = i == 1 ? lead->second_first : 0x80;
    const unsigned char last = i == 1 ? lead->second_last : 0xBF;
    if (byte(i) < first || byte(i) > last) return 0;
  }
  return lead->length;
}

// The number of the character that the text begins with. `length` is its Utf8CharacterLength, and
// not 0.
inline uint32_t Utf8Character(absl::string_view text, std::size_t length) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (length == 1) return byte(0);
  uint32_t character = byte(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) character = character << 6U | (byte(i) & 0x3FU);
  return character;
}

// The first `limit` bytes at most, cut before a character that doesn't fit.
inline absl::string_view CutUtf8(absl::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && IsInsideUtf8Character(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_UTF8_H_
