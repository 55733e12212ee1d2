// SPDX-License-Identifier: Apache-2.0
//
// Makes a tree, bounded, of what a reader finds in its order.
#ifndef FUSEBOX_SRC_CONFIG_NODE_BUILDER_H_
#define FUSEBOX_SRC_CONFIG_NODE_BUILDER_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/config/node.h"
#include "src/config/problems.h"

namespace fusebox::internal {

// What is said of more than kMaxConfigDepth.
std::string TooDeep();

// Once something is too large, it says so and takes nothing more.
class NodeBuilder {
 public:
  explicit NodeBuilder(Problems& problems) : problems_(problems) {}

  bool stopped() const { return stopped_; }

  // Each is the next item of the innermost list; in a map, a key and a value take turns.
  void Null(int line);
  void Scalar(int line, std::string text, bool quoted);
  void BeginList(int line);
  void BeginMap(int line, bool merges);  // whether a key << is YAML's
  void Again(int line, const ConfigNodePtr& node);

  // The list or map that is innermost. What came out, or null once stopped.
  ConfigNodePtr End();

  // What the last of the above, but a beginning, has made.
  const ConfigNodePtr& last() const { return last_; }

  // The whole; null if there is none.
  const ConfigNodePtr& root() const { return root_; }

  void Stop(int line, absl::string_view why);

 private:
  struct Open {
    std::shared_ptr<ConfigNode> node;
    bool merges = false;
    bool has_key = false;
    bool merging = false;   // the value to come is that of a <<
    bool skipping = false;  // or of what is no key
    std::string key;
    int key_line = 0;
    std::map<std::string, int> lines;  // of the keys that there are
    std::vector<ConfigNodePtr> merged;
  };

  bool Count(int line, std::size_t size, std::size_t depth);
  void Place(int line, ConfigNodePtr node);
  void PlaceKey(int line, const ConfigNode& node, Open& open);
  void PlaceEntry(int line, ConfigNodePtr node, Open& open);
  void Merge(Open& open);
  void MergeMap(const ConfigNode& from, Open& open);
  std::string PathOf(absl::string_view key) const;

  Problems& problems_;
  bool stopped_ = false;
  std::size_t count_ = 0;
  std::vector<Open> open_;
  ConfigNodePtr last_;
  ConfigNodePtr root_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_NODE_BUILDER_H_
