// SPDX-License-Identifier: Apache-2.0
//
// What went wrong, and what to do next.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_EXPLAIN_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_EXPLAIN_H_

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

namespace fuseboxctl {

// "UNAVAILABLE".
std::string CodeName(int code);

// A bad field of a request.
struct FieldViolation {
  std::string field;
  std::string description;
};

// Those of a google.rpc.BadRequest among the status details. The bytes are read without google's
// descriptors, which are registered nowhere in Fusebox.
std::vector<FieldViolation> FieldViolations(const grpc::Status& status);

// Why the admin service has refused it, as in "WRITES_NOT_ALLOWED": the reason of a
// google.rpc.ErrorInfo of that service's among the status details. Empty if there is none.
std::string ReasonOf(const grpc::Status& status);

// A dry run is a write that nothing may come of, whatever becomes of the call.
enum class Attempt { kRead, kDryRun, kWrite };

// What of the caller's went along.
struct Sent {
  bool token = false;
  bool certificate = false;
  bool tls = false;
};

// "UNAVAILABLE: connection refused", the violations on a line each, and what to do. Printable,
// except for its line ends; further lines are indented.
std::string Explain(const grpc::Status& status, Attempt attempt, const Sent& sent);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_EXPLAIN_H_
