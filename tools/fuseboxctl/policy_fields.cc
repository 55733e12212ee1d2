// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/policy_fields.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/base/text.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/policy_facts.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::internal::FromProto;
using fusebox::internal::ValueText;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsDuration(const FieldDescriptor& field) {
  return field.message_type() == google::protobuf::Duration::descriptor();
}

std::string FieldText(const Message& message, const FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return ValueText(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ValueText(reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return ValueText(reflection.GetBool(message, &field));
    default:
      return "?";
  }
}

void AppendFields(const Message& message, const std::string& prefix,
                  std::vector<PolicyField>& fields) {
  const Descriptor& type = *message.GetDescriptor();
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = absl::StrCat(prefix, field.name());
    if (field.has_presence() && !reflection.HasField(message, &field)) {
      if (field.real_containing_oneof() != nullptr) continue;  // another one of it is there
      if (path == "shadow_policy.shadow_policy") continue;     // never is there
      const PolicyFacts facts = FactsOf(path);
      if (!facts.may_be_missing) {
        fields.push_back({path, facts.off_when_absent ? "off" : "default"});
      }
    } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      fields.push_back({path, FieldText(message, field)});
    } else if (IsDuration(field)) {
      google::protobuf::Duration duration;
      duration.CopyFrom(reflection.GetMessage(message, &field));
      fields.push_back(
          {path, DurationText(FromProto(duration).value_or(absl::InfiniteDuration()))});
    } else {
      if (FactsOf(path).off_when_absent) fields.push_back({path, "on"});
      AppendFields(reflection.GetMessage(message, &field), absl::StrCat(path, "."), fields);
    }
  }
}

}  // namespace

std::vector<PolicyField> PolicyFields(const fusebox::v1::Policy& policy) {
  std::vector<PolicyField> fields;
  AppendFields(policy, "", fields);
  return fields;
}

std::string PolicyText(const fusebox::v1::Policy& policy) {
  std::string text;
  for (const PolicyField& field : PolicyFields(policy)) {
    absl::StrAppend(&text, field.path, ": ", field.value, "\n");
  }
  return text;
}

std::vector<std::string> AssignmentsOf(const fusebox::v1::PolicyChange& change) {
  const std::vector<PolicyField> fields = PolicyFields(change.policy());
  std::vector<std::string> assignments;
  for (const std::string& path : change.update_mask().paths()) {
    const std::size_t before = assignments.size();
    for (const PolicyField& field : fields) {
      if (field.path != path && !absl::StartsWith(field.path, absl::StrCat(path, "."))) continue;
      assignments.push_back(absl::StrCat(field.path, "=", field.value));
    }
    if (assignments.size() == before) assignments.push_back(absl::StrCat(path, "=default"));
  }
  return assignments;
}

std::vector<PolicyDifference> Difference(const fusebox::v1::Policy& before,
                                         const fusebox::v1::Policy& after) {
  const std::vector<PolicyField> old_fields = PolicyFields(before);
  const std::vector<PolicyField> new_fields = PolicyFields(after);
  const auto value_in = [](const std::vector<PolicyField>& fields, const std::string& path) {
    const auto found =
        std::find_if(fields.begin(), fields.end(),
                     [&path](const PolicyField& field) { return field.path == path; });
    return found == fields.end() ? "-" : found->value;
  };
  std::vector<PolicyDifference> differences;
  for (const PolicyField& field : old_fields) {
    const std::string now = value_in(new_fields, field.path);
    if (now == "-" && field.value == "off") continue;  // of a part that is gone
    if (now != field.value) differences.push_back({field.path, field.value, now});
  }
  for (const PolicyField& field : new_fields) {
    if (field.value != "off" && value_in(old_fields, field.path) == "-") {
      differences.push_back({field.path, "-", field.value});
    }
  }
  return differences;
}

}  // namespace fuseboxctl
