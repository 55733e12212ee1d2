// SPDX-License-Identifier: Apache-2.0
#include "tests/model/recorded_run.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fusebox_testing {
namespace {

using fusebox::Admission;
using fusebox::CircuitBreaker;
using fusebox::CircuitSnapshot;
using fusebox::Event;
using fusebox::Outcome;
using fusebox::State;

constexpr State kStates[] = {State::kClosed, State::kOpen, State::kHalfOpen};

// An answer, and its characters with a circuit that is then CLOSED, OPEN, HALF_OPEN.
struct AnswerRow {
  absl::string_view text;
  absl::string_view characters;
};
constexpr AnswerRow kAnswers[] = {
    {"nothing was asked", "coh"},      {"admitted", "COH"},
    {"CIRCUIT_OPEN", "123"},           {"CIRCUIT_HALF_OPEN_FULL", "456"},
    {"CIRCUIT_FORCED_OPEN", "789"},    {"CIRCUIT_RAMPING", "rst"},
    {"CIRCUIT_TOO_MANY_CALLS", "xyz"},
};
constexpr int kNothingAsked = 0;
constexpr int kAdmitted = 1;

int AnswerOf(const Admission& admission) {
  if (admission) return kAdmitted;
  const absl::string_view reason = RejectionReasonName(admission.reason());
  for (std::size_t i = 0; i < std::size(kAnswers); ++i) {
    if (kAnswers[i].text == reason) return static_cast<int>(i);
  }
  return kNothingAsked;
}

std::size_t IndexOf(State state) {
  return static_cast<std::size_t>(std::find(std::begin(kStates), std::end(kStates), state) -
                                  std::begin(kStates));
}

// FNV-1a, of 64 bits.
uint64_t AddTo(uint64_t sum, absl::string_view text) {
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return sum;
}

char CheckOf(uint64_t sum) {
  constexpr absl::string_view kSixBits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  return kSixBits[sum >> 58U];
}

const fusebox::Operator kOperator = fusebox::Operator("oncall").Because("a drill");

}  // namespace

std::string AnswerText(char answer) {
  for (const AnswerRow& row : kAnswers) {
    const std::size_t place = row.characters.find(answer);
    if (place == absl::string_view::npos) continue;
    return absl::StrCat(row.text, "; ", StateName(kStates[place]));
  }
  return "unknown";
}

const RecordedRun::Kind RecordedRun::kKinds[] = {
    {280, "acquire", &RecordedRun::Acquire},
    {130, "succeed", &RecordedRun::Succeed},
    {150, "fail", &RecordedRun::Fail},
    {30, "ignore", &RecordedRun::Ignore},
    {15, "drop", &RecordedRun::Drop},
    {15, "cancel", &RecordedRun::Cancel},
    {40, "good calls", &RecordedRun::GoodCalls},
    {40, "bad calls", &RecordedRun::BadCalls},
    {15, "report", &RecordedRun::Report},
    {30, "message", &RecordedRun::Message},
    {40, "first message", &RecordedRun::FirstMessage},
    {30, "break", &RecordedRun::Break},
    {90, "advance", &RecordedRun::Advance},
    {90, "advance to what is due", &RecordedRun::AdvanceToDue},
    {25, "advance to the probe timeout", &RecordedRun::AdvanceToTimeout},
    {30, "hang", &RecordedRun::Hang},
    {3, "jump", &RecordedRun::Jump},
    {15, "state()", &RecordedRun::ReadState},
    {50, "Snapshot()", &RecordedRun::ReadSnapshot},
    {5, "reset", &RecordedRun::Reset},
    {7, "force open", &RecordedRun::ForceOpen},
    {3, "disable", &RecordedRun::Disable},
    {5, "shadow", &RecordedRun::Shadow},
    {20, "automate", &RecordedRun::Automate},
    {6, "set policy", &RecordedRun::SetPolicy},
};

const RecordedRun::Kind& RecordedRun::KindOf(uint32_t number) {
  uint32_t weights = 0;
  for (const Kind& kind : kKinds) weights += kind.weight;
  number %= weights;
  const Kind* kind = std::begin(kKinds);
  while (number >= kind->weight) {
    number -= kind->weight;
    ++kind;
  }
  return *kind;
}

RecordedRun::RecordedRun(uint64_t number, std::vector<RecordedPolicy> policies)
    : policies_(std::move(policies)),
      policy_(&policies_.front()),
      random_(number * 0x9E3779B97F4A7C15U),
      sum_(AddTo(14695981039346656037U, absl::StrCat("run ", number))) {
  CircuitBreaker::Options options;
  options.clock = &clock_;
  options.seed = number;
  options.listener = [this](const Event& event) { Tell(event); };
  breaker_ = CircuitBreaker::Create("circuit", policy_->policy(), options).value();
}

// Knuth's linear congruential generator modulo 2^64, by its high bits.
uint32_t RecordedRun::Draw() {
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<uint32_t>(random_ >> 33U);
}

Decision RecordedRun::Next() {
  // As many numbers for each step, whatever it makes of them.
  Picks picks;
  picks.action = Draw();
  picks.which = Draw();
  picks.length = Draw();
  picks.nudge = Draw();
  picks.details = Draw();
  const Kind& kind = KindOf(picks.action);
  shown_.clear();
  causes_.clear();
  answer_ = kNothingAsked;
  (this->*kind.take)(picks);
  sum_ = AddTo(sum_, absl::StrCat(shown_, "\n"));
  Decision decision;
  decision.step = absl::StrCat(kind.name, " at ", Now(), " ns");
  decision.shown = shown_;
  decision.causes = causes_;
  decision.answer = kAnswers[answer_].characters[IndexOf(state_)];
  decision.check = CheckOf(sum_);
  return decision;
}

int64_t RecordedRun::NanosOf(absl::Time time) const {
  return Now() + absl::ToInt64Nanoseconds(time - clock_.WallNow());
}

void RecordedRun::Show(const std::string& text) {
  absl::StrAppend(&shown_, shown_.empty() ? "" : "; ", text);
}

void RecordedRun::Tell(const Event& event) {
  state_ = event.to;
  causes_.emplace_back(CauseName(event.cause));
  Show(absl::StrCat(EventKindName(event.kind), " ", StateName(event.from), "->",
                    StateName(event.to), " ", ModeName(event.mode_from), "->",
                    ModeName(event.mode_to), " by ", CauseName(event.cause), " at ",
                    NanosOf(event.time), " epoch ", event.epoch));
}

// Asks for a permit, and keeps it unless an outcome is given.
void RecordedRun::Ask(std::optional<Outcome> outcome) {
  Admission admission = breaker_->TryAcquire();
  answer_ = AnswerOf(admission);
  if (!admission) {
    state_ = admission.state();
    const bool ends = admission.retry_after() < absl::InfiniteDuration();
    const int64_t left = ends ? absl::ToInt64Nanoseconds(admission.retry_after()) : -1;
    if (left > 0) due_ = Now() + left;
    Show(absl::StrCat(RejectionReasonName(admission.reason()), " ", StateName(state_), " for ",
                      left));
    return;
  }
  Show("admitted");
  if (outcome) {
    admission.permit().Record(*outcome);
  } else {
    out_.push_back({std::move(admission).permit(), Now()});
  }
}

std::optional<RecordedRun::OutCall> RecordedRun::TakeOut(const Picks& picks) {
  if (out_.empty()) return std::nullopt;
  const auto place = out_.begin() + static_cast<std::ptrdiff_t>(picks.which % out_.size());
  OutCall call = std::move(*place);
  out_.erase(place);
  return call;
}

// By some length that means something to the policy, a nanosecond less or more.
int64_t RecordedRun::LengthOf(const Picks& picks) const {
  const absl::Duration slice = policy_->slice().value_or(absl::Milliseconds(3));
  const absl::Duration open = *policy_->DurationOf("open_duration");
  const absl::Duration timeout = *policy_->DurationOf("probe_timeout");
  const absl::Duration age = policy_->DurationOf("hung_calls").value_or(slice);
  const absl::Duration lengths[] = {
      absl::ZeroDuration(),
      slice / 3,
      slice,
      slice * 5 / 2,
      slice * 6,
      open,
      open / 2,
      timeout,
      timeout / 2,
      timeout / 8,
      absl::Milliseconds(100),
      policy_->DurationOf("slow_call_duration").value_or(absl::Seconds(1)),
      age,
      age / 2,
      age / 8,
      policy_->DurationOf("ramp").value_or(slice) / 7,
      policy_->DurationOf("ramp").value_or(slice),
      *policy_->DurationOf("max_open_duration"),
      absl::Hours(1),
  };
  const int64_t nudges[] = {0, 1, -1};
  const int64_t length = absl::ToInt64Nanoseconds(lengths[picks.length % std::size(lengths)]);
  return std::max<int64_t>(0, length + nudges[picks.nudge % 3]);
}

Outcome RecordedRun::SuccessOf(const Picks& picks) const {
  Outcome outcome;
  if (picks.details % 4 == 0) outcome.latency = absl::Nanoseconds(LengthOf(picks));
  if (picks.details % 4 == 1) outcome.latency = policy_->DurationOf("slow_call_duration");
  outcome.timed = picks.details % 11 != 0;
  return outcome;
}

Outcome RecordedRun::FailureOf(const Picks& picks) const {
  Outcome outcome = SuccessOf(picks);
  outcome.kind = fusebox::OutcomeKind::kFailure;
  outcome.code = static_cast<int>(1 + picks.details % 16);
  outcome.message = absl::StrCat("failure ", picks.details % 1000);
  if (picks.details % 5 == 0) {
    outcome.pushback = *policy_->DurationOf("open_duration") / 4 * (picks.details % 50);
  }
  return outcome;
}

void RecordedRun::Acquire(const Picks& /*picks*/) { Ask(std::nullopt); }

void RecordedRun::Succeed(const Picks& picks) {
  auto call = TakeOut(picks);
  if (!call) return;
  const Outcome outcome = SuccessOf(picks);
  if (!outcome.latency && outcome.timed) {
    call->permit.RecordSuccess();
  } else {
    call->permit.Record(outcome);
  }
}

void RecordedRun::Fail(const Picks& picks) {
  if (auto call = TakeOut(picks)) call->permit.Record(FailureOf(picks));
}

void RecordedRun::Ignore(const Picks& picks) {
  if (auto call = TakeOut(picks)) call->permit.Ignore();
}

void RecordedRun::Drop(const Picks& picks) { (void)TakeOut(picks); }

// After a time that is well below what makes a probe a failure, just below, just there, or far
// beyond. What lies between is a matter of what calls usually take.
void RecordedRun::Cancel(const Picks& picks) {
  auto call = TakeOut(picks);
  if (!call) return;
  const int64_t timeout = absl::ToInt64Nanoseconds(*policy_->DurationOf("probe_timeout"));
  const int64_t half = timeout == 0 ? 1'000'000'000 : (timeout + 1) / 2;
  const int64_t lengths[] = {0, std::min<int64_t>(half, 1'000'000'000) - 1, half, half * 100};
  const int64_t length = lengths[picks.length % (timeout == 0 ? 2 : 4)];
  call->permit.Record(Outcome::Cancelled(absl::Nanoseconds(length)));
}

void RecordedRun::GoodCalls(const Picks& picks) {
  for (uint32_t i = 0; i <= picks.which % 20; ++i) Ask(Outcome::Success());
}

void RecordedRun::BadCalls(const Picks& picks) {
  for (uint32_t i = 0; i <= picks.which % 12; ++i) Ask(FailureOf(picks));
}

void RecordedRun::Report(const Picks& picks) { breaker_->ReportFailure(FailureOf(picks)); }

void RecordedRun::Message(const Picks& picks) {
  if (out_.empty()) return;
  out_[picks.which % out_.size()].permit.ReceiveMessage(SuccessOf(picks));
}

void RecordedRun::FirstMessage(const Picks& picks) {
  if (auto call = TakeOut(picks)) {
    streams_.push_back(call->permit.RecordFirstMessage(SuccessOf(picks)));
  }
}

void RecordedRun::Break(const Picks& picks) {
  if (streams_.empty()) return;
  const auto place = streams_.begin() + static_cast<std::ptrdiff_t>(picks.which % streams_.size());
  const fusebox::FirstMessage first_message = *place;
  streams_.erase(place);
  breaker_->ReportFailure(FailureOf(picks), first_message);
}

void RecordedRun::Advance(const Picks& picks) {
  clock_.Advance(absl::Nanoseconds(LengthOf(picks)));
}

// To the end of the opening that a call was told of, or 1 ns before or after it.
void RecordedRun::AdvanceToDue(const Picks& picks) {
  if (!due_) return;
  const int64_t nudges[] = {0, -1, 1};
  const int64_t to = *due_ + nudges[picks.nudge % 3];
  if (to > Now()) clock_.Set(fusebox::SteadyTime::FromNanos(to));
  due_.reset();
}

// Of the call that has been out for longest, as if it were a probe.
void RecordedRun::AdvanceToTimeout(const Picks& picks) {
  if (out_.empty()) return;
  const int64_t nudges[] = {0, -1, 1};
  const int64_t to = out_.front().since + nudges[picks.nudge % 3] +
                     absl::ToInt64Nanoseconds(*policy_->DurationOf("probe_timeout"));
  if (to > Now()) clock_.Set(fusebox::SteadyTime::FromNanos(to));
}

// What is out hangs, and two looks find it.
void RecordedRun::Hang(const Picks& picks) {
  const auto age = policy_->DurationOf("hung_calls");
  const absl::Duration limit =
      age && picks.which % 2 == 0 ? *age : *policy_->DurationOf("probe_timeout");
  clock_.Advance(limit + limit / 8);
  Ask(std::nullopt);
  clock_.Advance(std::min(limit / 8, absl::Milliseconds(100)) + absl::Nanoseconds(picks.nudge % 2));
  Ask(std::nullopt);
}

void RecordedRun::Jump(const Picks& picks) {
  clock_.Advance(absl::Hours(24) * 365 * (1 + picks.which % 3));
}

void RecordedRun::ReadState(const Picks& /*picks*/) {
  state_ = breaker_->state();
  Show(absl::StrCat("state ", StateName(state_)));
}

void RecordedRun::ReadSnapshot(const Picks& /*picks*/) {
  const CircuitSnapshot snapshot = breaker_->Snapshot();
  state_ = snapshot.state;
  const fusebox::Totals& totals = snapshot.totals;
  Show(absl::StrCat(ModeName(snapshot.mode), " ", StateName(snapshot.state),
                    snapshot.ramping ? " ramping " : " ",
                    std::llround(snapshot.ramp_fraction * 1e9), " epoch ", snapshot.epoch));
  Show(absl::StrCat("success ", totals.success, " failure ", totals.failure, " ignored ",
                    totals.ignored, " slow ", totals.slow, " rejected ", totals.rejected,
                    " too many ", totals.too_many_calls, " would reject ", totals.would_reject,
                    " opened ", totals.opened));
  Show(absl::StrCat("in flight ", snapshot.in_flight, " probes ", snapshot.probes_in_flight,
                    " in a row ", snapshot.consecutive_failures, " window ",
                    snapshot.window.recorded, " failures ", snapshot.window.failures, " slow ",
                    snapshot.window.slow));
  const auto& failure = snapshot.last_failure;
  Show(absl::StrCat("last failure ", failure ? NanosOf(failure->time) : -1, " code ",
                    failure ? failure->code : -1, " last transition ",
                    snapshot.last_transition ? NanosOf(*snapshot.last_transition) : -1,
                    " next probe ", snapshot.next_probe ? NanosOf(*snapshot.next_probe) : -1));
  for (const State from : kStates) {
    for (const State to : kStates) absl::StrAppend(&shown_, " ", totals.Transitions(from, to));
  }
}

void RecordedRun::Reset(const Picks& /*picks*/) { breaker_->Reset(kOperator); }

void RecordedRun::ForceOpen(const Picks& picks) {
  std::optional<absl::Duration> ttl;
  if (picks.details % 4 == 0) ttl = absl::Milliseconds(1);
  if (picks.details % 4 == 1) ttl = policy_->DurationOf("open_duration");
  if (picks.details % 4 == 2) ttl = absl::Hours(1);
  Show(breaker_->ForceOpen(kOperator, ttl).ok() ? "done" : "refused");
}

void RecordedRun::Disable(const Picks& /*picks*/) { breaker_->Disable(kOperator); }
void RecordedRun::Shadow(const Picks& /*picks*/) { breaker_->Shadow(kOperator); }
void RecordedRun::Automate(const Picks& /*picks*/) { breaker_->Automate(kOperator); }

void RecordedRun::SetPolicy(const Picks& picks) {
  policy_ = &policies_[picks.which % policies_.size()];
  Show(breaker_->SetPolicy(policy_->policy(), kOperator).ok() ? "done" : "refused");
}

}  // namespace fusebox_testing
