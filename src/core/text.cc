// SPDX-License-Identifier: Apache-2.0
#include "src/core/text.h"

#include "absl/strings/string_view.h"

namespace fusebox {

std::string DurationText(absl::Duration duration) {
  return absl::FormatDuration(absl::Ceil(duration, absl::Milliseconds(1)));
}

absl::string_view CutText(absl::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  const auto continues_character = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && continues_character(end)) --end;
  return text.substr(0, end);
}

}  // namespace fusebox
