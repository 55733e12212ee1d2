// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_OPTIONS_CHECK_H_
#define FUSEBOX_INTERCEPTORS_OPTIONS_CHECK_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/policy_table.h"

namespace fusebox::internal {

// What is wrong with the table's names, as far as it can be known: methods that a service whose
// generated code is linked into the program doesn't have, and services that aren't linked but are
// named nearly like one that is. A typo would leave a method under a policy that nobody meant for
// it. Nothing if the table allows unknown names. `allowing` is what whoever wrote the names may set
// to have them taken.
std::vector<std::string> UnknownNames(const PolicyTable& policies, absl::string_view allowing);

// What is wrong with what the options say of services and methods, beyond what the policy table
// finds itself.
std::vector<std::string> CheckNames(const InterceptorOptions& options);

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_OPTIONS_CHECK_H_
