// SPDX-License-Identifier: Apache-2.0
//
// In place of yaml_reader.cc, in a program that is built without yaml-cpp.
#include "src/config/readers.h"

namespace fusebox::internal {
namespace {

ConfigNodePtr Refuse(Problems& problems) {
  problems.Add(0, "",
               "can't be read: this program was built without yaml-cpp, and reads text alone");
  return nullptr;
}

}  // namespace

ConfigNodePtr ReadYaml(absl::string_view /*text*/, Problems& problems) { return Refuse(problems); }

ConfigNodePtr ReadJson(absl::string_view /*text*/, Problems& problems) { return Refuse(problems); }

}  // namespace fusebox::internal
