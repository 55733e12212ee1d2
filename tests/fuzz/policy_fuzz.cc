// SPDX-License-Identifier: Apache-2.0
//
// Policies from outside: what is accepted is valid and comes back as it went in, and a change
// changes what it names and nothing else.
#include <fusebox/v1/admin.pb.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/policy.h"
#include "src/admin/policy_change.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/request_errors.h"
#include "tests/fuzz/message_maker.h"
#include "tests/fuzz/require.h"
#include "tests/support/policy_maker.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using fusebox::Policy;
using google::protobuf::FieldDescriptor;
using google::protobuf::util::MessageDifferencer;

std::vector<std::string> Paths() {
  std::vector<std::string> paths = {"*", "", ".", "half_open.", "open_duration.seconds", "policy"};
  const google::protobuf::Descriptor& policy = *v1::Policy::descriptor();
  for (int i = 0; i < policy.field_count(); ++i) {
    const FieldDescriptor& field = *policy.field(i);
    paths.push_back(field.name());
    const google::protobuf::Descriptor* const inside = field.message_type();
    for (int j = 0; inside != nullptr && j < inside->field_count(); ++j) {
      paths.push_back(absl::StrCat(field.name(), ".", inside->field(j)->name()));
    }
  }
  return paths;
}

v1::Policy ProtoOf(const Policy& policy) {
  v1::Policy proto;
  fusebox::internal::ToProto(policy, proto);
  return proto;
}

// A policy that was accepted.
void RequireSound(const Policy& policy) {
  const absl::Status valid = fusebox::Validate(policy);
  Require(valid.ok(), "an accepted policy is valid", std::string(valid.message()));

  const v1::Policy proto = ProtoOf(policy);
  fusebox::internal::RequestErrors errors;
  Require(fusebox::internal::FromProto(proto, "policy", errors) == policy && errors.empty(),
          "a policy comes back as it went out", proto.ShortDebugString() + errors.Text());
  v1::Policy parsed;
  Require(parsed.ParseFromString(proto.SerializeAsString()) &&
              fusebox::internal::EtagOf(parsed) == fusebox::internal::EtagOf(proto),
          "a policy has one etag");
  Require(fusebox::CircuitBreaker::Create("fuzz", policy).ok(),
          "a circuit takes an accepted policy");
}

// Whether the change says something of that field, or of a part of it.
bool Names(const v1::PolicyChange& change, const FieldDescriptor& field) {
  if (change.update_mask().paths().empty()) {
    const google::protobuf::Message& policy = change.policy();
    return !field.has_presence() || policy.GetReflection()->HasField(policy, &field);
  }
  const auto& paths = change.update_mask().paths();
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return path == "*" || path == field.name() || absl::StartsWith(path, field.name() + ".");
  });
}

// The field, or one that can't be there together with it.
bool NamesAny(const v1::PolicyChange& change, const FieldDescriptor& field) {
  const google::protobuf::OneofDescriptor* const oneof = field.real_containing_oneof();
  if (oneof == nullptr) return Names(change, field);
  for (int i = 0; i < oneof->field_count(); ++i) {
    if (Names(change, *oneof->field(i))) return true;
  }
  return false;
}

void RequireOthersUnchanged(const Policy& from, const Policy& to, const v1::PolicyChange& change) {
  // With all that `from` says; what it leaves unset may be said in `to`, which is in force.
  v1::Policy before = ProtoOf(to);
  before.MergeFrom(ProtoOf(from));
  const v1::Policy after = ProtoOf(to);
  std::vector<const FieldDescriptor*> unnamed;
  for (int i = 0; i < v1::Policy::descriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = v1::Policy::descriptor()->field(i);
    if (!NamesAny(change, *field)) unnamed.push_back(field);
  }
  MessageDifferencer differencer;
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  Require(differencer.CompareWithFields(before, after, unnamed, unnamed),
          "a change leaves alone what it doesn't name",
          change.ShortDebugString() + " gives " + difference);
}

// A policy out of the table of fields, each at or about the ends of its range.
v1::Policy OutOfTheTable(FuzzedDataProvider& data) {
  PolicyMaker maker([&data](std::size_t count) {
    return data.ConsumeIntegralInRange<std::size_t>(0, count - 1);
  });
  const Policy policy = maker.Make();
  v1::Policy proto = ProtoOf(policy);
  fusebox::internal::RequestErrors errors;
  Require(fusebox::internal::FromProto(proto, "policy", errors) == policy,
          "a policy comes back as it went out, be it valid or not", proto.ShortDebugString());
  Require(errors.empty() == fusebox::Validate(policy).ok(),
          "what is read is refused if it isn't valid", proto.ShortDebugString() + errors.Text());
  return proto;
}

void Run(FuzzedDataProvider& data) {
  static const auto* const kPaths = new std::vector<std::string>(Paths());
  MessageMaker maker(data, *kPaths);

  v1::Policy proto;
  if (data.ConsumeBool()) {
    proto = OutOfTheTable(data);
  } else {
    maker.Fill(proto);
  }
  fusebox::internal::RequestErrors errors;
  Policy policy = fusebox::internal::FromProto(proto, "policy", errors);
  if (errors.empty()) {
    RequireSound(policy);
    policy = policy.InForce();
    RequireSound(policy);
  } else {
    Require(!errors.ToStatus().ok(), "a refusal is an error");
    policy = Policy::Adaptive();
  }

  for (int changes = data.ConsumeIntegralInRange(0, 3); changes > 0; --changes) {
    v1::PolicyChange change;
    maker.Fill(change);
    fusebox::internal::RequestErrors change_errors;
    fusebox::internal::CheckPolicyChange(change, "change", change_errors);
    if (!change_errors.empty()) continue;
    const Policy changed = fusebox::internal::ChangePolicy(policy, change, "change", change_errors);
    if (!change_errors.empty()) continue;
    RequireSound(changed);
    RequireOthersUnchanged(policy, changed, change);
    Require(changed.InForce() == changed, "what a change makes is a policy in force");
    // Again it may be refused: what was the last rule is turned off for good.
    const Policy again = fusebox::internal::ChangePolicy(changed, change, "change", change_errors);
    Require(again == changed || !change_errors.empty(),
            "a change that is made again changes nothing");
    policy = changed;
  }
}

}  // namespace
}  // namespace fusebox_testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  fusebox_testing::Run(data);
  return 0;
}
