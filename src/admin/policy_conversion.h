// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_POLICY_CONVERSION_H_
#define FUSEBOX_SRC_ADMIN_POLICY_CONVERSION_H_

#include <fusebox/v1/circuit.pb.h>

#include <string>

#include "absl/strings/string_view.h"
#include "fusebox/policy.h"
#include "src/admin/request_errors.h"

namespace fusebox::internal {

// Every field is set, except for rules that are off.
void ToProto(const Policy& policy, v1::Policy& proto);

// What is missing has its default, or is off if it's a rule. What is wrong is added to `errors`,
// field by field, as the proto calls them, with `path` before: "policy.jitter". Then the answer is
// of no use.
Policy FromProto(const v1::Policy& proto, absl::string_view path, RequestErrors& errors);

// The same of some fields of a policy, which are looked at together only once they are in one: what
// is added to `errors` is what is no value at all.
Policy FieldsFromProto(const v1::Policy& proto, absl::string_view path, RequestErrors& errors);

// Of a policy with every field set.
std::string EtagOf(const v1::Policy& policy);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_POLICY_CONVERSION_H_
