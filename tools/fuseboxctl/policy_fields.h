// SPDX-License-Identifier: Apache-2.0
//
// Policies field by field: "open_duration: 30s" to read, "open_duration=45s" to change. The fields
// are those of circuit.proto, whatever it has.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_FIELDS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_FIELDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/v1/admin.pb.h"
#include "fusebox/v1/circuit.pb.h"

namespace fuseboxctl {

struct PolicyField {
  std::string path;   // "half_open.max_concurrent"
  std::string value;  // "3", "30s", "on" or "off", "default" for what isn't known
};

// In the order of circuit.proto.
std::vector<PolicyField> PolicyFields(const fusebox::v1::Policy& policy);

// "open_duration: 30s\n...", which PolicyFromText reads.
std::string PolicyText(const fusebox::v1::Policy& policy);

// What "open_duration=45s", "half_open.max_concurrent=5", "ramp=on", "failure_rate=off" and
// "jitter=default" ask for. `default` is what a new policy has: of a field that is off there, off;
// of a part, as of a time window, its own default. INVALID_ARGUMENT, which names the assignment and
// says what to write; whether a number is in range is the server's to say.
absl::StatusOr<fusebox::v1::PolicyChange> ChangeFromAssignments(
    const std::vector<std::string>& assignments);

// A whole policy: JSON of a fusebox.v1.Policy; what `policy get --output json` prints, of one
// endpoint; or lines as of PolicyText.
absl::StatusOr<fusebox::v1::PolicyChange> ChangeFromText(absl::string_view text);

// What a change with a mask asks for, as ChangeFromAssignments takes it; of a part, each of its
// values.
std::vector<std::string> AssignmentsOf(const fusebox::v1::PolicyChange& change);

struct PolicyDifference {
  std::string path;
  std::string before;  // "-": the field isn't there
  std::string after;
};

std::vector<PolicyDifference> Difference(const fusebox::v1::Policy& before,
                                         const fusebox::v1::Policy& after);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_FIELDS_H_
