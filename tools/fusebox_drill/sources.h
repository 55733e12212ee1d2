// SPDX-License-Identifier: Apache-2.0
//
// Scenarios and policies by what a command line calls them: a name, or else a file.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_SOURCES_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_SOURCES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/policy.h"
#include "tools/fusebox_drill/guard.h"
#include "tools/fusebox_drill/scenario.h"

namespace fusebox_drill {

// A file as `fuseboxctl policy set --file` takes it. INVALID_ARGUMENT names each bad field.
absl::StatusOr<fusebox::Policy> ParsePolicy(absl::string_view text);

// What has a name: today's default policy, the presets, and nothing at all.
std::vector<Protection> NamedProtections();

// One of those, or that of a file. The error says which there are.
absl::StatusOr<Protection> FindProtection(const std::string& name_or_file,
                                          const std::vector<Protection>& named);

// One that comes with the drill, or that of a file.
absl::StatusOr<Scenario> FindScenario(const std::string& name_or_file);

// All that come with it.
std::vector<Scenario> AllScenarios();

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_SOURCES_H_
