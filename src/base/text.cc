// SPDX-License-Identifier: Apache-2.0
#include "src/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "src/base/time_limits.h"

namespace fusebox::internal {

std::string DurationText(absl::Duration duration) {
  std::string text;
  AppendDurationText(duration, text);
  return text;
}

void AppendDurationText(absl::Duration duration, std::string& text) {
  constexpr int64_t kSecond = 1'000;
  constexpr int64_t kMinute = 60 * kSecond;
  constexpr int64_t kHour = 60 * kMinute;
  if (duration <= absl::ZeroDuration() || duration > kYear) {
    absl::StrAppend(&text, absl::FormatDuration(absl::Ceil(duration, absl::Milliseconds(1))));
    return;
  }
  // What absl::FormatDuration writes, in whole numbers: each rejection's message has one of these.
  const int64_t total = (absl::ToInt64Nanoseconds(duration) + 999'999) / 1'000'000;
  std::array<char, 32> written{};  // the longest is "8759h59m59.999s"
  char* next = written.data();
  const auto write = [&](int64_t number, absl::string_view unit) {
    next = std::to_chars(next, written.data() + written.size(), number).ptr;
    next = std::copy(unit.begin(), unit.end(), next);
  };
  if (total < kSecond) {
    write(total, "ms");
  } else {
    if (total >= kHour) write(total / kHour, "h");
    if (const int64_t minutes = total % kHour / kMinute) write(minutes, "m");
    const int64_t seconds = total % kMinute / kSecond;
    if (const int64_t fraction = total % kSecond) {
      write(seconds, ".");
      for (int64_t digit = kSecond / 10; digit > 0 && fraction % (digit * 10) != 0; digit /= 10) {
        *next++ = static_cast<char>('0' + fraction / digit % 10);
      }
      *next++ = 's';
    } else if (seconds > 0) {
      write(seconds, "s");
    }
  }
  text.append(written.data(), next);
}

std::string NumberText(double number) {
  std::array<char, 32> text{};  // the longest is 24 characters
  const std::to_chars_result end = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end.ptr);
}

std::string RoundedText(double number, int digits) {
  const int whole =
      number == 0 ? 1 : 1 + static_cast<int>(std::floor(std::log10(std::abs(number))));
  std::string text = absl::StrFormat("%.*f", std::max(0, digits - whole), number);
  if (!absl::StrContains(text, '.')) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string ValueText(int64_t value) { return absl::StrCat(value); }
std::string ValueText(double value) { return NumberText(value); }
std::string ValueText(bool value) { return value ? "true" : "false"; }

}  // namespace fusebox::internal
