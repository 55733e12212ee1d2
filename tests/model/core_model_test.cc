// SPDX-License-Identifier: Apache-2.0
//
// The library against the reference, and against itself, on random policies and random runs.
//
// By default some thousands of runs. RC_PARAMS takes what rapidcheck takes, as in
//   RC_PARAMS="max_success=1000000" core_model_test      (the long form)
//   RC_PARAMS="reproduce=..." core_model_test            (as a failure prints it)
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
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
#include "tests/model/reference_circuit.h"
#include "tests/model/trace.h"

namespace fusebox_testing {
namespace {

using fusebox::Admission;
using fusebox::CircuitBreaker;
using fusebox::CircuitSnapshot;
using fusebox::Event;
using fusebox::Outcome;
using fusebox::OutcomeKind;
using fusebox::Permit;
using fusebox::State;

constexpr State kStates[] = {State::kClosed, State::kOpen, State::kHalfOpen};

// Before any property runs, since rapidcheck reads its parameters but once; and before any thread,
// so that the environment may be touched.
// NOLINTBEGIN(concurrency-mt-unsafe)
const bool kParametersSet = [] {
  const char* given = std::getenv("RC_PARAMS");
  const std::string parameters = given == nullptr ? "" : given;
  if (parameters.find("max_success") != std::string::npos) return true;
  return setenv("RC_PARAMS", absl::StrCat("max_success=2000 ", parameters).c_str(), 1) == 0;
}();
// NOLINTEND(concurrency-mt-unsafe)

// A breaker and its reference, taken through the same steps.
class Pair {
 public:
  explicit Pair(const ReferencePolicy& policy)
      : policy_(policy.policy), reference_(policy, clock_.Now().nanos()) {
    CircuitBreaker::Options options;
    options.clock = &clock_;
    options.seed = 1;
    options.listener = [this](const Event& event) {
      events_.push_back(MoveText(event.from, event.to, event.cause, NanosOf(event.time)));
    };
    breaker_ = CircuitBreaker::Create("circuit", policy.policy, options).value();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void Do(const Step& step) {
    switch (step.action) {
      case Action::kAcquire:
        Acquire();
        break;
      case Action::kSucceed:
      case Action::kFail:
      case Action::kIgnore:
      case Action::kDrop:
        Return(step);
        break;
      case Action::kReset:
        breaker_->Reset({"oncall", "a drill"});
        reference_.Reset(Now());
        break;
      case Action::kReadState:
        reference_.MakeDueMoves(Now());
        RC_ASSERT(StateName(breaker_->state()) == StateName(reference_.state()));
        break;
      case Action::kSnapshot:
        CompareSnapshots();
        break;
      case Action::kAdvance:
        clock_.Advance(absl::Nanoseconds(LengthOf(step, policy_)));
        break;
      case Action::kAdvanceToDue:
        AdvanceToDue(step);
        break;
      case Action::kJump:
        clock_.Advance(absl::Hours(24) * (step.length % 700));
        break;
    }
    CompareMoves();
  }

  // The calls that are still out come back late, and all is compared.
  void End() {
    while (!out_.empty()) Return({Action::kFail, 0, 0, 0, 0});
    CompareSnapshots();
    CompareMoves();
  }

  const ReferenceCircuit& reference() const { return reference_; }

 private:
  struct OutCall {
    Permit permit;
    std::size_t reference = 0;
  };

  int64_t Now() const { return clock_.Now().nanos(); }
  int64_t NanosOf(absl::Time time) const {
    return Now() + absl::ToInt64Nanoseconds(time - clock_.WallNow());
  }

  static std::string MoveText(State from, State to, fusebox::Cause cause, int64_t at) {
    return absl::StrCat(StateName(from), " -> ", StateName(to), " by ", CauseName(cause), " at ",
                        at);
  }
  static std::string AnswerText(bool admitted, fusebox::RejectionReason reason, State state,
                                int64_t retry_after) {
    if (admitted) return "admitted";
    return absl::StrCat(RejectionReasonName(reason), " ", StateName(state), " for ", retry_after);
  }

  void Acquire() {
    Admission got = breaker_->TryAcquire();
    const ReferenceCircuit::Answer want = reference_.Acquire(Now());
    RC_ASSERT(AnswerText(got.admitted(), got.reason(), got.state(),
                         absl::ToInt64Nanoseconds(got.retry_after())) ==
              AnswerText(want.admitted, want.reason, reference_.state(), want.retry_after));
    if (got) out_.push_back({std::move(got).permit(), want.call});
  }

  void Return(const Step& step) {
    if (out_.empty()) return;
    const std::size_t place = step.which % out_.size();
    OutCall call = std::move(out_[place]);
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(place));
    const ReferenceCircuit::Result result = ResultOf(step, policy_);
    reference_.Return(call.reference, result, Now());
    if (step.action == Action::kDrop) {
      call.permit = Permit();
      return;
    }
    Outcome outcome;
    outcome.kind = result.kind;
    if (result.latency) outcome.latency = absl::Nanoseconds(*result.latency);
    outcome.timed = result.timed;
    outcome.pushback = absl::Nanoseconds(result.pushback);
    outcome.code = result.code;
    outcome.message = result.message;
    RC_ASSERT(call.permit.Record(outcome));
    RC_ASSERT(!call.permit.Record(outcome));
  }

  void AdvanceToDue(const Step& step) {
    const auto due = reference_.NextDue();
    if (!due) return;
    const int64_t nudges[] = {0, -1, 1};
    const int64_t to = *due + nudges[step.nudge % 3];
    if (to > Now()) clock_.Set(fusebox::SteadyTime::FromNanos(to));
  }

  void CompareMoves() {
    while (compared_ < reference_.moves().size() || compared_ < events_.size()) {
      const std::string want =
          compared_ < reference_.moves().size() ? TextOf(reference_.moves()[compared_]) : "none";
      const std::string got = compared_ < events_.size() ? events_[compared_] : "none";
      RC_ASSERT(got == want);
      ++compared_;
    }
  }
  static std::string TextOf(const ReferenceCircuit::Move& move) {
    return MoveText(move.from, move.to, move.cause, move.at);
  }

  void CompareSnapshots() {
    const CircuitSnapshot snapshot = breaker_->Snapshot();
    reference_.MakeDueMoves(Now());
    RC_ASSERT(TextOf(snapshot) == TextOf(reference_));
    RC_ASSERT(snapshot.epoch == 1 + reference_.moves().size());
  }

  std::string TextOf(const CircuitSnapshot& snapshot) const {
    const fusebox::Totals& totals = snapshot.totals;
    std::vector<std::string> transitions;
    for (const State from : kStates) {
      for (const State to : kStates) {
        transitions.push_back(absl::StrCat(totals.Transitions(from, to)));
      }
    }
    const auto& failure = snapshot.last_failure;
    return FiguresText(
        snapshot.state,
        {totals.success, totals.failure, totals.ignored, totals.slow, totals.rejected,
         totals.opened, snapshot.in_flight, snapshot.probes_in_flight,
         snapshot.consecutive_failures, snapshot.window.recorded, snapshot.window.failures,
         snapshot.window.slow, snapshot.last_transition ? NanosOf(*snapshot.last_transition) : -1,
         snapshot.next_probe ? NanosOf(*snapshot.next_probe) : -1,
         failure ? NanosOf(failure->time) : -1, failure ? failure->code : -1},
        transitions, failure ? failure->message : "");
  }

  static std::string TextOf(const ReferenceCircuit& circuit) {
    std::vector<std::string> transitions;
    int64_t opened = 0;
    for (const State from : kStates) {
      opened += circuit.Transitions(from, State::kOpen);
      for (const State to : kStates) {
        transitions.push_back(absl::StrCat(circuit.Transitions(from, to)));
      }
    }
    const ReferenceCircuit::Window window = circuit.CountWindow();
    const auto& failure = circuit.last_failure();
    return FiguresText(
        circuit.state(),
        {circuit.Returned(OutcomeKind::kSuccess), circuit.Returned(OutcomeKind::kFailure),
         circuit.Returned(OutcomeKind::kIgnored), circuit.Slow(), circuit.rejected(), opened,
         circuit.InFlight(), circuit.ProbesOut(), circuit.FailuresInARow(), window.recorded,
         window.failures, window.slow, circuit.LastTransition().value_or(-1),
         circuit.state() == State::kOpen ? *circuit.NextDue() : -1, failure ? failure->at : -1,
         failure ? failure->code : -1},
        transitions, failure ? failure->message : "");
  }

  static std::string FiguresText(State state, const std::vector<int64_t>& figures,
                                 const std::vector<std::string>& transitions,
                                 const std::string& message) {
    constexpr absl::string_view kNames[] = {
        "success",         "failure",    "ignored",   "slow",   "rejected",        "opened",
        "in flight",       "probes",     "in a row",  "window", "window failures", "window slow",
        "last transition", "next probe", "failed at", "code"};
    std::string text(StateName(state));
    for (std::size_t i = 0; i < figures.size(); ++i) {
      absl::StrAppend(&text, ", ", kNames[i], " ", figures[i]);
    }
    return absl::StrCat(text, ", message \"", message, "\", transitions ",
                        absl::StrJoin(transitions, " "));
  }

  const fusebox::Policy policy_;
  FakeClock clock_;
  ReferenceCircuit reference_;
  std::vector<std::string> events_;
  std::size_t compared_ = 0;
  std::shared_ptr<CircuitBreaker> breaker_;
  std::vector<OutCall> out_;  // before the breaker goes
};

RC_GTEST_PROP(CoreModel, TheBreakerDoesWhatTheReferenceDoes, ()) {
  const ReferencePolicy policy = AnyPolicy();
  RC_LOG() << Describe(policy) << std::endl;
  RC_ASSERT(fusebox::Validate(policy.policy).ok());
  const Trace trace = *AnyTrace();
  Pair pair(policy);
  for (const Step& step : trace) pair.Do(step);
  pair.End();
  RC_CLASSIFY(pair.reference().moves().size() >= 4, "four moves or more");
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
      Admission admission = breaker->TryAcquire();
      shown.push_back(admission ? "admitted" : RejectionMessage(admission.rejection()));
      if (admission) out.push_back(std::move(admission).permit());
    } else if (step.action == Action::kSucceed || step.action == Action::kFail) {
      if (out.empty()) continue;
      std::swap(out[step.which % out.size()], out.back());
      const bool success = step.action == Action::kSucceed;
      out.back().Record(success ? Outcome::Success() : Outcome::Failure());
      out.pop_back();
    } else if (step.action == Action::kReset) {
      breaker->Reset({"oncall", "a drill"});
    } else {
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
