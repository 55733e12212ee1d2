// SPDX-License-Identifier: Apache-2.0
//
// Policies of a file, by the table of a policy's fields.
#ifndef FUSEBOX_SRC_CONFIG_POLICY_READER_H_
#define FUSEBOX_SRC_CONFIG_POLICY_READER_H_

#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "fusebox/policy_patch.h"
#include "src/config/node.h"
#include "src/config/problems.h"

namespace fusebox::internal {

// The keys that the map of a policy may have.
std::set<std::string> PolicyKeys();

struct ReadPatch {
  PolicyPatch patch;  // each field with its place, and none below it

  // Something of it is wrong and told: whether the rest is sound can't be said.
  bool broken = false;
};

// One on top of another. The patch has none below it.
ReadPatch On(const ReadPatch& base, const ReadPatch& over);

class PolicyReader {
 public:
  explicit PolicyReader(Problems& problems) : problems_(problems) {}

  // All presets, each on the one that it is based on. To be called once, first.
  void ReadPresets(const ConfigNode& presets, const std::string& path);

  // What the node says, on top of its preset.
  ReadPatch Read(const ConfigNode& node, const std::string& path);

 private:
  struct Preset {
    ConfigNodePtr node;
    std::string path;
    enum class Progress { kUnread, kBeingRead, kRead } progress = Progress::kUnread;
    ReadPatch read;
  };

  // Null, and told, if it isn't there or goes in a circle.
  const ReadPatch* FindPreset(const ConfigNode& name, int line, const std::string& path);
  void ReadFields(const ConfigNode& node, const std::string& path, ReadPatch& read);

  // How many presets may be on each other.
  static constexpr int kMaxPresetsInARow = 32;

  Problems& problems_;
  std::map<std::string, Preset> presets_;
  std::set<std::string> preset_names_;
  int presets_being_read_ = 0;
};

// What makes the policy, over the one without numbers, invalid as a whole, or odd. `path` is where
// it is said, `line` the line for what isn't any single field's.
void CheckPolicy(const ReadPatch& read, int line, const std::string& path, Problems& problems,
                 Problems& warnings);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_POLICY_READER_H_
