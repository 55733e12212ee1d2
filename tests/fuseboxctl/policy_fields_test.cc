// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/policy_fields.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::Policy;
using fusebox::v1::PolicyChange;
using testing::ElementsAre;
using testing::HasSubstr;

Policy Known() {
  Policy policy;
  policy.set_consecutive_failures(5);
  policy.mutable_open_duration()->set_seconds(90);
  policy.set_jitter(0.1);
  policy.mutable_count_window()->set_size(100);
  policy.mutable_half_open()->set_success_threshold(3);
  return policy;
}

TEST(PolicyFields, AreWrittenOneALineAndRulesThatAreAbsentAreOff) {
  const std::string text = PolicyText(Known());
  EXPECT_THAT(text, HasSubstr("consecutive_failures: 5\n"));
  EXPECT_THAT(text, HasSubstr("failure_rate: off\n"));
  EXPECT_THAT(text, HasSubstr("count_window.size: 100\n"));
  EXPECT_THAT(text, HasSubstr("open_duration: 1m30s\n"));
  EXPECT_THAT(text, HasSubstr("jitter: 0.1\n"));
  EXPECT_THAT(text, HasSubstr("half_open.success_threshold: 3\n"));
  EXPECT_THAT(text, HasSubstr("ramp: off\n"));
  EXPECT_EQ(text.find("time_window"), std::string::npos);
  EXPECT_EQ(text.find("probe_calls"), std::string::npos);
}

TEST(PolicyFields, ACandidateHasThoseOfAPolicy) {
  Policy policy = Known();
  EXPECT_THAT(PolicyText(policy), HasSubstr("\nshadow_policy: off\n"));
  *policy.mutable_shadow_policy() = Known();
  policy.mutable_shadow_policy()->mutable_improbable_run();
  const std::string text = PolicyText(policy);
  EXPECT_THAT(text, HasSubstr("\nshadow_policy: on\n"));
  EXPECT_THAT(text, HasSubstr("\nshadow_policy.consecutive_failures: 5\n"));
  EXPECT_THAT(text, HasSubstr("\nshadow_policy.failure_rate: off\n"));
  EXPECT_THAT(text, HasSubstr("\nshadow_policy.improbable_run.min_failures: default\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("shadow_policy.shadow_policy")));
  const auto change = ChangeFromText(text);
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_EQ(PolicyText(change->policy()), text);
}

TEST(PolicyChange, OfACandidatesFields) {
  const auto change = ChangeFromAssignments(
      {"shadow_policy.failure_rate=0.5", "shadow_policy.consecutive_failures=default",
       "shadow_policy.half_open.probe_calls=4", "shadow_policy.jitter=off"});
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_EQ(change->policy().shadow_policy().failure_rate(), 0.5);
  EXPECT_FALSE(change->policy().shadow_policy().has_consecutive_failures());
  EXPECT_EQ(change->policy().shadow_policy().half_open().probe_calls(), 4);
  EXPECT_TRUE(change->policy().shadow_policy().has_jitter());
  const auto off = ChangeFromAssignments({"shadow_policy=off"});
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_FALSE(off->policy().has_shadow_policy());
}

TEST(PolicyChange, NamesWhatItTakesAndNoMore) {
  const auto change = ChangeFromAssignments({"open_duration=45s", "half_open.max_concurrent=5",
                                             "failure_rate=0.5", "ramp=on", "slow_is_failure=true",
                                             "hung_calls=off", "half_open.probe_timeout=0"});
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_THAT(change->update_mask().paths(),
              ElementsAre("open_duration", "half_open.max_concurrent", "failure_rate", "ramp",
                          "slow_is_failure", "hung_calls", "half_open.probe_timeout"));
  const Policy& policy = change->policy();
  EXPECT_EQ(policy.open_duration().seconds(), 45);
  EXPECT_EQ(policy.half_open().max_concurrent(), 5);
  EXPECT_EQ(policy.failure_rate(), 0.5);
  EXPECT_TRUE(policy.has_ramp());
  EXPECT_TRUE(policy.slow_is_failure());
  EXPECT_FALSE(policy.has_hung_calls());
  EXPECT_TRUE(policy.half_open().has_probe_timeout());
}

TEST(PolicyChange, OffIsOffWhateverAbsenceMeans) {
  const auto change = ChangeFromAssignments({"jitter=off", "half_open.probe_timeout=off",
                                             "consecutive_failures=off", "slow_call_duration=off",
                                             "max_in_flight=off", "slow_is_failure=off"});
  ASSERT_TRUE(change.ok()) << change.status();
  const Policy& policy = change->policy();
  EXPECT_TRUE(policy.has_jitter());
  EXPECT_EQ(policy.jitter(), 0);
  EXPECT_TRUE(policy.half_open().has_probe_timeout());
  EXPECT_EQ(policy.half_open().probe_timeout().seconds(), 0);
  EXPECT_FALSE(policy.has_consecutive_failures());
  EXPECT_FALSE(policy.has_slow_call_duration());
  EXPECT_FALSE(policy.has_max_in_flight());
  const auto of_a_file = ChangeFromText("jitter: off\nconsecutive_failures: default\n");
  ASSERT_TRUE(of_a_file.ok()) << of_a_file.status();
  EXPECT_TRUE(of_a_file->policy().has_jitter());
  EXPECT_FALSE(of_a_file->policy().has_consecutive_failures());
}

TEST(PolicyChange, WhatCannotBeOffIsRefusedWithWhatToWriteInstead) {
  const auto error = [](const std::string& assignment) {
    return std::string(ChangeFromAssignments({assignment}).status().message());
  };
  EXPECT_EQ(error("open_duration=off"),
            "\"open_duration=off\": can't be off; write a duration, or default");
  EXPECT_THAT(error("max_open_duration=off"), HasSubstr("write a duration"));
  EXPECT_THAT(error("minimum_calls=off"), HasSubstr("can't be off; write a whole number"));
  EXPECT_THAT(error("backoff_multiplier=off"), HasSubstr("can't be off; write a number"));
  EXPECT_THAT(error("half_open.success_threshold=off"), HasSubstr("write a whole number"));
  EXPECT_THAT(error("half_open=off"), HasSubstr("by name, like \"half_open.max_concurrent\""));
  EXPECT_THAT(error("count_window=off"), HasSubstr("write time_window=on"));
  EXPECT_THAT(error("time_window=off"), HasSubstr("write count_window=on"));
  EXPECT_THAT(error("ramp.duration=off"), HasSubstr("write a duration"));
  EXPECT_THAT(ChangeFromText("jitter: 0\nopen_duration: off").status().message(),
              HasSubstr("line 2, \"open_duration: off\": can't be off"));
}

TEST(PolicyChange, TwoWindowsOrVerdictsAreRefused) {
  EXPECT_THAT(
      ChangeFromAssignments({"count_window.size=5", "time_window.buckets=5"}).status().message(),
      HasSubstr("\"time_window.buckets=5\": excludes count_window, which is given as well"));
  EXPECT_THAT(ChangeFromAssignments({"half_open.probe_calls=5", "half_open.success_threshold=5"})
                  .status()
                  .message(),
              HasSubstr("excludes probe_calls"));
}

TEST(PolicyChange, SaysWhatIsWrongWithAnAssignment) {
  const auto error = [](const std::string& assignment) {
    return std::string(ChangeFromAssignments({assignment}).status().message());
  };
  EXPECT_THAT(error("open_duration"), HasSubstr("write field=value"));
  EXPECT_THAT(error("nope=1"), HasSubstr("no field \"nope\"; there are: consecutive_failures"));
  EXPECT_THAT(error("half_open.nope=1"), HasSubstr("there are: max_concurrent"));
  EXPECT_THAT(error("open_duration.seconds=1"), HasSubstr("no field \"open_duration.seconds\""));
  EXPECT_THAT(error("open_duration=45"), HasSubstr("must be a duration"));
  EXPECT_THAT(error("minimum_calls=many"), HasSubstr("must be a whole number"));
  EXPECT_THAT(error("jitter=nan"), HasSubstr("must be a number"));
  EXPECT_THAT(error("slow_is_failure=1"), HasSubstr("must be true or false"));
  EXPECT_THAT(error("half_open=3"), HasSubstr("like \"half_open.max_concurrent\""));
  EXPECT_THAT(ChangeFromAssignments({"jitter=0", "jitter=1"}).status().message(),
              HasSubstr("is given twice"));
  EXPECT_THAT(ChangeFromAssignments({"ramp=off", "ramp.duration=5s"}).status().message(),
              HasSubstr("\"ramp.duration=5s\": excludes ramp, which is given as well"));
  EXPECT_THAT(
      ChangeFromAssignments({"shadow_policy.jitter=0.3", "shadow_policy=off"}).status().message(),
      HasSubstr("\"shadow_policy=off\": excludes shadow_policy.jitter, which is given"));
}

TEST(PolicyChange, OfAFileIsAWholePolicyInEitherForm) {
  const auto text = ChangeFromText("# a comment\n" + PolicyText(Known()));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(text->update_mask().paths(), ElementsAre("*"));
  EXPECT_TRUE(Difference(text->policy(), Known()).empty());

  const auto json = ChangeFromText(R"({"consecutive_failures": 7, "open_duration": "20s"})");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(json->policy().consecutive_failures(), 7);
  const auto printed = ChangeFromText(R"({"endpoints":[{"policy":{"max_in_flight":"9"}}]})");
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(printed->policy().max_in_flight(), 9);

  EXPECT_THAT(ChangeFromText(R"({"nope": 1})").status().message(),
              HasSubstr("not a policy in JSON"));
  EXPECT_THAT(ChangeFromText(R"({"endpoints":[{},{}]})").status().message(),
              HasSubstr("one endpoint"));
  EXPECT_THAT(ChangeFromText("jitter: 0\nnope: 1").status().message(), HasSubstr("line 2"));
  EXPECT_THAT(ChangeFromText(" \n").status().message(), HasSubstr("empty"));
}

TEST(PolicyDifference, IsWhatAChangeWouldDo) {
  const auto arrows = [](const std::function<void(Policy&)>& change) {
    Policy after = Known();
    change(after);
    std::vector<std::string> texts;
    for (const PolicyDifference& difference : Difference(Known(), after)) {
      texts.push_back(difference.path + " " + difference.before + " " + difference.after);
    }
    return texts;
  };
  EXPECT_THAT(arrows([](Policy&) {}), ElementsAre());
  EXPECT_THAT(arrows([](Policy& policy) {
                policy.mutable_open_duration()->set_seconds(45);
                policy.clear_jitter();
              }),
              ElementsAre("open_duration 1m30s 45s", "jitter 0.1 default"));
  EXPECT_THAT(arrows([](Policy& policy) {
                policy.clear_consecutive_failures();
                policy.set_failure_rate(0.5);
              }),
              ElementsAre("consecutive_failures 5 off", "failure_rate off 0.5"));
  EXPECT_THAT(
      arrows([](Policy& policy) { policy.mutable_ramp(); }),
      ElementsAre("ramp off on", "ramp.duration - default", "ramp.initial_fraction - default"));
  EXPECT_THAT(arrows([](Policy& policy) {
                policy.mutable_time_window()->mutable_duration()->set_seconds(20);
              }),
              ElementsAre("count_window.size 100 -", "time_window.duration - 20s",
                          "time_window.buckets - default"));
}

TEST(PolicyChanges, NoMoreThanTheBeginningOfAMistakeIsToldBack) {
  const std::string text(100'000, 'x');
  for (const std::string& file : {text, text + ": 1", "jitter: " + text, "{\"" + text + "\": 1}"}) {
    const std::string message(ChangeFromText(file).status().message());
    EXPECT_LT(message.size(), 2'000U) << message;
    EXPECT_NE(message, "");
  }
  EXPECT_LT(ChangeFromAssignments({text + "=1"}).status().message().size(), 2'000U);
}

}  // namespace
}  // namespace fuseboxctl
