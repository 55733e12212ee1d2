// SPDX-License-Identifier: Apache-2.0
//
// The scenarios that come with the drill: the files of tools/fusebox_drill/scenarios.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_BUILTIN_SCENARIOS_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_BUILTIN_SCENARIOS_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox_drill {

struct BuiltinScenario {
  absl::string_view name;  // of the file, and as it says itself
  absl::string_view text;  // all of the file
};

// In the order in which they are listed.
const std::vector<BuiltinScenario>& BuiltinScenarios();

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_BUILTIN_SCENARIOS_H_
