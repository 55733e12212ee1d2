// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_BAD_BYTE_H_
#define FUSEBOX_SRC_CONFIG_BAD_BYTE_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "src/base/utf8.h"

namespace fusebox::internal {

// U+FEFF, which some editors put before a text.
inline constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

struct BadByte {
  int line = 0;  // from 1
  absl::string_view what;
};

// The first one that no text has. Of YAML, the parser would guess at other encodings, and takes
// U+0004 for the end.
inline std::optional<BadByte> FindBadByte(absl::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    if (length == 0 || text[0] == '\0') return BadByte{line, "a byte that is no text in UTF-8"};
    if (text[0] == '\x04') return BadByte{line, "a control character"};
    if (text[0] == '\n') ++line;
    text.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_BAD_BYTE_H_
