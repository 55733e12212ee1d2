// SPDX-License-Identifier: Apache-2.0
//
// The guards that come with the drill: the real circuit breaker, and nothing.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_FUSEBOX_GUARD_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_FUSEBOX_GUARD_H_

#include <string>

#include "absl/status/statusor.h"
#include "fusebox/policy.h"
#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

// A `fusebox::CircuitBreaker` for each client and method; with the policy's candidate, if it has
// one. INVALID_ARGUMENT if the policy is invalid.
absl::StatusOr<Protection> ProtectBy(std::string name, const fusebox::Policy& policy);

// Admits every call.
Protection ProtectByNothing();

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_FUSEBOX_GUARD_H_
