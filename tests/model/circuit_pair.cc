// SPDX-License-Identifier: Apache-2.0
#include "tests/model/circuit_pair.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/evidence.h"
#include "rapidcheck.h"
#include "src/core/transition_table.h"

namespace fusebox_testing {
namespace {

using fusebox::Admission;
using fusebox::CircuitBreaker;
using fusebox::CircuitSnapshot;
using fusebox::Event;
using fusebox::Mode;
using fusebox::Outcome;
using fusebox::OutcomeKind;
using fusebox::Permit;
using fusebox::Policy;
using fusebox::Reach;
using fusebox::State;

std::string ShadowText(const std::optional<fusebox::ShadowCounts>& shadow) {
  if (!shadow) return "no candidate";
  return absl::StrCat("candidate ", StateName(shadow->state), ", calls ", shadow->calls,
                      ", rejected ", shadow->rejected, ", would reject ", shadow->would_reject,
                      ", admit ", shadow->would_admit, ", open ", shadow->would_open);
}

constexpr State kStates[] = {State::kClosed, State::kOpen, State::kHalfOpen};
constexpr int64_t kForEver = -2;

const fusebox::Operator kOperator = fusebox::Operator("oncall").Because("a drill");

std::string AnswerText(bool admitted, fusebox::RejectionReason reason, State state,
                       int64_t retry_after) {
  if (admitted) return "admitted";
  return absl::StrCat(RejectionReasonName(reason), " ", StateName(state), " for ", retry_after);
}

std::string AnswerText(const Admission& got) {
  const bool ends = got.retry_after() < absl::InfiniteDuration();
  return AnswerText(got.admitted(), got.reason(), got.state(),
                    ends ? absl::ToInt64Nanoseconds(got.retry_after()) : kForEver);
}

std::string FiguresText(const std::vector<int64_t>& figures,
                        const std::vector<int64_t>& transitions, const std::string& message) {
  constexpr absl::string_view kNames[] = {
      "epoch", "success",         "failure",    "ignored",   "slow",     "rejected", "too many",
      "would", "opened",          "in flight",  "probes",    "in a row", "window",   "failures",
      "slow",  "last transition", "next probe", "failed at", "code"};
  std::string text;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    absl::StrAppend(&text, ", ", kNames[i], " ", figures[i]);
  }
  return absl::StrCat(text, ", message \"", message, "\", transitions ",
                      absl::StrJoin(transitions, " "));
}

// Nothing, if an opening by a rule says of which calls it was: all that the rule has counted, as
// far as they are kept, or none of those that hang.
std::string MissingEvidence(const Event& event) {
  if (event.kind != fusebox::EventKind::kRuleExceeded) return "";
  const fusebox::Evidence evidence = event.evidence.value_or(fusebox::Evidence());
  const bool hang = fusebox::internal::RowOf(event.cause).by == fusebox::internal::By::kHungCalls;
  const int64_t most = hang ? 0 : static_cast<int64_t>(fusebox::kMaxEvidenceCalls);
  if (evidence.calls > 0 && evidence.told_apart == std::min(evidence.calls, most)) return "";
  return absl::StrCat(", with evidence of ", evidence.told_apart, " of ", evidence.calls, " calls");
}

std::string PhaseText(Mode mode, State state, bool ramping, double fraction, double limit) {
  return absl::StrCat(ModeName(mode), " ", StateName(state), ramping ? " ramping " : " ",
                      fraction * 1e9, " limit ", limit);
}

std::string EventText(fusebox::EventKind kind, State from, State to, Mode mode_from, Mode mode_to,
                      fusebox::Cause cause, int64_t at, uint64_t epoch, absl::string_view actor) {
  return absl::StrCat(EventKindName(kind), ", ", StateName(from), " -> ", StateName(to), ", ",
                      ModeName(mode_from), " -> ", ModeName(mode_to), " by ", CauseName(cause),
                      " at ", at, ", epoch ", epoch, ", who \"", actor, "\"");
}

Outcome OutcomeOf(const ReferenceCircuit::Result& result) {
  Outcome outcome;
  outcome.kind = result.kind;
  if (result.latency) outcome.latency = absl::Nanoseconds(*result.latency);
  outcome.timed = result.timed;
  outcome.cancelled = result.cancelled;
  outcome.pushback = absl::Nanoseconds(result.pushback);
  outcome.code = result.code;
  outcome.message = result.message;
  return outcome;
}

}  // namespace

CircuitPair::CircuitPair(const std::vector<ReferencePolicy>& policies, Crew& crew)
    : policies_(policies),
      crew_(crew),
      reference_(policies.front(), clock_.Now().nanos()),
      shadow_(policies.front(), clock_.Now().nanos()) {
  CircuitBreaker::Options options;
  options.clock = &clock_;
  options.seed = 1;
  options.listener = [this](const Event& event) { Hear(event); };
  breaker_ = CircuitBreaker::Create("circuit", reference_.policy(), options).value();
}

void CircuitPair::Do(const Step& step) {
  switch (step.action) {
    case Action::kAcquire:
      Acquire(step);
      break;
    case Action::kSucceed:
    case Action::kFail:
    case Action::kIgnore:
    case Action::kDrop:
    case Action::kCancel:
      Return(step);
      break;
    case Action::kMessage:
      ReceiveMessage(step);
      break;
    case Action::kFirstMessage:
      RecordFirstMessage(step);
      break;
    case Action::kBreak:
      Break(step);
      break;
    case Action::kCalls:
      for (int i = 0; i < CallsOf(step); ++i) Call(step);
      break;
    case Action::kReport:
      Report(step);
      break;
    case Action::kReset:
      breaker_->Reset(kOperator);
      reference_.Reset(Now());
      shadow_.Reset(Now());
      break;
    case Action::kForceOpen:
      ForceOpen(step);
      break;
    case Action::kDisable:
      breaker_->Disable(kOperator);
      reference_.Disable(Now());
      shadow_.MakeDueMoves(Now());
      break;
    case Action::kShadow:
      breaker_->Shadow(kOperator);
      reference_.Shadow(Now());
      shadow_.MakeDueMoves(Now());
      break;
    case Action::kAutomate:
      breaker_->Automate(kOperator);
      reference_.Automate(Now());
      shadow_.MakeDueMoves(Now());
      break;
    case Action::kSetPolicy:
      SetPolicy(step);
      break;
    case Action::kReadState:
      ReadState();
      break;
    case Action::kSnapshot:
      CompareSnapshots();
      break;
    case Action::kAdvance:
      clock_.Advance(absl::Nanoseconds(LengthOf(step, reference_.policy())));
      break;
    case Action::kAdvanceToDue:
      AdvanceToDue(step);
      break;
    case Action::kJump:
      clock_.Advance(absl::Hours(24) * (step.length % 700));
      break;
  }
  CompareEvents();
}

void CircuitPair::End() {
  Step late;
  late.action = Action::kFail;
  while (!out_.empty()) Return(late);
  CompareSnapshots();
  CompareEvents();
}

int64_t CircuitPair::NanosOf(absl::Time time) const {
  return Now() + absl::ToInt64Nanoseconds(time - clock_.WallNow());
}

void CircuitPair::On(const Step& step, const std::function<void()>& work) {
  // Most of the work stays where it is, since it takes long to hand over.
  const auto number = static_cast<int>(step.thread % 16);
  crew_.Do(number < Crew::kSize ? number : 0, work);
}

void CircuitPair::Acquire(const Step& step) {
  std::optional<Admission> got;
  constexpr Reach kReaches[] = {Reach::kNone, Reach::kAsk, Reach::kAsk, Reach::kCall, Reach::kCall};
  const Reach reach = kReaches[step.details % 5];
  On(step, [&] { got = breaker_->TryAcquire([&] { return reach; }); });
  const ReferenceCircuit::Answer want = reference_.Acquire(Now(), reach);
  shadow_.Acquire(want, Now(), reach != Reach::kNone);
  RC_ASSERT(AnswerText(*got) == AnswerText(want.admitted, want.reason, reference_.state(),
                                           want.retry_after.value_or(kForEver)));
  Permit probe = got->TakeProbe();
  RC_ASSERT(static_cast<bool>(probe) == want.asks);
  if (probe) out_.push_back({std::move(probe), want.call});
  if (*got) out_.push_back({std::move(*got).permit(), want.call});
}

CircuitPair::OutCall CircuitPair::TakeOut(const Step& step) {
  const std::size_t place = step.which % out_.size();
  OutCall call = std::move(out_[place]);
  out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(place));
  return call;
}

void CircuitPair::ReceiveMessage(const Step& step) {
  if (out_.empty()) return;
  OutCall& call = out_[step.which % out_.size()];
  const ReferenceCircuit::Result message = ResultOf(step, reference_.policy());
  reference_.ReceiveMessage(call.reference, message, Now());
  shadow_.ReceiveMessage(call.reference, message, Now());
  On(step, [&] { call.permit.ReceiveMessage(OutcomeOf(message)); });
  // It need not have looked at what is due: neither may want to know.
  ReadState();
}

void CircuitPair::RecordFirstMessage(const Step& step) {
  if (out_.empty()) return;
  OutCall call = TakeOut(step);
  const ReferenceCircuit::Result message = ResultOf(step, reference_.policy());
  OutStream stream;
  stream.reference = reference_.RecordFirstMessage(call.reference, message, Now());
  stream.shadow = shadow_.RecordFirstMessage(call.reference, message, Now());
  On(step, [&] { stream.first_message = call.permit.RecordFirstMessage(OutcomeOf(message)); });
  RC_ASSERT(!call.permit.RecordSuccess());
  streams_.push_back(stream);
}

void CircuitPair::Break(const Step& step) {
  if (streams_.empty()) return;
  const std::size_t place = step.which % streams_.size();
  const OutStream stream = streams_[place];
  streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(place));
  const ReferenceCircuit::Result result = ResultOf(step, reference_.policy());
  reference_.Report(result, stream.reference, Now());
  shadow_.Report(result, stream.shadow, Now());
  On(step, [&] { breaker_->ReportFailure(OutcomeOf(result), stream.first_message); });
}

void CircuitPair::Return(const Step& step) {
  if (out_.empty()) return;
  OutCall call = TakeOut(step);
  const ReferenceCircuit::Result result = ResultOf(step, reference_.policy());
  reference_.Return(call.reference, result, Now());
  shadow_.Return(call.reference, result, Now());
  const Outcome outcome = OutcomeOf(result);
  bool taken = false;
  On(step, [&] {
    if (step.action == Action::kDrop) {
      taken = static_cast<bool>(call.permit);
      call.permit = Permit();
    } else if (result.kind == OutcomeKind::kSuccess && !result.latency && result.timed) {
      taken = call.permit.RecordSuccess();
    } else if (result.kind == OutcomeKind::kIgnored && !result.cancelled) {
      taken = call.permit.Ignore();
    } else {
      taken = call.permit.Record(outcome);
    }
  });
  RC_ASSERT(taken);
  RC_ASSERT(!call.permit.Record(outcome));
  RC_ASSERT(!call.permit.RecordSuccess());
  RC_ASSERT(!call.permit.Ignore());
}

void CircuitPair::Report(const Step& step) {
  const ReferenceCircuit::Result result = ResultOf(step, reference_.policy());
  reference_.Report(result, Now());
  shadow_.Report(result, Now());
  On(step, [&] { breaker_->ReportFailure(OutcomeOf(result)); });
}

void CircuitPair::Call(const Step& step) {
  std::string got;
  On(step, [&] {
    Admission admission = breaker_->TryAcquire();
    got = AnswerText(admission);
    if (admission) admission.permit().RecordSuccess();
  });
  const ReferenceCircuit::Answer want = reference_.Acquire(Now());
  shadow_.Acquire(want, Now());
  RC_ASSERT(got == AnswerText(want.admitted, want.reason, reference_.state(),
                              want.retry_after.value_or(kForEver)));
  if (!want.admitted) return;
  reference_.Return(want.call, {}, Now());
  shadow_.Return(want.call, {}, Now());
}

void CircuitPair::ForceOpen(const Step& step) {
  const std::optional<absl::Duration> ttl = TimeToLiveOf(step, reference_.policy());
  const bool taken = breaker_->ForceOpen(kOperator, ttl).ok();
  const bool valid = !ttl || (*ttl >= absl::Milliseconds(1) && *ttl <= absl::Hours(24) * 365);
  RC_ASSERT(taken == valid);
  if (!valid) return;
  std::optional<int64_t> nanos;
  if (ttl) nanos = absl::ToInt64Nanoseconds(*ttl);
  reference_.ForceOpen(nanos, Now());
  shadow_.MakeDueMoves(Now());
}

void CircuitPair::SetPolicy(const Step& step) {
  const ReferencePolicy& policy = policies_[step.which % policies_.size()];
  if (step.details % 5 == 0) {
    Policy invalid = policy.policy;
    invalid.jitter = 1;
    RC_ASSERT(!breaker_->SetPolicy(invalid, kOperator).ok());
    return;
  }
  RC_ASSERT(breaker_->SetPolicy(policy.policy, kOperator).ok());
  reference_.SetPolicy(policy, Now());
  shadow_.SetPolicy(policy, Now());
}

void CircuitPair::ReadState() {
  reference_.MakeDueMoves(Now());
  shadow_.MakeDueMoves(Now());
  RC_ASSERT(StateName(breaker_->state()) == StateName(reference_.state()));
}

void CircuitPair::AdvanceToDue(const Step& step) {
  const auto next = reference_.NextDue();
  auto due = next ? next : reference_.ProbeRunsOut();
  if (!due) due = reference_.Forgets();
  if (!due || step.details % 3 == 0) due = shadow_.NextDue();
  if (!due) return;
  const int64_t nudges[] = {0, -1, 1};
  const int64_t to = *due + nudges[step.nudge % 3];
  if (to > Now()) clock_.Set(fusebox::SteadyTime::FromNanos(to));
}

void CircuitPair::CompareEvents() {
  while (compared_ < reference_.told().size() || compared_ < events_.size()) {
    const std::string want =
        compared_ < reference_.told().size() ? TextOf(reference_.told()[compared_]) : "none";
    const std::string got = compared_ < events_.size() ? events_[compared_] : "none";
    RC_ASSERT(got == want);
    ++compared_;
  }
  RC_ASSERT(shadow_events_ == shadow_.told());
}

void CircuitPair::Hear(const Event& event) {
  if (event.kind != fusebox::EventKind::kShadowOpened &&
      event.kind != fusebox::EventKind::kShadowClosed) {
    events_.push_back(TextOf(event));
    return;
  }
  const bool moves = event.from != event.to || event.mode_from != event.mode_to;
  shadow_events_.push_back(absl::StrCat(EventKindName(event.kind), " by ", CauseName(event.cause),
                                        " at ", NanosOf(event.time), moves ? ", moves it" : ""));
}

std::string CircuitPair::TextOf(const ReferenceCircuit::Told& told) const {
  return EventText(told.kind, told.from, told.to, told.mode_from, told.mode_to, told.cause, told.at,
                   told.epoch, told.by_operator ? "oncall: a drill" : "");
}

std::string CircuitPair::TextOf(const Event& event) const {
  std::string who = event.actor;
  if (!who.empty()) absl::StrAppend(&who, ": ", event.detail);
  return absl::StrCat(EventText(event.kind, event.from, event.to, event.mode_from, event.mode_to,
                                event.cause, NanosOf(event.time), event.epoch, who),
                      MissingEvidence(event));
}

void CircuitPair::CompareSnapshots() {
  const CircuitSnapshot snapshot = breaker_->Snapshot();
  reference_.MakeDueMoves(Now());
  shadow_.MakeDueMoves(Now());
  RC_ASSERT(ShadowText(snapshot.shadow) == shadow_.Text());
  RC_ASSERT(TextOf(snapshot) == TextOf(reference_));
  RC_ASSERT(snapshot.policy == reference_.policy());
}

std::string CircuitPair::TextOf(const CircuitSnapshot& snapshot) const {
  const fusebox::Totals& totals = snapshot.totals;
  std::vector<int64_t> transitions;
  for (const State from : kStates) {
    for (const State to : kStates) transitions.push_back(totals.Transitions(from, to));
  }
  const auto& failure = snapshot.last_failure;
  return absl::StrCat(
      PhaseText(snapshot.mode, snapshot.state, snapshot.ramping, snapshot.ramp_fraction,
                snapshot.limit.value_or(0)),
      FiguresText(
          {static_cast<int64_t>(snapshot.epoch), totals.success, totals.failure, totals.ignored,
           totals.slow, totals.rejected, totals.too_many_calls, totals.would_reject, totals.opened,
           snapshot.in_flight, snapshot.probes_in_flight, snapshot.consecutive_failures,
           snapshot.window.recorded, snapshot.window.failures, snapshot.window.slow,
           snapshot.last_transition ? NanosOf(*snapshot.last_transition) : -1,
           snapshot.next_probe ? NanosOf(*snapshot.next_probe) : -1,
           failure ? NanosOf(failure->time) : -1, failure ? failure->code : -1},
          transitions, failure ? failure->message : ""),
      ", openings in a row ", snapshot.openings_in_a_row, ", awaits a connection ",
      snapshot.awaits_connection, ", asking stopped ", snapshot.health_probe_stopped);
}

std::string CircuitPair::TextOf(const ReferenceCircuit& circuit) {
  std::vector<int64_t> transitions;
  int64_t opened = 0;
  for (const State from : kStates) {
    opened += circuit.Transitions(from, State::kOpen);
    for (const State to : kStates) transitions.push_back(circuit.Transitions(from, to));
  }
  const ReferenceCircuit::Window window = circuit.CountWindow();
  const auto& failure = circuit.last_failure();
  return absl::StrCat(
      PhaseText(circuit.mode(), circuit.state(), circuit.ramping(),
                static_cast<double>(circuit.RampBillionths()) / 1e9,
                static_cast<double>(circuit.limit()) / 1'000'000),
      FiguresText({static_cast<int64_t>(circuit.epoch()), circuit.Returned(OutcomeKind::kSuccess),
                   circuit.Returned(OutcomeKind::kFailure), circuit.Returned(OutcomeKind::kIgnored),
                   circuit.Slow(), circuit.rejected(), circuit.too_many_calls(),
                   circuit.would_reject(), opened, circuit.InFlight(), circuit.ProbesOut(),
                   circuit.FailuresInARow(), window.recorded, window.failures, window.slow,
                   circuit.LastTransition().value_or(-1), circuit.NextProbe().value_or(-1),
                   failure ? failure->at : -1, failure ? failure->code : -1},
                  transitions, failure ? failure->message : ""),
      ", openings in a row ", circuit.OpeningsInARow(), ", awaits a connection ",
      circuit.awaits_connection(), ", asking stopped ", circuit.asking_stopped());
}

}  // namespace fusebox_testing
