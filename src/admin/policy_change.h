// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_POLICY_CHANGE_H_
#define FUSEBOX_SRC_ADMIN_POLICY_CHANGE_H_

#include <fusebox/v1/admin.pb.h>

#include "absl/strings/string_view.h"
#include "fusebox/policy.h"
#include "fusebox/policy_patch.h"
#include "src/admin/request_errors.h"

namespace fusebox::internal {

// What is wrong with a change whatever policy it is made to, is added to `errors`; `path` comes
// before its fields' names.
void CheckPolicyChange(const v1::PolicyChange& change, absl::string_view path,
                       RequestErrors& errors);

// The same, however many paths it has.
void CheckPaths(const v1::PolicyChange& change, absl::string_view path, RequestErrors& errors);

// What a sound change makes of that policy. What is wrong with the result is added to
// `errors`; then the answer is of no use.
Policy ChangePolicy(const Policy& policy, const v1::PolicyChange& change, absl::string_view path,
                    RequestErrors& errors);

// The same change whatever policy it is made to: each field that it names, with its value. What is
// no value is added to `errors`.
PolicyPatch PatchOf(const v1::PolicyChange& change, absl::string_view path, RequestErrors& errors);

// And back, with a mask.
v1::PolicyChange ChangeOf(const PolicyPatch& patch);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_POLICY_CHANGE_H_
