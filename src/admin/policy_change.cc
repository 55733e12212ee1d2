// SPDX-License-Identifier: Apache-2.0
#include "src/admin/policy_change.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/quote.h"
#include "src/proto/policy_path.h"

namespace fusebox::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

// Longer ones name something twice.
constexpr int kMaxPaths = 100;

bool IsAll(const FieldMask& mask) { return mask.paths_size() == 1 && mask.paths(0) == "*"; }

// What was in force had a rule that opens the circuit. To turn off the last one is a mistake:
// without any, the default would be there.
void CheckRulesAreLeft(const Policy& changed, const Policy& in_force, absl::string_view path,
                       RequestErrors& errors) {
  if (!in_force.consecutive_failures || changed.consecutive_failures) return;
  errors.Add(absl::StrCat(path, ".consecutive_failures"),
             "unset, must be set, or another of the rules that open a circuit");
}

// A policy in force, of what a change of another one came to.
Policy InForce(const v1::Policy& changed, bool has_same_candidate, absl::string_view path,
               RequestErrors& errors) {
  const Policy policy = FromProto(changed, path, errors);
  Policy in_force = policy.InForce();
  CheckRulesAreLeft(policy, in_force, path, errors);
  if (policy.shadow_policy && has_same_candidate) {
    CheckRulesAreLeft(*policy.shadow_policy, *in_force.shadow_policy,
                      absl::StrCat(path, ".shadow_policy"), errors);
  }
  return in_force;
}

// Whether it has fields of its own. A duration is one value.
bool IsPart(const FieldDescriptor& field) {
  return field.message_type() != nullptr &&
         field.message_type() != google::protobuf::Duration::descriptor();
}

// Unsets the field that they lead to, whether it is there or not.
void Clear(Message& message, const std::vector<const FieldDescriptor*>& fields) {
  Message* at = &message;
  for (const FieldDescriptor* field : fields) {
    if (field == fields.back()) {
      at->GetReflection()->ClearField(at, field);
    } else if (at->GetReflection()->HasField(*at, field)) {
      at = at->GetReflection()->MutableMessage(at, field);
    } else {
      return;
    }
  }
}

// Adds the paths of the values that are set in it. A part in which none is stands for itself.
void AddPathsOfSet(const Message& message, const std::string& prefix,
                   std::vector<std::string>& paths) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string path = absl::StrCat(prefix, field->name());
    const std::size_t before = paths.size();
    if (!FindPolicyPath(path).fields.empty() && IsPart(*field)) {
      AddPathsOfSet(message.GetReflection()->GetMessage(message, field), path + ".", paths);
    }
    if (paths.size() == before) paths.push_back(path);
  }
}

// All that a policy has: of the alternatives the one that is set, else the first.
std::vector<std::string> AllPaths(const v1::Policy& policy) {
  std::vector<std::string> paths;
  const auto* const type = v1::Policy::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (const auto* const choice = field->real_containing_oneof(); choice != nullptr) {
      const FieldDescriptor* const chosen =
          v1::Policy::GetReflection()->GetOneofFieldDescriptor(policy, choice);
      if (field != (chosen == nullptr ? choice->field(0) : chosen)) continue;
    }
    paths.emplace_back(field->name());
  }
  return paths;
}

// Adds the alternatives that are set where the path names another one: without them, which would be
// the default, the named one would be set.
void AddAlternatives(const v1::Policy& policy, absl::string_view path, FieldMask& mask) {
  const Message* at = &policy;
  std::string prefix;
  for (const FieldDescriptor* const field : FindPolicyPath(path).fields) {
    const auto* const reflection = at->GetReflection();
    const auto* const choice = field->real_containing_oneof();
    const FieldDescriptor* const chosen =
        choice == nullptr ? nullptr : reflection->GetOneofFieldDescriptor(*at, choice);
    if (chosen != nullptr && chosen != field) {
      mask.add_paths(absl::StrCat(prefix, std::string(chosen->name())));
    }
    if (!IsPart(*field) || !reflection->HasField(*at, field)) return;
    at = &reflection->GetMessage(*at, field);
    absl::StrAppend(&prefix, std::string(field->name()), ".");
  }
}

std::vector<std::string> PathsOf(const v1::PolicyChange& change) {
  const FieldMask& mask = change.update_mask();
  if (IsAll(mask)) return AllPaths(change.policy());
  std::vector<std::string> paths(mask.paths().begin(), mask.paths().end());
  if (paths.empty()) AddPathsOfSet(change.policy(), "", paths);
  return paths;
}

}  // namespace

void CheckPolicyChange(const v1::PolicyChange& change, absl::string_view path,
                       RequestErrors& errors) {
  const FieldMask& mask = change.update_mask();
  if (mask.paths_size() > kMaxPaths) {
    errors.Add(absl::StrCat(path, ".update_mask"),
               absl::StrCat(mask.paths_size(), " paths, must be at most ", kMaxPaths));
    return;
  }
  CheckPaths(change, path, errors);
}

void CheckPaths(const v1::PolicyChange& change, absl::string_view path, RequestErrors& errors) {
  const FieldMask& mask = change.update_mask();
  const std::string field = absl::StrCat(path, ".update_mask");
  if (!change.has_policy() && (mask.paths_size() == 0 || IsAll(mask))) {
    errors.Add(absl::StrCat(path, ".policy"), "unset, must be set");
  }
  if (IsAll(mask)) return;
  for (const std::string& each : mask.paths()) {
    if (FindPolicyPath(each).fields.empty()) {
      errors.Add(field, absl::StrCat(Quoted(each),
                                     ", must be a field of Policy, as in \"open_duration\" or "
                                     "\"half_open.max_concurrent\", or \"*\" alone"));
    }
  }
}

Policy ChangePolicy(const Policy& policy, const v1::PolicyChange& change, absl::string_view path,
                    RequestErrors& errors) {
  const std::string policy_path = absl::StrCat(path, ".policy");
  const FieldMask& mask = change.update_mask();
  if (IsAll(mask)) return FromProto(change.policy(), policy_path, errors).InForce();
  const bool had_candidate = static_cast<bool>(policy.shadow_policy);
  v1::Policy changed;
  ToProto(policy, changed);
  if (mask.paths_size() == 0) {
    changed.MergeFrom(change.policy());
    return InForce(changed, had_candidate, policy_path, errors);
  }
  for (const std::string& each : mask.paths()) {
    Clear(changed, FindPolicyPath(each).fields);
  }
  v1::Policy wanted = change.policy();
  FieldMaskUtil::TrimMessage(mask, &wanted);
  changed.MergeFrom(wanted);
  // One that is named as a whole is another one.
  const bool is_another =
      std::find(mask.paths().begin(), mask.paths().end(), "shadow_policy") != mask.paths().end();
  return InForce(changed, had_candidate && !is_another, policy_path, errors);
}

PolicyPatch PatchOf(const v1::PolicyChange& change, absl::string_view path, RequestErrors& errors) {
  PolicyPatch patch;
  patch.values = FieldsFromProto(change.policy(), absl::StrCat(path, ".policy"), errors);
  std::set<std::string> seen;  // a mask may name a field twice
  for (std::string& each : PathsOf(change)) {
    if (seen.insert(each).second) patch.fields.push_back({std::move(each), ""});
  }
  return patch;
}

v1::PolicyChange ChangeOf(const PolicyPatch& patch) {
  v1::PolicyChange change;
  ToProto(patch.values, *change.mutable_policy());
  for (const PatchedField& field : patch.fields) {
    change.mutable_update_mask()->add_paths(field.path);
  }
  FieldMask kept = change.update_mask();
  for (const PatchedField& field : patch.fields) AddAlternatives(change.policy(), field.path, kept);
  FieldMaskUtil::TrimMessage(kept, change.mutable_policy());
  return change;
}

}  // namespace fusebox::internal
