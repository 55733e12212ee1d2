// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_POLICY_IN_FORCE_H_
#define FUSEBOX_SRC_CORE_POLICY_IN_FORCE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "fusebox/policy.h"

namespace fusebox::internal {

// The one way by which a policy gets into a circuit: it is checked (rule R11), and what it leaves
// unset is said (Policy::InForce). So what the engine goes by has a trip rule, and an
// `open_duration`, `half_open.max_concurrent` and `half_open.verdict`, unless `adaptive_recovery`
// takes their place.
absl::StatusOr<std::shared_ptr<const Policy>> PolicyInForce(const Policy& policy);

// What of the values that are set can't be right, whatever the other fields are. Of a policy that
// need not be one in force, or whole.
std::vector<FieldError> WrongValues(const Policy& policy);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_POLICY_IN_FORCE_H_
