// SPDX-License-Identifier: Apache-2.0
//
// The library against the reference, and against itself, on random policies and random runs.
//
// By default twenty thousand runs of each, two thousand with a sanitizer. RC_PARAMS takes what
// rapidcheck takes, as in
//   RC_PARAMS="max_success=1000000" core_model_test      (the long form)
//   RC_PARAMS="reproduce=..." core_model_test            (as a failure prints it)
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "src/base/operator_verbs.h"
#include "src/policy/every_field.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"
#include "tests/model/circuit_pair.h"
#include "tests/model/crew.h"
#include "tests/model/reference_circuit.h"
#include "tests/model/trace.h"
#include "tests/support/operate.h"

namespace fusebox_testing {
namespace {

using fusebox::Admission;
using fusebox::CircuitBreaker;
using fusebox::CircuitSnapshot;
using fusebox::Event;
using fusebox::Outcome;
using fusebox::Permit;
using fusebox::internal::ChoiceField;
using fusebox::internal::PartField;
using fusebox::internal::PolicyField;
using fusebox::internal::ValueField;

// Before any property runs, since rapidcheck reads its parameters but once; and before any thread,
// so that the environment may be touched.
// NOLINTBEGIN(concurrency-mt-unsafe)
const bool kParametersSet = [] {
  const char* given = std::getenv("RC_PARAMS");
  const std::string parameters = given == nullptr ? "" : given;
  if (parameters.find("max_success") != std::string::npos) return true;
  return setenv("RC_PARAMS",
                absl::StrCat("max_success=", FUSEBOX_MODEL_RUNS, " ", parameters).c_str(), 1) == 0;
}();
// NOLINTEND(concurrency-mt-unsafe)

// The fields that some policies have otherwise than the defaults do, by their paths.
class FieldsDrawn {
 public:
  template <typename T>
  void Add(const T& drawn, const std::string& prefix) {
    static const T kDefaults;
    fusebox::internal::VisitFields(drawn, [&](const auto& field, const auto& value) {
      AddField(field, value, kDefaults.*(field.member), prefix);
    });
  }
  const std::set<std::string>& paths() const { return paths_; }

 private:
  template <typename Owner, typename Member>
  void AddField(const ValueField<Owner, Member>& field, const Member& value,
                const Member& by_default, const std::string& prefix) {
    if (!(value == by_default)) paths_.insert(prefix + field.name);
  }

  template <typename Owner, typename Member>
  void AddField(const PartField<Owner, Member>& field, const Member& value,
                const Member& /*by_default*/, const std::string& prefix) {
    const auto* const set = fusebox::internal::IfSet(value);
    if (set != nullptr) Add(*set, absl::StrCat(prefix, field.name, "."));
  }

  // What is in it is drawn as any policy.
  template <typename Owner, typename Member>
  void AddField(const PolicyField<Owner, Member>& field, const Member& value,
                const Member& /*by_default*/, const std::string& prefix) {
    if (value) paths_.insert(prefix + field.name);
  }

  template <typename Owner, typename Member>
  void AddField(const ChoiceField<Owner, Member>& field, const Member& value,
                const Member& /*by_default*/, const std::string& prefix) {
    fusebox::internal::VisitChosen(field, value, [&](const auto& alternative, const auto& chosen) {
      const bool named = *alternative.name != '\0';
      Add(chosen, named ? absl::StrCat(prefix, alternative.name, ".") : prefix);
    });
  }

  std::set<std::string> paths_;
};

struct ExpectDrawn {
  template <typename Owner, typename Member, typename Value>
  void operator()(const std::string& path, const ValueField<Owner, Member>& /*field*/,
                  const Value& /*value*/) const {
    EXPECT_EQ(drawn.count(path), 1U)
        << path << " is a field that no policy of tests/model/trace.cc has, and that "
        << "tests/model/reference_circuit.cc may know nothing of";
  }
  template <typename Owner, typename Member, typename Value>
  void operator()(const std::string& path, const PolicyField<Owner, Member>& /*field*/,
                  const Value& /*value*/) const {
    EXPECT_EQ(drawn.count(path), 1U) << path;
  }
  template <typename Field, typename Value>
  void operator()(const std::string& /*path*/, const Field& /*field*/,
                  const Value& /*value*/) const {}

  const std::set<std::string>& drawn;
};

TEST(CoreModel, EachFieldOfAPolicyIsDrawn) {
  FieldsDrawn drawn;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto policy =
        rc::gen::exec([] { return AnyPolicy(); })(rc::Random(seed), rc::kNominalSize);
    drawn.Add(policy.value().policy, "");
  }
  fusebox::internal::VisitEveryField(ExpectDrawn{drawn.paths()});
}

RC_GTEST_PROP(CoreModel, R19_WhatIsInForceIsInForce, ()) {
  const ReferencePolicy drawn = AnyPolicy();
  const fusebox::Policy in_force = drawn.policy.InForce();
  RC_LOG() << Describe(drawn) << std::endl;
  RC_ASSERT(in_force == drawn.InForce().policy);
  RC_ASSERT(in_force.InForce() == in_force);
  RC_ASSERT(fusebox::Validate(in_force) == fusebox::Validate(drawn.policy));
  RC_ASSERT(fusebox::PolicyWarnings(in_force) == fusebox::PolicyWarnings(drawn.policy));
}

// Says at the end how many steps were compared.
class StepCount : public testing::Environment {
 public:
  void Add(std::size_t steps) { steps_ += steps; }
  void TearDown() override { std::printf("%zu steps compared with the reference\n", steps_); }

 private:
  std::size_t steps_ = 0;
};
auto* const kStepCount = new StepCount;
const testing::Environment* const kRegistered = testing::AddGlobalTestEnvironment(kStepCount);

RC_GTEST_PROP(CoreModel, TheBreakerDoesWhatTheReferenceDoes, ()) {
  // What the run begins with, and what SetPolicy has to choose from.
  const std::vector<ReferencePolicy> policies = {AnyPolicy(), AnyPolicy(), AnyPolicy()};
  for (const ReferencePolicy& policy : policies) {
    RC_LOG() << Describe(policy) << std::endl;
    RC_ASSERT(fusebox::Validate(policy.policy).ok());
  }
  const Trace trace = *AnyTrace();
  // The same threads for all runs.
  static auto* const kCrew = new Crew;
  CircuitPair pair(policies, *kCrew);
  for (const Step& step : trace) pair.Do(step);
  pair.End();
  kStepCount->Add(trace.size());
  RC_CLASSIFY(pair.reference().epoch() >= 5, "four moves or more");
}

// What is done to the circuit itself, and to no call. False if the step does something else.
bool ActOnCircuit(const Step& step, const fusebox::Policy& policy, CircuitBreaker& breaker) {
  const fusebox::Operator by = fusebox::Operator("oncall").Because("a drill");
  switch (step.action) {
    case Action::kReport:
      breaker.ReportFailure(Outcome::Failure());
      return true;
#define FUSEBOX_CASE(verb, ...)                                                    \
  case Action::k##verb:                                                            \
    (void)Operate(&CircuitBreaker::verb, breaker, by, TimeToLiveOf(step, policy)); \
    return true;
      FUSEBOX_OPERATOR_VERBS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case Action::kSetPolicy:
      (void)breaker.SetPolicy(policy, by);
      return true;
    default:
      return false;
  }
}

// Everything that one run showed to its callers and listeners; with `reads`, somebody else looks at
// the circuit after every step.
std::vector<std::string> Shown(const fusebox::Policy& policy, const Trace& trace, bool reads) {
  FakeClock clock;
  std::vector<std::string> shown;
  std::vector<std::string> told;
  CircuitBreaker::Options options;
  options.clock = &clock;
  options.seed = 1;
  options.listener = [&](const Event& event) {
    told.push_back(absl::StrCat(StateName(event.from), " -> ", StateName(event.to), ", ",
                                event.detail, ", ", absl::FormatTime(event.time)));
  };
  const auto breaker = CircuitBreaker::Create("circuit", policy, options).value();
  std::vector<Permit> out;
  for (const Step& step : trace) {
    if (step.action == Action::kAcquire) {
      Admission admission =
          breaker->TryAcquire([&] { return static_cast<fusebox::Reach>(step.details % 3); });
      if (Permit probe = admission.TakeProbe()) out.push_back(std::move(probe));
      shown.push_back(admission ? "admitted" : RejectionMessage(admission.rejection()));
      if (admission) out.push_back(std::move(admission).permit());
    } else if (step.action == Action::kSucceed || step.action == Action::kFail) {
      if (out.empty()) continue;
      std::swap(out[step.which % out.size()], out.back());
      const bool success = step.action == Action::kSucceed;
      out.back().Record(success ? Outcome::Success() : Outcome::Failure());
      out.pop_back();
    } else if (step.action == Action::kMessage) {
      if (!out.empty()) out[step.which % out.size()].ReceiveMessage();
    } else if (!ActOnCircuit(step, policy, *breaker)) {
      clock.Advance(absl::Nanoseconds(LengthOf(step, policy)));
    }
    if (reads && step.details % 2 == 0) (void)breaker->state();
    if (reads && step.details % 2 == 1) (void)breaker->Snapshot();
  }
  const CircuitSnapshot end = breaker->Snapshot();
  shown.push_back(absl::StrCat(StateName(end.state), " ", end.epoch, " ", end.window.recorded, " ",
                               end.totals.opened, " ", end.totals.rejected));
  shown.push_back(absl::FormatTime(end.last_transition.value_or(absl::InfinitePast())));
  shown.push_back(absl::FormatTime(end.next_probe.value_or(absl::InfinitePast())));
  shown.insert(shown.end(), told.begin(), told.end());
  return shown;
}

RC_GTEST_PROP(CoreModel, R1_ReadingNeverChangesTheOutcome, ()) {
  fusebox::Policy policy = AnyPolicy().policy;
  policy.jitter = 0.5;
  const Trace trace = *AnyTrace();
  RC_ASSERT(Shown(policy, trace, true) == Shown(policy, trace, false));
}

}  // namespace
}  // namespace fusebox_testing
