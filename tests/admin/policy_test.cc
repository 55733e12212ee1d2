// SPDX-License-Identifier: Apache-2.0
//
// Policies as protos, and changes to them.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/admin/policy_change.h"
#include "src/admin/policy_conversion.h"
#include "src/policy/every_field.h"
#include "src/policy/field.h"
#include "tests/support/policy_maker.h"

namespace fusebox::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// One with everything on, and nothing at its default.
Policy FullPolicy() {
  Policy policy;
  policy.consecutive_failures = 7;
  policy.failures_in_window = 8;
  policy.failure_rate = 0.25;
  policy.slow_call_rate = 0.75;
  policy.hung_calls = HungCalls{3, absl::Milliseconds(1500)};
  policy.slow_call_duration = absl::Milliseconds(250);
  policy.slow_is_failure = true;
  policy.minimum_calls = 9;
  policy.window = TimeWindow{absl::Seconds(20), 5};
  policy.open_duration = absl::Seconds(11);
  policy.backoff_multiplier = 1.5;
  policy.max_open_duration = absl::Minutes(7);
  policy.backoff_memory = absl::Minutes(21);
  policy.jitter = 0.3;
  policy.half_open.max_concurrent = 2;
  policy.half_open.verdict = ProbeCalls{6};
  policy.half_open.probe_timeout = absl::Seconds(13);
  policy.ramp = Ramp{absl::Seconds(17), 0.2};
  policy.max_in_flight = 99;
  return policy;
}

Policy Converted(const Policy& policy) {
  v1::Policy proto;
  ToProto(policy, proto);
  RequestErrors errors;
  Policy converted = FromProto(proto, "policy", errors);
  EXPECT_TRUE(errors.empty()) << errors.Text();
  return converted;
}

// What a change of that text would make of a policy.
struct Changed {
  Policy policy;
  std::string errors;
};
Changed Change(const Policy& policy, const v1::Policy& to, const std::vector<std::string>& mask) {
  v1::PolicyChange change;
  *change.mutable_policy() = to;
  for (const std::string& path : mask) change.mutable_update_mask()->add_paths(path);
  RequestErrors errors;
  CheckPolicyChange(change, "change", errors);
  if (!errors.empty()) return {policy, errors.Text()};
  Policy changed = ChangePolicy(policy, change, "change", errors);
  return {changed, errors.Text()};
}

TEST(PolicyConversion, ThereAndBackItIsTheSame) {
  EXPECT_EQ(Converted(FullPolicy()), FullPolicy());
  for (const Policy& policy :
       {Policy(), Policy::Adaptive(), Policy::Fixed(), Policy::Database(), Policy::MessageBroker(),
        Policy::InternalApi(), Policy::ExternalApi()}) {
    EXPECT_EQ(Converted(policy), policy);
  }
  Policy no_timeout;
  no_timeout.half_open.probe_timeout = absl::ZeroDuration();
  EXPECT_EQ(Converted(no_timeout), no_timeout);
}

// What a field is in the proto: its path, and its type or what it is an alternative of.
using FieldTypes = std::set<std::pair<std::string, std::string>>;

struct TableTypes {
  template <typename Owner, typename Member>
  void operator()(const std::string& path, const ValueField<Owner, Member>& /*field*/,
                  const Member& /*value*/) {
    using Value = ValueOf<Member>;
    const char* const type = std::is_same_v<Value, int64_t>  ? "int64"
                             : std::is_same_v<Value, double> ? "double"
                             : std::is_same_v<Value, bool>   ? "bool"
                                                             : "google.protobuf.Duration";
    types.emplace(path, type);
    // Of a flag, absence is false.
    const bool absence_says_something = !std::is_same_v<Value, bool>;
    types.emplace(path, absence_says_something ? "with presence" : "without presence");
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const PartField<Owner, Member>& /*field*/,
                  const Member& /*value*/) {
    types.emplace(path, "with presence");
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const PolicyField<Owner, Member>& /*field*/,
                  const Member& /*value*/) {
    types.emplace(path, "with presence");
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const ChoiceField<Owner, Member>& field,
                  std::size_t index) {
    types.emplace(path, "with presence");
    types.emplace(path, absl::StrCat("number ", index, " of ", field.name));
  }

  FieldTypes& types;
};

void AddProtoTypes(const google::protobuf::Descriptor& type, const std::string& prefix,
                   FieldTypes& types) {
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    const std::string path = absl::StrCat(prefix, field.name());
    types.emplace(path, field.has_presence() ? "with presence" : "without presence");
    if (const auto* const choice = field.real_containing_oneof()) {
      types.emplace(path, absl::StrCat("number ", field.index_in_oneof(), " of ", choice->name()));
    }
    if (field.message_type() == nullptr) {
      types.emplace(path, field.type_name());
    } else if (field.message_type() == &type) {
      continue;  // a policy in a policy
    } else if (field.message_type()->file() == type.file()) {
      AddProtoTypes(*field.message_type(), path + ".", types);
    } else {
      types.emplace(path, std::string(field.message_type()->full_name()));
    }
  }
}

FieldTypes Without(const FieldTypes& all, const FieldTypes& others) {
  FieldTypes left;
  std::set_difference(all.begin(), all.end(), others.begin(), others.end(),
                      std::inserter(left, left.end()));
  return left;
}

TEST(PolicyConversion, TheProtoHasTheFieldsOfTheTable) {
  FieldTypes in_proto;
  AddProtoTypes(*v1::Policy::descriptor(), "", in_proto);
  FieldTypes in_table;
  VisitEveryField(TableTypes{in_table});
  EXPECT_THAT(Without(in_table, in_proto), IsEmpty())
      << "of field_table.h, is not in circuit.proto: scripts/update-docs writes it there";
  EXPECT_THAT(Without(in_proto, in_table), IsEmpty())
      << "of circuit.proto, is not in field_table.h";
}

TEST(PolicyConversion, EachFieldComesBackWhateverItIs) {
  const std::vector<Policy> policies = fusebox_testing::PoliciesWithOneFieldChanged();
  EXPECT_GT(policies.size(), 100U);
  for (const Policy& policy : policies) {
    v1::Policy proto;
    ToProto(policy, proto);
    RequestErrors errors;
    EXPECT_TRUE(FromProto(proto, "policy", errors) == policy) << proto.ShortDebugString();
    EXPECT_EQ(errors.empty(), Validate(policy).ok()) << proto.ShortDebugString() << errors.Text();
  }
}

// Of a process that is built with another protobuf, too.
TEST(Etag, IsTheSameInEveryBuild) {
  v1::Policy proto;
  EXPECT_EQ(EtagOf(proto), "a8c7f832281a39c5");
  ToProto(FullPolicy(), proto);
  EXPECT_EQ(EtagOf(proto), "ad9d5f1bcf5db5a4");
}

TEST(Etag, NoFieldIsForgotten) {
  std::map<std::string, v1::Policy> by_etag;
  for (const Policy& policy : fusebox_testing::PoliciesWithOneFieldChanged()) {
    v1::Policy proto;
    ToProto(policy, proto);
    const auto [at, is_new] = by_etag.emplace(EtagOf(proto), proto);
    EXPECT_TRUE(is_new || google::protobuf::util::MessageDifferencer::Equals(at->second, proto))
        << proto.ShortDebugString() << "\n"
        << at->second.ShortDebugString();
  }
}

TEST(PolicyConversion, PoliciesAreEqualIfTheirProtosAre) {
  std::vector<std::pair<Policy, std::string>> all;
  for (const Policy& policy : fusebox_testing::PoliciesWithOneFieldChanged()) {
    v1::Policy proto;
    ToProto(policy, proto);
    all.emplace_back(policy, proto.ShortDebugString());
  }
  for (const auto& [a, text_of_a] : all) {
    for (const auto& [b, text_of_b] : all) {
      ASSERT_EQ(a == b, text_of_a == text_of_b) << text_of_a << "\n" << text_of_b;
    }
  }
}

TEST(PolicyConversion, WhatIsMissingHasItsDefaultAndARuleIsOff) {
  v1::Policy proto;
  proto.set_failure_rate(0.5);
  RequestErrors errors;
  Policy expected;
  expected.failure_rate = 0.5;
  EXPECT_EQ(FromProto(proto, "policy", errors), expected);
  EXPECT_TRUE(errors.empty());

  proto.mutable_time_window();
  proto.mutable_hung_calls();
  proto.mutable_ramp();
  expected.window = TimeWindow();
  expected.hung_calls = HungCalls();
  expected.ramp = Ramp();
  EXPECT_EQ(FromProto(proto, "policy", errors), expected);
}

TEST(PolicyConversion, R11_EveryBadFieldIsNamedAsTheProtoNamesIt) {
  v1::Policy proto;
  proto.set_consecutive_failures(0);
  proto.set_jitter(std::numeric_limits<double>::quiet_NaN());
  proto.mutable_time_window()->set_buckets(-1);
  proto.mutable_half_open()->set_success_threshold(0);
  proto.mutable_open_duration()->set_nanos(-5);
  proto.mutable_open_duration()->set_seconds(5);
  RequestErrors errors;
  FromProto(proto, "policy", errors);
  EXPECT_THAT(errors.Text(), HasSubstr("policy.consecutive_failures = 0, must be from 1 to"));
  EXPECT_THAT(errors.Text(), HasSubstr("policy.jitter = nan, must be"));
  EXPECT_THAT(errors.Text(), HasSubstr("policy.time_window.buckets = -1, must be"));
  EXPECT_THAT(errors.Text(), HasSubstr("policy.half_open.success_threshold = 0, must be"));
  EXPECT_THAT(errors.Text(), HasSubstr("policy.open_duration = 5 s and -5 ns, must be a duration"));
}

TEST(PolicyConversion, AnEtagIsOfTheWholePolicy) {
  v1::Policy a;
  v1::Policy b;
  ToProto(Policy(), a);
  ToProto(Policy(), b);
  EXPECT_EQ(EtagOf(a), EtagOf(b));
  b.set_jitter(0.11);
  EXPECT_NE(EtagOf(a), EtagOf(b));
}

TEST(PolicyChange, TakesWhatTheMaskNamesAndNoMore) {
  v1::Policy to;
  to.mutable_open_duration()->set_seconds(45);
  to.set_jitter(0.5);  // not named
  to.mutable_half_open()->set_max_concurrent(4);
  Policy expected = FullPolicy();
  expected.open_duration = absl::Seconds(45);
  expected.half_open.max_concurrent = 4;
  const Changed changed = Change(FullPolicy(), to, {"open_duration", "half_open.max_concurrent"});
  EXPECT_EQ(changed.errors, "");
  EXPECT_EQ(changed.policy, expected);
}

TEST(PolicyChange, WhatIsNamedAndNotSetIsOffOrAtItsDefault) {
  Policy expected = FullPolicy();
  expected.failure_rate = std::nullopt;
  expected.ramp = std::nullopt;
  expected.open_duration = absl::Seconds(30);
  expected.window = CountWindow();
  EXPECT_EQ(
      Change(FullPolicy(), {}, {"failure_rate", "ramp", "open_duration", "time_window"}).policy,
      expected);
}

TEST(PolicyChange, WithoutAMaskTakesWhatIsSet) {
  v1::Policy to;
  to.set_failure_rate(0.9);
  to.mutable_count_window()->set_size(50);
  Policy expected = FullPolicy();
  expected.failure_rate = 0.9;
  expected.window = CountWindow{50};
  EXPECT_EQ(Change(FullPolicy(), to, {}).policy, expected);
}

TEST(PolicyChange, AStarTakesAll) {
  v1::Policy to;
  to.set_consecutive_failures(5);
  EXPECT_EQ(Change(FullPolicy(), to, {"*"}).policy, Policy::Fixed());
}

TEST(PolicyChange, R19_AnEmptyOneIsTheDefault) {
  const Changed changed = Change(FullPolicy(), {}, {"*"});
  EXPECT_EQ(changed.errors, "");
  EXPECT_EQ(changed.policy, Policy::Adaptive());
}

TEST(PolicyChange, R19_SendingBackWhatIsInForceChangesNothing) {
  int valid = 0;
  for (const Policy& policy : fusebox_testing::PoliciesWithOneFieldChanged()) {
    if (!Validate(policy).ok()) continue;
    ++valid;
    v1::Policy in_force;
    ToProto(policy.InForce(), in_force);
    const Changed changed = Change(FullPolicy(), in_force, {"*"});
    EXPECT_EQ(changed.errors, "") << in_force.ShortDebugString();
    EXPECT_EQ(changed.policy, policy.InForce()) << in_force.ShortDebugString();
    EXPECT_EQ(Change(policy.InForce(), in_force, {}).policy, policy.InForce());
  }
  EXPECT_GT(valid, 50);
}

TEST(PolicyChange, R19_WhatIsNotInForceAnyMoreHasItsDefault) {
  // A default policy that gets a rule and a number of its own.
  v1::Policy to;
  to.set_failure_rate(0.5);
  Policy expected = Policy::Fixed();
  expected.consecutive_failures = std::nullopt;
  expected.failure_rate = 0.5;
  expected.overload_limit = OverloadLimit();
  EXPECT_EQ(Change(Policy::Adaptive(), to, {"failure_rate", "improbable_run", "adaptive_recovery"})
                .policy,
            expected);
}

TEST(PolicyChange, R19_TheLastRuleCanNotBeTurnedOff) {
  EXPECT_THAT(Change(Policy::Fixed(), {}, {"consecutive_failures"}).errors,
              HasSubstr("change.policy.consecutive_failures = unset, must be set, or another"));
  EXPECT_THAT(Change(Policy::Adaptive(), {}, {"improbable_run"}).errors,
              HasSubstr("change.policy.consecutive_failures = unset, must be set, or another"));
  EXPECT_EQ(Change(FullPolicy(), {}, {"consecutive_failures"}).errors, "");
  // With all else that says something, it is the default.
  const Changed changed = Change(Policy::Fixed(), {},
                                 {"consecutive_failures", "open_duration",
                                  "half_open.max_concurrent", "half_open.success_threshold"});
  EXPECT_EQ(changed.errors, "");
  EXPECT_EQ(changed.policy, Policy::Adaptive());
}

TEST(PolicyChange, R23_TheLastRuleOfACandidateCanNotBeTurnedOff) {
  Policy policy = Policy::Fixed();
  policy.shadow_policy = Policy::Fixed();
  EXPECT_THAT(
      Change(policy, {}, {"shadow_policy.consecutive_failures"}).errors,
      HasSubstr("change.policy.shadow_policy.consecutive_failures = unset, must be set, or"));
  // One that begins has the default of what isn't named.
  v1::Policy to;
  to.mutable_shadow_policy()->mutable_open_duration()->set_seconds(5);
  for (const Policy& before : {policy, Policy::Fixed()}) {
    const Changed changed = Change(before, to, {"shadow_policy"});
    EXPECT_EQ(changed.errors, "");
    EXPECT_EQ(changed.policy.shadow_policy->consecutive_failures, 5);
  }
  EXPECT_EQ(Change(Policy::Fixed(), to, {"shadow_policy.open_duration"}).errors, "");
  to.Clear();
  to.mutable_shadow_policy();
  EXPECT_EQ(*Change(Policy::Fixed(), to, {"shadow_policy"}).policy.shadow_policy,
            Policy::Adaptive());
}

TEST(PolicyChange, OneWindowTakesTheOthersPlace) {
  v1::Policy to;
  to.mutable_count_window()->set_size(10);
  const Changed changed = Change(FullPolicy(), to, {"count_window.size"});
  EXPECT_EQ(changed.errors, "");
  EXPECT_EQ(changed.policy.window, Window(CountWindow{10}));
  to.Clear();
  to.mutable_half_open()->set_success_threshold(2);
  EXPECT_EQ(Change(FullPolicy(), to, {"half_open.success_threshold"}).policy.half_open.verdict,
            (std::variant<SuccessThreshold, ProbeCalls>(SuccessThreshold{2})));
}

TEST(PolicyChange, RefusesAMaskThatNamesNothing) {
  for (const char* path : {"", "jiter", "open_duration.seconds", "half_open.", ".jitter",
                           "half_open.max_concurrent.x", "policy.jitter"}) {
    EXPECT_THAT(Change(FullPolicy(), {}, {path}).errors, HasSubstr("change.update_mask = "))
        << path;
  }
  EXPECT_THAT(Change(FullPolicy(), {}, {"*", "jitter"}).errors, HasSubstr("change.update_mask"));
  EXPECT_THAT(Change(FullPolicy(), {}, std::vector<std::string>(101, "jitter")).errors,
              HasSubstr("101 paths"));
}

TEST(PolicyChange, RefusesNothingAtAll) {
  v1::PolicyChange change;
  RequestErrors errors;
  CheckPolicyChange(change, "change", errors);
  EXPECT_THAT(errors.Text(), HasSubstr("change.policy = unset"));
}

}  // namespace
}  // namespace fusebox::internal
