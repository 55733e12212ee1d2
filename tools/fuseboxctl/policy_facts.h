// SPDX-License-Identifier: Apache-2.0
//
// What the protos don't say of a policy's fields: which can be off, how, and by what. Out of the
// table of fields that the library itself goes by, of which nothing is linked for it.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_FACTS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_FACTS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fuseboxctl {

struct PolicyFacts {
  bool off_when_absent = false;          // otherwise its default
  std::optional<std::string> off_value;  // by which it is off, where its absence isn't
  bool may_be_missing = false;           // from a policy in force: another field takes its place
};

// Of "failure_rate", "half_open.probe_timeout"; of a field that this program is too old for, as of
// most: its absence is its default, and it can't be off.
PolicyFacts FactsOf(absl::string_view path);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_FACTS_H_
