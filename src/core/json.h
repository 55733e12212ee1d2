// SPDX-License-Identifier: Apache-2.0
//
// Just enough to write JSON (RFC 8259) of one's own.
#ifndef FUSEBOX_SRC_CORE_JSON_H_
#define FUSEBOX_SRC_CORE_JSON_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/text/utf8.h"

namespace fusebox {

// The text with "\x1b" for each control character and for each byte that is no UTF-8.
inline std::string PrintableText(absl::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    const auto byte = static_cast<unsigned char>(text.front());
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || byte < 0x20 || byte == 0x7F || c1) {
      absl::StrAppend(&printable, "\\x", absl::Hex(byte, absl::kZeroPad2));
      text.remove_prefix(1);
    } else {
      absl::StrAppend(&printable, text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return printable;
}

// A string with its quotes. What isn't printable is escaped before, and shows as such.
inline std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  for (const char c : PrintableText(text)) {
    if (c == '"' || c == '\\') json.push_back('\\');
    json.push_back(c);
  }
  json.push_back('"');
  return json;
}

// {"a":"text","b":1}
class JsonObject {
 public:
  JsonObject& Text(absl::string_view name, absl::string_view value) {
    return Json(name, JsonString(value));
  }
  JsonObject& Number(absl::string_view name, int64_t value) {
    return Json(name, absl::StrCat(value));
  }
  // `value` is JSON.
  JsonObject& Json(absl::string_view name, absl::string_view value) {
    absl::StrAppend(&fields_, fields_.empty() ? "" : ",", JsonString(name), ":", value);
    return *this;
  }
  std::string text() const { return absl::StrCat("{", fields_, "}"); }

 private:
  std::string fields_;
};

// [{...},{...}]
class JsonArray {
 public:
  void Add(const JsonObject& object) {
    absl::StrAppend(&elements_, elements_.empty() ? "" : ",", object.text());
  }
  std::string text() const { return absl::StrCat("[", elements_, "]"); }

 private:
  std::string elements_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_JSON_H_
