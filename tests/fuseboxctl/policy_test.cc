// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl policy get|set|diff`.
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PolicyCommand : public testing::Test {
 protected:
  PolicyCommand() { server_.Add("x"); }

  Ran Run(std::vector<std::string> arguments, const Surroundings& surroundings = {}) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address(), "policy"});
    return RunCtl(std::move(arguments), surroundings);
  }
  Ran Set(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"set", "x", "--reason", "tuning"});
    return Run(std::move(arguments));
  }
  fusebox::Policy Now() { return server_.registry()->Find("x")->Snapshot().policy; }

  AdminServer server_;
};

TEST_F(PolicyCommand, SetChangesWhatIsNamedAndShowsIt) {
  const Ran ran = Set({"open_duration=45s", "half_open.max_concurrent=5", "failure_rate=0.5",
                       "consecutive_failures=off", "ramp=on"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "test-1  x\n"
            "  consecutive_failures: 3 -> off\n"
            "  failure_rate: off -> 0.5\n"
            "  open_duration: 10s -> 45s\n"
            "  half_open.max_concurrent: 3 -> 5\n"
            "  ramp: off -> on\n"
            "  ramp.duration: - -> 10s\n"
            "  ramp.initial_fraction: - -> 0.05\n");
  EXPECT_EQ(Now().open_duration, absl::Seconds(45));
  EXPECT_EQ(Now().half_open.max_concurrent, 5);
  EXPECT_EQ(Now().consecutive_failures, std::nullopt);
  EXPECT_EQ(server_.registry()->Find("x")->Snapshot().last_action->detail, "tuning");
}

TEST_F(PolicyCommand, SetLeavesAPolicyThatIsSoAlreadyAlone) {
  const Ran ran = Set({"open_duration=10s"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("nothing changes"));
  EXPECT_EQ(server_.registry()->Find("x")->Snapshot().last_action, std::nullopt);
}

TEST_F(PolicyCommand, DryRunsChangeNothing) {
  const Ran ran = Set({"open_duration=45s", "--dry-run"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("open_duration: 10s -> 45s"));
  EXPECT_EQ(Now().open_duration, absl::Seconds(10));
}

TEST_F(PolicyCommand, WhatCanHardlyActIsSaidAndNotRefused) {
  const std::vector<std::string> change = {"jitter=0.1", "consecutive_failures=off",
                                           "failure_rate=0.5", "time_window.duration=10s"};
  std::vector<std::string> dry_run = change;
  dry_run.emplace_back("--dry-run");
  constexpr const char* kWarning =
      "fuseboxctl: test-1: warning: minimum_calls = 20 in a window of 10s: needs at least 2 "
      "calls/s";
  EXPECT_THAT(Set(dry_run).err, HasSubstr(kWarning));
  std::vector<std::string> diff = {"diff", "x"};
  diff.insert(diff.end(), change.begin(), change.end());
  const Ran differing = Run(diff);
  EXPECT_EQ(differing.exit_code, 0);
  EXPECT_THAT(differing.err, HasSubstr(kWarning));
  EXPECT_THAT(differing.out, HasSubstr("\n  jitter: 0 -> 0.1\n"));
  diff.insert(diff.end(), {"--output", "json"});
  EXPECT_THAT(Run(diff).out, HasSubstr("\"warnings\":[\n\"minimum_calls = 20"));
  const Ran set = Set(change);
  EXPECT_EQ(set.exit_code, 0);
  EXPECT_THAT(set.err, HasSubstr(kWarning));
  EXPECT_THAT(Run({"get", "x"}).err, HasSubstr(kWarning));
  EXPECT_THAT(Run({"get", "x", "--output", "json"}).out,
              HasSubstr("\"warnings\":[\n\"minimum_calls = 20"));
}

TEST_F(PolicyCommand, BadFieldsAreNamedOneALine) {
  const Ran ran = Set({"jitter=2", "open_duration=0s"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err,
              AllOf(HasSubstr("INVALID_ARGUMENT\n"), HasSubstr("\n  change.policy.jitter: 2"),
                    HasSubstr("\n  change.policy.open_duration: 0")));
  EXPECT_EQ(Now().open_duration, absl::Seconds(10));
}

// A policy with no field as a new one has it.
fusebox::Policy UnlikeANewOne() {
  fusebox::Policy policy;
  policy.consecutive_failures = std::nullopt;
  policy.failures_in_window = 4;
  policy.failure_rate = 0.5;
  policy.slow_call_rate = 0.5;
  policy.hung_calls = fusebox::HungCalls{3, absl::Seconds(3)};
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_is_failure = true;
  policy.minimum_calls = 7;
  policy.window = fusebox::TimeWindow{absl::Seconds(20), 20};
  policy.open_duration = absl::Seconds(5);
  policy.backoff_multiplier = 2;
  policy.max_open_duration = absl::Minutes(7);
  policy.jitter = 0;
  policy.half_open.max_concurrent = 7;
  policy.half_open.verdict = fusebox::ProbeCalls{7};
  policy.half_open.probe_timeout = absl::ZeroDuration();
  policy.ramp = fusebox::Ramp{absl::Seconds(7), 0.5};
  policy.max_in_flight = 7;
  return policy;
}

TEST_F(PolicyCommand, DefaultIsWhatANewPolicyHas) {
  ASSERT_EQ(server_.registry()->Find("x")->SetPolicy(UnlikeANewOne(),
                                                     fusebox::Operator("test").Because("all")),
            absl::OkStatus());
  std::vector<std::string> defaults;
  const auto& type = *fusebox::v1::Policy::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    defaults.push_back(absl::StrCat(type.field(i)->name(), "=default"));
  }
  const Ran ran = Set(defaults);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(Now(), fusebox::Policy::Adaptive());
}

TEST_F(PolicyCommand, DefaultOfAPartIsItsOwn) {
  const auto set = [this](const std::string& assignment) {
    for (const fusebox::StandingOrder& order : server_.registry()->Orders()) {
      EXPECT_EQ(server_.registry()->RevokeOrder(order.id, {}), absl::OkStatus());
    }
    EXPECT_EQ(server_.registry()->Find("x")->SetPolicy(UnlikeANewOne(),
                                                       fusebox::Operator("test").Because("all")),
              absl::OkStatus());
    return Set({assignment}).out;
  };
  EXPECT_THAT(set("consecutive_failures=default"), HasSubstr("nothing changes"));
  EXPECT_THAT(set("open_duration=default"), HasSubstr("\n  open_duration: 5s -> 30s\n"));
  EXPECT_THAT(set("half_open.max_concurrent=default"),
              HasSubstr("\n  half_open.max_concurrent: 7 -> 3\n"));
  EXPECT_THAT(set("count_window.size=default"), HasSubstr("\n  count_window.size: - -> 100\n"));
  EXPECT_THAT(set("count_window=default"), HasSubstr("\n  count_window.size: - -> 100\n"));
  EXPECT_THAT(
      set("time_window.duration=default"),
      AllOf(HasSubstr("\n  time_window.duration: 20s -> 10s\n"), Not(HasSubstr("buckets"))));
  EXPECT_THAT(set("half_open.success_threshold=default"),
              HasSubstr("\n  half_open.success_threshold: - -> 3\n"));
  EXPECT_THAT(set("half_open.probe_calls=default"),
              HasSubstr("\n  half_open.success_threshold: - -> 3\n"));
  EXPECT_THAT(set("half_open.probe_timeout=default"), HasSubstr(": 0s -> 1m\n"));
  EXPECT_THAT(set("ramp.initial_fraction=default"), HasSubstr(": 0.5 -> 0.05\n"));
  EXPECT_EQ(Set({"count_window.size=40"}).exit_code, 0);
  EXPECT_THAT(Set({"count_window=default"}).out, HasSubstr("\n  count_window.size: 40 -> 100\n"));
}

TEST_F(PolicyCommand, R19_ShowsWhatIsInForce) {
  fusebox::CircuitBreaker& circuit = *server_.registry()->Find("x");
  const fusebox::Operator by = fusebox::Operator("test").Because("the default");
  ASSERT_EQ(circuit.SetPolicy(fusebox::Policy(), by), absl::OkStatus());
  const Ran adaptive = Run({"get", "x"});
  EXPECT_EQ(adaptive.exit_code, 0);
  EXPECT_THAT(adaptive.out,
              AllOf(HasSubstr("improbable_run: on"), HasSubstr("min_failures: 3"),
                    HasSubstr("adaptive_recovery: on"), HasSubstr("consecutive_failures: off")));
  // What adaptive_recovery takes the place of.
  EXPECT_THAT(adaptive.out,
              AllOf(Not(HasSubstr("open_duration: default")), Not(HasSubstr("\n  open_duration")),
                    Not(HasSubstr("half_open.max_concurrent"))));
  EXPECT_THAT(adaptive.err, Not(HasSubstr("warning")));
  // It is a file that changes nothing.
  const TestFile file(adaptive.out);
  EXPECT_THAT(Run({"set", "x", "--reason", "the same", "--file", file.path()}).out,
              HasSubstr("nothing changes"));
  EXPECT_EQ(Set({"consecutive_failures=7", "improbable_run=off", "adaptive_recovery=off"}).out,
            "test-1  x\n"
            "  consecutive_failures: off -> 7\n"
            "  improbable_run: on -> off\n"
            "  improbable_run.min_failures: 3 -> -\n"
            "  improbable_run.once_per: 1h -> -\n"
            "  adaptive_recovery: on -> off\n"
            "  adaptive_recovery.probe_cost: 0.25 -> -\n"
            "  open_duration: - -> 30s\n"
            "  half_open.max_concurrent: - -> 3\n"
            "  half_open.success_threshold: - -> 3\n");
  const Ran refused = Set({"consecutive_failures=off"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("change.policy.consecutive_failures: unset, must be set"));
}

TEST_F(PolicyCommand, OffSwitchesATimeoutOff) {
  EXPECT_THAT(Set({"half_open.probe_timeout=5s", "jitter=0.2"}).out, HasSubstr(" -> 5s\n"));
  EXPECT_THAT(Set({"half_open.probe_timeout=off", "jitter=off"}).out,
              AllOf(HasSubstr("\n  half_open.probe_timeout: 5s -> 0s\n"),
                    HasSubstr("\n  jitter: 0.2 -> 0\n")));
  const Ran refused = Set({"open_duration=off"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("\"open_duration=off\": can't be off"));
}

TEST_F(PolicyCommand, AnotherOnesChangeIsNotOverwritten) {
  const std::string etag =
      EndpointOf(Run({"get", "x", "--output", "json"}).out, 0).fields().at("etag").string_value();
  EXPECT_EQ(Set({"jitter=0.2", "--etag", etag}).exit_code, 0);
  const Ran ran = Set({"jitter=0.3", "--etag", etag});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("ABORTED"), HasSubstr("policy get")));
  EXPECT_EQ(Now().jitter, 0.2);
}

TEST_F(PolicyCommand, WhatGetPrintsIsAFileForSet) {
  AdminServer other;
  other.Add("x");
  EXPECT_EQ(Set({"open_duration=45s", "time_window.duration=20s"}).exit_code, 0);
  for (const std::vector<std::string>& form :
       {std::vector<std::string>{"get", "x"}, {"get", "x", "--output", "json"}}) {
    const TestFile file(Run(form).out);
    const std::vector<std::string> set = {"--endpoint", other.address(), "policy", "set",      "x",
                                          "--reason",   "copy",          "--file", file.path()};
    EXPECT_EQ(RunCtl(set).exit_code, 0);
    EXPECT_EQ(other.registry()->Find("x")->Snapshot().policy->open_duration, absl::Seconds(45));
    EXPECT_EQ(other.registry()->Find("x")->SetPolicy(AdminTestPolicy(),
                                                     fusebox::Operator("test").Because("back")),
              absl::OkStatus());
  }
  Surroundings surroundings;
  surroundings.input = "consecutive_failures: 9\n";
  EXPECT_EQ(Run({"set", "x", "--reason", "y", "--file", "-"}, surroundings).exit_code, 0);
  EXPECT_EQ(Now().consecutive_failures, 9);
}

TEST_F(PolicyCommand, DiffNeedsNoRightToWrite) {
  AdminServer read_only([](fusebox::CircuitAdminOptions& options) {
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  read_only.Add("x");
  const Ran ran = RunCtl({"--endpoint", read_only.address(), "policy", "diff", "x", "jitter=0.2"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "test-1  x\n  jitter: 0 -> 0.2\n");
}

TEST_F(PolicyCommand, DiffWarnsOfThePolicyAsItWouldBe) {
  EXPECT_THAT(Run({"diff", "x"}).err, HasSubstr("warning: jitter = 0"));
  EXPECT_THAT(Run({"diff", "x", "jitter=0.2"}).err, Not(HasSubstr("warning")));
  EXPECT_THAT(Run({"diff", "x", "jitter=default"}).out, HasSubstr("\n  jitter: 0 -> 0.1\n"));
  const Ran invalid = Run({"diff", "x", "jitter=2"});
  EXPECT_EQ(invalid.exit_code, 1);
  EXPECT_THAT(invalid.err, HasSubstr("\n  change.policy.jitter: 2"));
  EXPECT_EQ(Now().jitter, 0);
}

TEST_F(PolicyCommand, InstancesThatDifferAreToldApart) {
  AdminServer other([](fusebox::CircuitAdminOptions& options) { options.instance = "test-2"; });
  other.Add("x");
  const std::vector<std::string> diff = {"diff", "x", "--endpoint", other.address()};
  EXPECT_THAT(Run(diff).out, HasSubstr("the same at all 2 instances"));
  EXPECT_EQ(Set({"open_duration=45s"}).exit_code, 0);
  EXPECT_EQ(Run(diff).out, "open_duration\n  10s  test-2\n  45s  test-1\n");

  const Ran both = Set({"jitter=0.2", "--endpoint", other.address()});
  EXPECT_EQ(both.exit_code, 5) << "two circuits, and no terminal to ask on";
  EXPECT_THAT(both.err, AllOf(HasSubstr("test-2  jitter: 0 -> 0.2"), HasSubstr("2 circuits?")));
  EXPECT_EQ(Set({"jitter=0.2", "--endpoint", other.address(), "--yes"}).exit_code, 0);
  EXPECT_EQ(other.registry()->Find("x")->Snapshot().policy->jitter, 0.2);

  const uint64_t epoch = other.registry()->Find("x")->Snapshot().epoch;
  EXPECT_EQ(Set({"open_duration=10s", "--endpoint", other.address(), "--yes"}).exit_code, 0);
  EXPECT_EQ(Now().open_duration, absl::Seconds(10));
  EXPECT_EQ(other.registry()->Find("x")->Snapshot().epoch, epoch) << "it was so there already";
}

TEST_F(PolicyCommand, JsonHasThePolicyAndTheDifferences) {
  const auto set = EndpointOf(Set({"open_duration=45s", "--output", "json"}).out, 0).fields();
  EXPECT_EQ(set.at("policy").struct_value().fields().at("open_duration").string_value(), "45s");
  const auto differences = set.at("differences").list_value();
  ASSERT_EQ(differences.values_size(), 1);
  EXPECT_EQ(differences.values(0).struct_value().fields().at("before").string_value(), "10s");
  EXPECT_EQ(EndpointOf(Run({"get", "x", "--output", "json"}).out, 0).fields().count("differences"),
            0U);
}

TEST_F(PolicyCommand, MistakesAreTheUsersAndReachNobody) {
  EXPECT_EQ(Run({"set", "x", "--reason", "y"}).exit_code, 2);
  EXPECT_EQ(Run({"set", "x", "jitter=0"}).exit_code, 2) << "no reason";
  EXPECT_EQ(Set({"nope=1"}).exit_code, 2);
  EXPECT_EQ(Set({"jitter=0", "--file", "/dev/null"}).exit_code, 2);
  const Ran ran = Set({"--file", "/nonexistent"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("--file /nonexistent: cannot read /nonexistent: No such file"));
  EXPECT_EQ(Run({"diff", "nope"}).exit_code, 1);
}

}  // namespace
}  // namespace fusebox_testing
