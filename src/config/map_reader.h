// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_MAP_READER_H_
#define FUSEBOX_SRC_CONFIG_MAP_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/config/node.h"
#include "src/config/problems.h"
#include "src/config/values.h"
#include "src/policy/field.h"
#include "src/policy/range_text.h"

namespace fusebox::internal {

// A map whose keys are known. Those that nobody has asked for are told when it is done.
class MapReader {
 public:
  // Anything but a map is told, and is as an empty one.
  MapReader(int line, const ConfigNode& node, std::string path, Problems& problems);

  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;
  ~MapReader() { TellUnknown(); }

  const std::string& path() const { return path_; }

  // Null if it isn't there, or null.
  const ConfigEntry* Find(const char* key);

  std::string PathOf(const char* key) const { return ConfigPath(path_, key); }

  // Of keys that are unknown here: which map they go in. They live longer than this does.
  void Belongs(const std::set<std::string>& keys, const char* in) {
    elsewhere_ = &keys;
    elsewhere_in_ = in;
  }

  // The value of a key, or none if it isn't there or is wrong, which is told.
  std::optional<std::string> Text(const char* key, std::size_t most);
  std::optional<bool> Flag(const char* key);

  template <typename T>
  std::optional<T> Number(const char* key, const Range<T>& range, bool zero_apart = false) {
    const ConfigEntry* const entry = Find(key);
    if (entry == nullptr) return std::nullopt;
    T value = T();
    std::string wrong = Read(*entry->value, false, value);
    if (wrong.empty() && !range.Has(value) && !(zero_apart && value == T())) {
      wrong = absl::StrCat(zero_apart ? "0, or " : "", RangeText(range));
    }
    if (wrong.empty()) return value;
    problems_.MustBe(entry->line, PathOf(key), Shown(*entry->value), wrong);
    return std::nullopt;
  }

  // The place of the word in the list; upper and lower case are one.
  std::optional<std::size_t> OneOf(const char* key, const std::vector<absl::string_view>& words);

  // Each item of a list of texts, with its line.
  void EachText(const char* key, std::size_t most,
                const std::function<void(int line, const std::string& text)>& visit);

  // Each entry of a map with any keys, with its path.
  void EachEntry(
      const char* key,
      const std::function<void(const ConfigEntry& entry, const std::string& path)>& visit);

 private:
  void TellUnknown();

  const ConfigNode& node_;
  const std::string path_;
  Problems& problems_;
  std::set<std::string> known_;
  const std::set<std::string>* elsewhere_ = nullptr;
  const char* elsewhere_in_ = "";
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_MAP_READER_H_
