// SPDX-License-Identifier: Apache-2.0
#include "src/core/text.h"

#include <array>
#include <charconv>

#include "absl/strings/string_view.h"

namespace fusebox {

std::string DurationText(absl::Duration duration) {
  return absl::FormatDuration(absl::Ceil(duration, absl::Milliseconds(1)));
}

std::string NumberText(double number) {
  std::array<char, 32> text{};  // the longest is 24 characters
  const std::to_chars_result end = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end.ptr);
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
