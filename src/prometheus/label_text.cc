// SPDX-License-Identifier: Apache-2.0
#include "src/prometheus/label_text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/text/utf8.h"

namespace fusebox {

std::string LabelText(absl::string_view text) {
  std::string label;
  label.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
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
