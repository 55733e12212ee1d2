// SPDX-License-Identifier: Apache-2.0
//
// The fields of a Policy by path: "open_duration", "half_open.max_concurrent".
#ifndef FUSEBOX_SRC_PROTO_POLICY_PATH_H_
#define FUSEBOX_SRC_PROTO_POLICY_PATH_H_

#include <google/protobuf/descriptor.h>

#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

struct PolicyPath {
  // The fields that the path leads through, from a policy on; the last is the one that it names.
  // Empty if it names none.
  std::vector<const google::protobuf::FieldDescriptor*> fields;

  // Where a name was looked for and isn't. Null if the path names a field, or goes on behind one
  // that has none itself: a duration is one value, and no path leads into it.
  const google::protobuf::Descriptor* missed_in = nullptr;
};

PolicyPath FindPolicyPath(absl::string_view path);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_PROTO_POLICY_PATH_H_
