// SPDX-License-Identifier: Apache-2.0
//
// Policies of several endpoints, as they are shown.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_OUTPUT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_OUTPUT_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fusebox/v1/admin.pb.h"
#include "fusebox/v1/circuit.pb.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/explain.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

// A circuit's policy at one endpoint, as it is and as it would be or has become.
struct PolicyAnswer {
  grpc::Status status;
  Attempt attempt = Attempt::kRead;  // what `status` is of
  std::string instance;
  std::string etag;
  fusebox::v1::Policy before;
  fusebox::v1::Policy after;
  std::vector<std::string> warnings;                   // of the instance, about `after`
  uint64_t order = 0;                                  // the standing order that has come of it
  std::vector<fusebox::v1::OverruledOrder> overruled;  // by that one, or if it were given

  std::vector<PolicyDifference> differences() const { return Difference(before, after); }
};

// One for each endpoint of a fleet, in their order.
using PolicyAnswers = std::vector<PolicyAnswer>;

// What to call the endpoint at that place.
std::string InstanceOf(const Fleet& fleet, const PolicyAnswers& answers, std::size_t index);

// "open_duration: 30s -> 45s".
std::string Arrow(const PolicyDifference& difference);

// Counts how it went, and says what went wrong, and what hardly makes sense.
ExitCode Judge(const Fleet& fleet, const PolicyAnswers& answers, const Screen& screen);

void PrintPoliciesAsJson(const Fleet& fleet, const PolicyAnswers& answers, bool with_differences,
                         const Screen& screen);

// Each as a file that `policy set` takes, if it is the only one.
void PrintPolicies(const Fleet& fleet, const PolicyAnswers& answers, const Screen& screen);

// What changes for the circuit of that name.
void PrintDifferences(const Fleet& fleet, const PolicyAnswers& answers, const std::string& name,
                      const Screen& screen);

// The fields that aren't alike everywhere, each with its values and who has them.
void PrintUnlike(const Fleet& fleet, const PolicyAnswers& answers, const Screen& screen);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_POLICY_OUTPUT_H_
