// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_TABLE_CHECK_H_
#define FUSEBOX_INTERCEPTORS_TABLE_CHECK_H_

#include <string>
#include <vector>

#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/policy_table.h"

namespace fusebox {

// What is wrong with the names in a table, as far as it can be known: a method that is not in its
// service, for services whose generated code is linked into the program. A typo there would leave a
// method under a policy that nobody meant for it.
std::vector<std::string> UnknownMethods(const PolicyTable& policies);

// Entries with a policy for a part of what shares one circuit in that scope: its calls could only
// go by one of the policies.
std::vector<std::string> NarrowerThan(CircuitScope scope, const PolicyTable& policies);

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_TABLE_CHECK_H_
