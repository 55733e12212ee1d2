// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_OPTIONS_CHECK_H_
#define FUSEBOX_INTERCEPTORS_OPTIONS_CHECK_H_

#include <string>
#include <vector>

#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/policy_table.h"

namespace fusebox {

// The names of methods that aren't there, as far as it can be known: of services whose generated
// code is linked into the program. A typo would leave a method under a policy that nobody meant for
// it.
std::vector<std::string> UnknownMethods(const PolicyTable& policies);

// What is wrong with what the options say of services and methods, beyond what the policy table
// finds itself.
std::vector<std::string> CheckMethods(const CircuitBreakerOptions& options);

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_OPTIONS_CHECK_H_
