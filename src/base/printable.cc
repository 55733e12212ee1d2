// SPDX-License-Identifier: Apache-2.0
#include "src/base/printable.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "src/base/unprintable_ranges.h"
#include "src/base/utf8.h"

namespace fusebox::internal {
namespace {

bool IsPrintableAscii(char c) { return c >= ' ' && c <= '~'; }

// Each byte of a word at the same time: none is below ' ', above '~'.
bool IsPrintableAscii(uint64_t word) {
  constexpr uint64_t kOnes = ~uint64_t{0} / 255;
  constexpr uint64_t kHighBits = kOnes * 0x80;
  const uint64_t below_space = (word - kOnes * ' ') & ~word;
  const uint64_t from_delete = word ^ kOnes * 0x7F;  // a zero byte where there is one
  const uint64_t deletes = (from_delete - kOnes) & ~from_delete;
  return ((below_space | deletes | word) & kHighBits) == 0;
}

// How many bytes from the text's beginning are printable ASCII; maybe a few more are.
std::size_t PrintableAsciiPrefix(absl::string_view text) {
  std::size_t at = 0;
  for (uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    if (!IsPrintableAscii(word)) break;
  }
  while (at < text.size() && IsPrintableAscii(text[at])) ++at;
  return at;
}

// What a text begins with.
struct Beginning {
  std::size_t length = 0;  // in bytes
  bool is_utf8 = false;
  uint32_t character = 0;  // or the byte, if it is not UTF-8
  bool printable = false;
};

Beginning BeginningOf(absl::string_view text) {
  const std::size_t length = Utf8CharacterLength(text);
  if (length == 0) return {1, false, static_cast<unsigned char>(text.front()), false};
  const uint32_t character = Utf8Character(text, length);
  return {length, true, character, IsPrintable(character)};
}

// Empty if there is none.
absl::string_view FromFirstUnprintable(absl::string_view text) {
  text.remove_prefix(PrintableAsciiPrefix(text));
  while (!text.empty()) {
    const Beginning beginning = BeginningOf(text);
    if (!beginning.printable) break;
    text.remove_prefix(beginning.length);
  }
  return text;
}

std::string Escaped(const Beginning& beginning) {
  if (!beginning.is_utf8 || beginning.character < 0x80) {
    return absl::StrCat("\\x", absl::Hex(beginning.character, absl::kZeroPad2));
  }
  if (beginning.character > 0xFFFF) {
    return absl::StrCat("\\U", absl::Hex(beginning.character, absl::kZeroPad8));
  }
  return absl::StrCat("\\u", absl::Hex(beginning.character, absl::kZeroPad4));
}

}  // namespace

bool IsPrintable(uint32_t character) {
  const auto* const range =
      std::lower_bound(std::begin(kUnprintableRanges), std::end(kUnprintableRanges), character,
                       [](const CharacterRange& r, uint32_t c) { return r.last < c; });
  // The last range ends with the last character that there is.
  return range != std::end(kUnprintableRanges) && character < range->first;
}

bool IsPrintable(absl::string_view text) { return FromFirstUnprintable(text).empty(); }

std::string FirstUnprintable(absl::string_view text) {
  const absl::string_view rest = FromFirstUnprintable(text);
  if (rest.empty()) return "";
  const Beginning beginning = BeginningOf(rest);
  std::string hex = absl::StrCat(
      absl::Hex(beginning.character, beginning.is_utf8 ? absl::kZeroPad4 : absl::kZeroPad2));
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return beginning.is_utf8 ? absl::StrCat("U+", hex)
                           : absl::StrCat("the byte 0x", hex, ", which is not UTF-8");
}

std::string Printable(absl::string_view text, std::size_t limit) {
  std::string printable;
  printable.reserve(std::min(text.size(), limit));
  SetPrintable(text, limit, printable);
  return printable;
}

void SetPrintable(absl::string_view text, std::size_t limit, std::string& to) {
  // The same text often comes again, and printable text stays as it is.
  if (text == to && text.size() <= limit) return;
  to.clear();
  while (true) {
    const std::size_t plain =
        std::min(PrintableAsciiPrefix(text.substr(0, limit)), limit - to.size());
    to.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty() || to.size() == limit) break;
    const Beginning beginning = BeginningOf(text);
    const std::string escaped = beginning.printable ? std::string() : Escaped(beginning);
    const absl::string_view next =
        beginning.printable ? text.substr(0, beginning.length) : absl::string_view(escaped);
    if (next.size() > limit - to.size()) break;
    to.append(next.data(), next.size());
    text.remove_prefix(beginning.length);
  }
}

}  // namespace fusebox::internal
