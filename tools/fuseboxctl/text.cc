// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/text.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/base/printable.h"
#include "src/base/utf8.h"

namespace fuseboxctl {
namespace {

// By Unicode's widths, in whatever locale the user is. One where the system has none of them.
std::size_t ColumnsOf(uint32_t character) {
  if (character < 0x80) return 1;
  static const locale_t kUnicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (kUnicode == nullptr) return 1;
  const locale_t own = uselocale(kUnicode);
  const int columns = wcwidth(static_cast<wchar_t>(character));
  uselocale(own);
  return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

}  // namespace

std::string Printable(absl::string_view text) { return fusebox::internal::Printable(text); }

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const std::size_t length = fusebox::internal::Utf8CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Character FirstCharacter(absl::string_view text) {
  const std::size_t bytes = fusebox::internal::Utf8CharacterLength(text);
  if (bytes == 0) return {1, 1};
  return {bytes, ColumnsOf(fusebox::internal::Utf8Character(text, bytes))};
}

std::size_t Columns(absl::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    columns += first.columns;
    text.remove_prefix(first.bytes);
  }
  return columns;
}

std::size_t BytesWithin(absl::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const Character next = FirstCharacter(text.substr(bytes));
    if (next.columns > columns) break;
    columns -= next.columns;
    bytes += next.bytes;
  }
  return bytes;
}

std::string Shorten(absl::string_view text, std::size_t columns) {
  if (columns == 0) return "";
  if (Columns(text) <= columns) return std::string(text);
  return absl::StrCat(text.substr(0, BytesWithin(text, columns - 1)), "…");
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  int days = 0;
  if (absl::EndsWith(text, "d") && absl::SimpleAtoi(text.substr(0, text.size() - 1), &days)) {
    duration = absl::Hours(24) * days;
  } else if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", Printable(text), "\" is not a duration: write 500ms, 30s, 1m30s, 2h or 7d"));
  }
  if (duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Printable(text), "\" must be a duration of 0 or more"));
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
