// SPDX-License-Identifier: Apache-2.0
//
// In place of yaml_reader.cc, in a program that is built without yaml-cpp.
#include "src/config/readers.h"

namespace fusebox::internal {

ConfigNodePtr ReadYaml(absl::string_view /*text*/, Problems& problems) {
  problems.Add(0, "",
               "can't be read: this program was built without yaml-cpp, and reads JSON and text");
  return nullptr;
}

}  // namespace fusebox::internal
