// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fuseboxctl {
namespace {

// A character of UTF-8 at the beginning of a text.
struct Character {
  uint32_t code = 0;
  std::size_t size = 0;  // bytes; 0: it is none
};

Character FirstCharacter(absl::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t size = 0;
  uint32_t code = 0;
  if (first >= 0xC2 && first < 0xE0) {
    size = 2;
    code = first & 0x1FU;
  } else if (first >= 0xE0 && first < 0xF0) {
    size = 3;
    code = first & 0x0FU;
  } else if (first >= 0xF0 && first < 0xF5) {
    size = 4;
    code = first & 0x07U;
  }
  if (size == 0 || text.size() < size) return {};
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  // Written longer than need be, half of a pair, or beyond the last.
  const bool valid = !(size == 3 && code < 0x800) && !(size == 4 && code < 0x10000) &&
                     !(code >= 0xD800 && code < 0xE000) && code < 0x110000;
  return valid ? Character{code, size} : Character{};
}

// Controls, and what is invisible and yet does something to its neighbours.
bool IsHarmful(uint32_t code) {
  constexpr std::array<std::pair<uint32_t, uint32_t>, 8> kRanges = {{{0x00, 0x1F},
                                                                     {0x7F, 0x9F},
                                                                     {0xAD, 0xAD},
                                                                     {0x61C, 0x61C},
                                                                     {0x200B, 0x200F},
                                                                     {0x2028, 0x202E},
                                                                     {0x2060, 0x206F},
                                                                     {0xFEFF, 0xFEFF}}};
  return std::any_of(kRanges.begin(), kRanges.end(), [code](const auto& range) {
    return code >= range.first && code <= range.second;
  });
}

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

std::string Printable(absl::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    if (character.size == 0 || (IsHarmful(character.code) && character.code < 0x80)) {
      absl::StrAppendFormat(&printable, "\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (IsHarmful(character.code)) {
      absl::StrAppendFormat(&printable, "\\u%04x", character.code);
    } else {
      absl::StrAppend(&printable, text.substr(0, character.size));
    }
    text.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return printable;
}

std::size_t Columns(absl::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

std::string Shorten(absl::string_view text, std::size_t columns) {
  if (columns == 0) return "";
  if (Columns(text) <= columns) return std::string(text);
  std::size_t end = 0;
  for (std::size_t column = 0; end < text.size(); ++end) {
    if (BeginsCharacter(text[end]) && ++column == columns) break;
  }
  return absl::StrCat(text.substr(0, end), "…");
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  int days = 0;
  if (absl::EndsWith(text, "d") && absl::SimpleAtoi(text.substr(0, text.size() - 1), &days)) {
    duration = absl::Hours(24) * days;
  } else if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", Printable(text), "\" is no duration: write 500ms, 30s, 1m30s, 2h or 7d"));
  }
  if (duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Printable(text), "\" must be a length of time from 0 on"));
  }
  return duration;
}

std::string DurationText(absl::Duration duration) {
  return duration == absl::ZeroDuration() ? "0s" : absl::FormatDuration(duration);
}

std::string AgeText(absl::Duration age) {
  const int64_t seconds = std::max<int64_t>(absl::ToInt64Seconds(age), 0);
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (minutes == 0) return absl::StrCat(seconds, "s");
  if (hours == 0) return absl::StrCat(minutes, "m", seconds % 60, "s");
  if (hours < 24) return absl::StrCat(hours, "h", minutes % 60, "m");
  return absl::StrCat(hours / 24, "d", hours % 24, "h");
}

std::string Count(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

bool IsGlob(absl::string_view text) { return text.find_first_of("*?") != absl::string_view::npos; }

}  // namespace fuseboxctl
