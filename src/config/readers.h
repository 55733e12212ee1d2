// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_READERS_H_
#define FUSEBOX_SRC_CONFIG_READERS_H_

#include "absl/strings/string_view.h"
#include "src/config/node.h"
#include "src/config/problems.h"

namespace fusebox::internal {

// The tree of a whole file: a map, or null if there is anything wrong that isn't just in one place.
// Whatever is wrong is told. An empty file is an error.
ConfigNodePtr ReadYaml(absl::string_view text, Problems& problems);

// As RFC 8259 has it, and nothing else that other readers take.
ConfigNodePtr ReadJson(absl::string_view text, Problems& problems);

// The text of a fusebox.v1.Config, as the map that says the same.
ConfigNodePtr ReadTextProto(absl::string_view text, Problems& problems);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_READERS_H_
