// SPDX-License-Identifier: Apache-2.0
#include "src/proto/policy_path.h"

#include <fusebox/v1/circuit.pb.h>
#include <google/protobuf/duration.pb.h>

#include <string>

#include "absl/strings/str_split.h"

namespace fusebox::internal {

PolicyPath FindPolicyPath(absl::string_view path) {
  PolicyPath found;
  const google::protobuf::Descriptor* at = v1::Policy::descriptor();
  for (const absl::string_view name : absl::StrSplit(path, '.')) {
    const auto* const field = at == nullptr ? nullptr : at->FindFieldByName(std::string(name));
    if (field == nullptr) return {{}, at};
    found.fields.push_back(field);
    at = field->message_type();
    if (at == google::protobuf::Duration::descriptor()) at = nullptr;
  }
  return found;
}

}  // namespace fusebox::internal
