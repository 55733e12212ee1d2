// SPDX-License-Identifier: Apache-2.0
//
// What can be done to circuits, at one endpoint.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_ACTION_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_ACTION_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/v1/admin.pb.h"
#include "src/base/operator_verbs.h"
#include "tools/fuseboxctl/explain.h"
#include "tools/fuseboxctl/fleet.h"

namespace fuseboxctl {

enum class Verb {
#define FUSEBOX_VERB(verb, ...) k##verb,
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_VERB)
#undef FUSEBOX_VERB
};

struct VerbRow {
  Verb verb;
  const char* name;    // the subcommand: "open"
  const char* help;    // what it says of itself: "Make circuits reject every call"
  const char* manual;  // in troff: "Rejects every call, until ..."
};

// Of all of them, in their order, which is that in which they are shown.
inline constexpr VerbRow kVerbs[] = {
#define FUSEBOX_ROW(verb, field, cause, repeated, word, help, manual) \
  {Verb::k##verb, word, help, manual},
    FUSEBOX_OPERATOR_VERBS(FUSEBOX_ROW)
#undef FUSEBOX_ROW
};

constexpr const VerbRow& RowOf(Verb verb) { return kVerbs[static_cast<std::size_t>(verb)]; }

struct Action {
  Verb verb = Verb::kReset;  // unless it is a change of the policy
  std::string reason;
  std::optional<absl::Duration> ttl;  // of kForceOpen alone

  std::optional<fusebox::v1::PolicyChange> change;

  // What it is called: "open", "policy set".
  std::string name() const { return change ? "policy set" : RowOf(verb).name; }

  // Whether it is over once it is done. All else is a standing order.
  bool is_once() const { return !change && verb == Verb::kReset; }
};

// A circuit that was touched, or would be.
struct CircuitResult {
  std::string name;
  grpc::Status status;
  // As it is now. Not known unless the status is OK.
  fusebox::v1::State state = fusebox::v1::STATE_UNSPECIFIED;
  fusebox::v1::Mode mode = fusebox::v1::MODE_UNSPECIFIED;
  Attempt attempt = Attempt::kDryRun;      // that the status is of
  std::vector<std::string> warnings = {};  // of a policy
  uint64_t order = 0;                      // that says its mode, of one that was moved by its name
  std::vector<fusebox::v1::OverruledOrder> overruled = {};  // likewise
};

// What came of asking an endpoint about some circuits.
struct EndpointResult {
  grpc::Status status;  // of the endpoint as a whole; then `results` may be incomplete
  std::string instance;
  std::vector<CircuitResult> results;           // by name, each circuit once
  std::vector<fusebox::v1::GivenOrder> orders;  // with 0 as their ids, if that is a plan
  std::vector<fusebox::v1::OverruledOrder> overruled;
  Attempt attempt = Attempt::kDryRun;  // that the status is of
};

// Does it to one circuit, by its name; it is no change of a policy. `instance` becomes what the
// process calls itself, if it says.
CircuitResult ApplyToOne(const Endpoint& endpoint, const Action& action, const std::string& name,
                         std::string& instance);

// What would be touched by it: the circuits that fit any of the globs, or all.
EndpointResult Plan(const Endpoint& endpoint, const Action& action,
                    const std::vector<std::string>& globs, bool all);

// Does it to the circuits that fit any of the patterns, or all: by standing orders, which hold for
// those too that are made later, unless the action is over once it is done.
EndpointResult ApplyToPatterns(const Endpoint& endpoint, const Action& action,
                               const std::vector<std::string>& patterns, bool all);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_ACTION_H_
