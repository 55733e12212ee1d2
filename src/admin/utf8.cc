// SPDX-License-Identifier: Apache-2.0
#include "src/admin/utf8.h"

#include <cstddef>

#include "src/text/utf8.h"

namespace fusebox {

std::string ValidUtf8(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8CharacterLength(text.substr(at));
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
