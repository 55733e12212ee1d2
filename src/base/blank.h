// SPDX-License-Identifier: Apache-2.0
//
// A leaf that every component may include.
#ifndef FUSEBOX_SRC_BASE_BLANK_H_
#define FUSEBOX_SRC_BASE_BLANK_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "src/base/utf8.h"

namespace fusebox::internal {

// Whether it is a space of whatever width, a tab or a line end: Unicode's White_Space.
inline bool IsSpace(uint32_t character) {
  return character == 0x20 || (character >= 0x09 && character <= 0x0D) || character == 0x85 ||
         character == 0xA0 || character == 0x1680 || (character >= 0x2000 && character <= 0x200A) ||
         character == 0x2028 || character == 0x2029 || character == 0x202F || character == 0x205F ||
         character == 0x3000;
}

// Whether a text says nothing: it is empty or only spaces.
inline bool IsBlank(absl::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    if (length == 0 || !IsSpace(Utf8Character(text, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_BLANK_H_
