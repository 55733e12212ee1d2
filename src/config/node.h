// SPDX-License-Identifier: Apache-2.0
//
// A configuration file as a tree, whatever format it is in.
#ifndef FUSEBOX_SRC_CONFIG_NODE_H_
#define FUSEBOX_SRC_CONFIG_NODE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace fusebox::internal {

struct ConfigNode;

// Shared, since YAML's aliases may have one part in many places: what a few lines say is then as
// large as they say, and takes no more memory than the lines.
using ConfigNodePtr = std::shared_ptr<const ConfigNode>;

struct ConfigEntry {
  std::string key;
  int line = 0;
  ConfigNodePtr value;
};

// What one says: at most kMaxConfigNodes values, each counted as often as it is in it, in at most
// kMaxConfigDepth maps or lists within each other.
struct ConfigNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  int line = 0;  // from 1

  std::string text;     // of a scalar
  bool quoted = false;  // then it is a text, whatever it says

  std::vector<ConfigNodePtr> items;  // of a list

  // Of a map, in the order of the file; each key once.
  std::vector<ConfigEntry> entries;

  std::size_t size = 1;   // how many values it is made of, itself counted
  std::size_t depth = 1;  // how many are within each other, itself counted
};

inline constexpr std::size_t kMaxConfigNodes = 100'000;
inline constexpr std::size_t kMaxConfigDepth = 32;

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_NODE_H_
