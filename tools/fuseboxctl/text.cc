// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/text.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/text/printable.h"
#include "src/text/utf8.h"

namespace fuseboxctl {
namespace {

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

std::string Printable(absl::string_view text) { return fusebox::Printable(text); }

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const std::size_t length = fusebox::Utf8CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
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
