// SPDX-License-Identifier: Apache-2.0
//
// Just enough to write JSON (RFC 8259) of one's own.
#ifndef FUSEBOX_SRC_CORE_JSON_H_
#define FUSEBOX_SRC_CORE_JSON_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "src/base/printable.h"

namespace fusebox::internal {

// A string with its quotes. What isn't printable is escaped before, and shows as such.
inline std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  for (const char c : Printable(text)) {
    if (c == '"' || c == '\\') json.push_back('\\');
    json.push_back(c);
  }
  json.push_back('"');
  return json;
}

// In UTC.
inline std::string TimeText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
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

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_JSON_H_
