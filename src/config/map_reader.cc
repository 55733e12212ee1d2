// SPDX-License-Identifier: Apache-2.0
#include "src/config/map_reader.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace fusebox::internal {
namespace {

using Kind = ConfigNode::Kind;

const ConfigNode& EmptyMap() {
  static const ConfigNode* const kEmpty = [] {
    auto* const map = new ConfigNode;
    map->kind = Kind::kMap;
    return map;
  }();
  return *kEmpty;
}

}  // namespace

MapReader::MapReader(int line, const ConfigNode& node, std::string path, Problems& problems)
    : node_(node.kind == Kind::kMap ? node : EmptyMap()),
      path_(std::move(path)),
      problems_(problems) {
  if (node.kind != Kind::kMap && node.kind != Kind::kNull) {
    problems_.MustBe(line, path_.empty() ? "the file" : path_, Shown(node), "a map");
  }
}

void MapReader::TellUnknown() {
  for (const ConfigEntry& entry : node_.entries) {
    if (known_.count(entry.key) != 0) continue;
    const bool is_elsewhere = elsewhere_ != nullptr && elsewhere_->count(entry.key) != 0;
    problems_.Add(entry.line, ConfigPath(path_, entry.key),
                  absl::StrCat("no such key", is_elsewhere ? absl::StrCat("; it belongs under ",
                                                                          elsewhere_in_, ":")
                                                           : problems_.Advice(entry.key, known_)));
  }
}

const ConfigEntry* MapReader::Find(const char* key) {
  known_.insert(key);
  for (const ConfigEntry& entry : node_.entries) {
    if (entry.key == key) return entry.value->kind == Kind::kNull ? nullptr : &entry;
  }
  return nullptr;
}

std::optional<std::string> MapReader::Text(const char* key, std::size_t most) {
  const ConfigEntry* const entry = Find(key);
  if (entry == nullptr) return std::nullopt;
  std::string value;
  const std::string wrong = ReadText(*entry->value, most, value);
  if (wrong.empty()) return value;
  problems_.MustBe(entry->line, PathOf(key), Shown(*entry->value), wrong);
  return std::nullopt;
}

std::optional<bool> MapReader::Flag(const char* key) {
  const ConfigEntry* const entry = Find(key);
  if (entry == nullptr) return std::nullopt;
  bool value = false;
  const std::string wrong = Read(*entry->value, false, value);
  if (wrong.empty()) return value;
  problems_.MustBe(entry->line, PathOf(key), Shown(*entry->value), wrong);
  return std::nullopt;
}

std::optional<std::size_t> MapReader::OneOf(const char* key,
                                            const std::vector<absl::string_view>& words) {
  const ConfigEntry* const entry = Find(key);
  if (entry == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (entry->value->kind == Kind::kScalar &&
        absl::EqualsIgnoreCase(entry->value->text, words[i])) {
      return i;
    }
  }
  problems_.MustBe(entry->line, PathOf(key), Shown(*entry->value),
                   absl::StrCat("one of ", absl::StrJoin(words, ", ")));
  return std::nullopt;
}

void MapReader::EachText(const char* key, std::size_t most,
                         const std::function<void(int line, const std::string& text)>& visit) {
  const ConfigEntry* const entry = Find(key);
  if (entry == nullptr) return;
  if (entry->value->kind != Kind::kList) {
    return problems_.MustBe(entry->line, PathOf(key), Shown(*entry->value), "a list");
  }
  for (const ConfigNodePtr& item : entry->value->items) {
    std::string text;
    const std::string wrong = ReadText(*item, most, text);
    if (wrong.empty()) {
      visit(item->line, text);
    } else {
      problems_.MustBe(item->line, PathOf(key), Shown(*item), wrong);
    }
  }
}

void MapReader::EachEntry(
    const char* key,
    const std::function<void(const ConfigEntry& entry, const std::string& path)>& visit) {
  const ConfigEntry* const map = Find(key);
  if (map == nullptr) return;
  if (map->value->kind != Kind::kMap) {
    return problems_.MustBe(map->line, PathOf(key), Shown(*map->value), "a map");
  }
  for (const ConfigEntry& entry : map->value->entries) {
    visit(entry, ConfigPath(PathOf(key), entry.key));
  }
}

}  // namespace fusebox::internal
