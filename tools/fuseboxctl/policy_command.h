// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl policy get|set|diff`.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_COMMAND_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fusebox/v1/admin.pb.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

struct PolicyFlags {
  enum class Verb { kGet, kSet, kDiff };
  Verb verb = Verb::kGet;
  std::string name;

  // What to change, for kSet and kDiff: the one or the other.
  std::vector<std::string> assignments;
  std::string file;
  fusebox::v1::PolicyChange change;  // made of these by ReadChange

  // For kSet.
  std::string reason;
  std::string etag;  // empty: that of the policy which the change is shown against
  bool dry_run = false;
  bool yes = false;
};

// Reads the assignments or the file into `change`. INVALID_ARGUMENT names what is wrong there.
absl::Status ReadChange(PolicyFlags& flags);

ExitCode RunPolicy(const Fleet& fleet, const PolicyFlags& flags, const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_COMMAND_H_
