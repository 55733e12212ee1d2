// SPDX-License-Identifier: Apache-2.0
#include "src/prometheus/label_text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fusebox {
namespace {

// The first bytes of characters of several bytes, and what their second byte may be (Unicode,
// table 3-7): what is left out would be overlong, a surrogate or beyond the last character.
struct LeadBytes {
  unsigned char first, last;
  std::size_t length;
  unsigned char second_first, second_last;
};
constexpr LeadBytes kLeadBytes[] = {
    {0x00, 0x7F, 1, 0x00, 0x00}, {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

// How long the character is that the text begins with; 0 if it begins with none.
std::size_t CharacterLength(absl::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto* const lead = std::find_if(
      std::begin(kLeadBytes), std::end(kLeadBytes),
      [&](const LeadBytes& bytes) { return byte(0) >= bytes.first && byte(0) <= bytes.last; });
  if (lead == std::end(kLeadBytes) || text.size() < lead->length) return 0;
  for (std::size_t i = 1; i < lead->length; ++i) {
    const unsigned char first = i == 1 ? lead->second_first : 0x80;
    const unsigned char last = i == 1 ? lead->second_last : 0xBF;
    if (byte(i) < first || byte(i) > last) return 0;
  }
  return lead->length;
}

}  // namespace

std::string LabelText(absl::string_view text) {
  std::string label;
  label.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text.front());
      absl::StrAppend(&label, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      label.append(text.data(), length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return label;
}

bool IsLabelName(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name.front())) &&
         !absl::StartsWith(name, "__") && std::all_of(name.begin(), name.end(), [](char c) {
           return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
         });
}

}  // namespace fusebox
