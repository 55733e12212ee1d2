// SPDX-License-Identifier: Apache-2.0
#include "src/config/node_builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fusebox::internal {
namespace {

using Kind = ConfigNode::Kind;

constexpr absl::string_view kMergeKey = "<<";

}  // namespace

std::string TooDeep() {
  return absl::StrCat("more than ", kMaxConfigDepth, " maps and lists within each other");
}

void NodeBuilder::Stop(int line, absl::string_view why) {
  if (stopped_) return;
  problems_.Add(line, "", why);
  stopped_ = true;
}

bool NodeBuilder::Count(int line, std::size_t size, std::size_t depth) {
  if (stopped_) return false;
  if (open_.size() + depth > kMaxConfigDepth) {
    Stop(line, TooDeep());
  } else if (size > kMaxConfigNodes - count_) {
    Stop(line, absl::StrCat("more than ", kMaxConfigNodes,
                            " values, each counted as often as an alias repeats it"));
  } else {
    count_ += size;
  }
  return !stopped_;
}

void NodeBuilder::Null(int line) {
  if (!Count(line, 1, 1)) return;
  auto node = std::make_shared<ConfigNode>();
  node->line = line;
  Place(line, std::move(node));
}

void NodeBuilder::Scalar(int line, std::string text, bool quoted) {
  if (!Count(line, 1, 1)) return;
  auto node = std::make_shared<ConfigNode>();
  node->kind = Kind::kScalar;
  node->line = line;
  node->text = std::move(text);
  node->quoted = quoted;
  Place(line, std::move(node));
}

void NodeBuilder::BeginList(int line) {
  if (!Count(line, 1, 1)) return;
  Open& open = open_.emplace_back();
  open.node = std::make_shared<ConfigNode>();
  open.node->kind = Kind::kList;
  open.node->line = line;
}

void NodeBuilder::BeginMap(int line, bool merges) {
  if (!Count(line, 1, 1)) return;
  Open& open = open_.emplace_back();
  open.node = std::make_shared<ConfigNode>();
  open.node->kind = Kind::kMap;
  open.node->line = line;
  open.merges = merges;
}

void NodeBuilder::Again(int line, const ConfigNodePtr& node) {
  if (!Count(line, node->size, node->depth)) return;
  Place(line, node);
}

ConfigNodePtr NodeBuilder::End() {
  if (stopped_) return nullptr;
  Open open = std::move(open_.back());
  if (!open.merged.empty()) Merge(open);
  open_.pop_back();
  if (stopped_) return nullptr;
  const int line = open.node->line;
  Place(line, std::move(open.node));
  return last_;
}

// Which map that is can't be told before its own key is read: the outer keys say enough.
std::string NodeBuilder::PathOf(absl::string_view key) const {
  std::string path;
  for (const Open& open : open_) {
    if (open.node->kind == Kind::kMap && open.has_key) path = ConfigPath(path, open.key);
  }
  return ConfigPath(path, key);
}

void NodeBuilder::Place(int line, ConfigNodePtr node) {
  last_ = node;
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Open& open = open_.back();
  if (open.node->kind == Kind::kList) {
    open.node->size += node->size;
    open.node->depth = std::max(open.node->depth, node->depth + 1);
    open.node->items.push_back(std::move(node));
  } else if (!open.has_key) {
    PlaceKey(line, *node, open);
  } else {
    PlaceEntry(line, std::move(node), open);
  }
}

void NodeBuilder::PlaceKey(int line, const ConfigNode& node, Open& open) {
  open.has_key = true;
  open.key_line = line;
  open.skipping = node.kind != Kind::kScalar;
  if (node.kind == Kind::kScalar) {
    open.key = node.text;
    open.merging = open.merges && !node.quoted && node.text == kMergeKey;
    return;
  }
  open.key.clear();
  open.merging = false;
  problems_.Add(line, "", "a key must be text");
}

void NodeBuilder::PlaceEntry(int line, ConfigNodePtr node, Open& open) {
  open.node->size += node->size;
  open.node->depth = std::max(open.node->depth, node->depth + 1);
  if (open.skipping) {
    // Told.
  } else if (open.merging) {
    const auto is_map = [](const ConfigNodePtr& one) { return one->kind == Kind::kMap; };
    if (is_map(node)) {
      open.merged.push_back(std::move(node));
    } else if (node->kind == Kind::kList &&
               std::all_of(node->items.begin(), node->items.end(), is_map)) {
      open.merged.insert(open.merged.end(), node->items.begin(), node->items.end());
    } else {
      problems_.Add(line, "", "<< must be a map, or a list of maps");
    }
  } else if (const auto [at, is_new] = open.lines.emplace(open.key, open.key_line); !is_new) {
    open.has_key = false;  // or the path would have it twice
    problems_.Add(open.key_line, PathOf(open.key),
                  absl::StrCat("a second time; the first is in line ", at->second));
  } else {
    open.node->entries.push_back({open.key, open.key_line, std::move(node)});
  }
  open.has_key = false;
}

// What the map says itself comes first, then the maps in their order.
void NodeBuilder::Merge(Open& open) {
  for (const ConfigNodePtr& from : open.merged) {
    if (!stopped_) MergeMap(*from, open);
  }
}

void NodeBuilder::MergeMap(const ConfigNode& from, Open& open) {
  for (const ConfigEntry& entry : from.entries) {
    if (!open.lines.emplace(entry.key, entry.line).second) continue;
    if (!Count(from.line, entry.value->size, entry.value->depth)) return;
    open.node->size += entry.value->size;
    open.node->depth = std::max(open.node->depth, entry.value->depth + 1);
    open.node->entries.push_back(entry);
  }
}

}  // namespace fusebox::internal
