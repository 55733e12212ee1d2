// SPDX-License-Identifier: Apache-2.0
#include "tests/model/reference_circuit.h"

#include <algorithm>
#include <variant>

#include "absl/time/time.h"

namespace fusebox_testing {
namespace {

using fusebox::Cause;
using fusebox::OutcomeKind;
using fusebox::State;

int64_t Nanos(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration); }

// part / whole >= rate, in whole numbers.
bool Reached(int64_t part, int64_t whole, const Fraction& rate) {
  return part * rate.whole >= rate.part * whole;
}

// Which slice of that length an instant is in.
int64_t SliceOf(int64_t at, int64_t length) {
  int64_t slice = at / length;
  if (slice * length > at) --slice;
  return slice;
}

}  // namespace

ReferenceCircuit::Answer ReferenceCircuit::Acquire(int64_t now) {
  MakeDueMoves(now);
  Answer answer;
  answer.admitted = true;
  if (state_ == State::kOpen) {
    answer.admitted = false;
    answer.reason = fusebox::RejectionReason::kOpen;
    answer.retry_after = open_until_ - now_;
  } else if (state_ == State::kHalfOpen) {
    const auto& half_open = policy_.policy.half_open;
    int64_t places = half_open.max_concurrent - ProbesOut();
    if (const auto* fixed = std::get_if<fusebox::ProbeCalls>(&half_open.verdict)) {
      const auto recorded = static_cast<int64_t>(Recorded().size());
      places = std::min(places, fixed->calls - recorded - ProbesOut());
    }
    if (places <= 0) {
      answer.admitted = false;
      answer.reason = fusebox::RejectionReason::kHalfOpenFull;
    }
  }
  if (answer.admitted) {
    answer.call = calls_.size();
    Call call;
    call.started = now_;
    call.epoch = epoch_;
    calls_.push_back(call);
  } else {
    ++rejected_;
  }
  return answer;
}

void ReferenceCircuit::Return(std::size_t call_index, Result result, int64_t now) {
  MakeDueMoves(now);
  const fusebox::Policy& policy = policy_.policy;
  Call& call = calls_[call_index];
  const int64_t latency = result.latency.value_or(now_ - call.started);
  const bool slow = policy.slow_call_duration && result.timed &&
                    result.kind != OutcomeKind::kIgnored &&
                    latency >= Nanos(*policy.slow_call_duration);
  if (slow && policy.slow_is_failure) result.kind = OutcomeKind::kFailure;
  call.out = false;
  call.returned = now_;
  call.kind = result.kind;
  call.slow = slow;
  call.counts = result.kind != OutcomeKind::kIgnored && call.epoch == epoch_;
  call.order = ++returns_;
  if (result.kind == OutcomeKind::kFailure) {
    last_failure_ = Failure{now_, result.code, result.message};
  }
  if (!call.counts) return;

  const int64_t pushback = result.kind == OutcomeKind::kFailure ? result.pushback : 0;
  if (state_ == State::kClosed) {
    if (const auto cause = TripRuleThatHolds()) MoveTo(State::kOpen, *cause, now_, pushback);
  } else if (const auto cause = Verdict()) {
    MoveTo(*cause == Cause::kProbesSucceeded ? State::kClosed : State::kOpen, *cause, now_,
           pushback);
  }
}

void ReferenceCircuit::Reset(int64_t now) {
  MakeDueMoves(now);
  MoveTo(State::kClosed, Cause::kOperator, now_, 0);
}

void ReferenceCircuit::MakeDueMoves(int64_t now) {
  now_ = std::max(now_, now);
  while (const auto due = NextDue()) {
    if (*due > now_) return;
    if (state_ == State::kOpen) {
      MoveTo(State::kHalfOpen, Cause::kOpenDurationElapsed, *due, 0);
    } else {
      MoveTo(State::kOpen, Cause::kProbeTimeout, *due, 0);
    }
  }
}

std::optional<int64_t> ReferenceCircuit::NextDue() const {
  if (state_ == State::kOpen) return open_until_;
  const int64_t timeout = Nanos(policy_.policy.half_open.probe_timeout);
  if (state_ == State::kClosed || timeout == 0) return std::nullopt;
  std::optional<int64_t> due;
  for (const Call& call : calls_) {
    if (!call.out || call.epoch != epoch_) continue;
    due = std::min(due.value_or(call.started + timeout), call.started + timeout);
  }
  return due;
}

std::vector<ReferenceCircuit::Call> ReferenceCircuit::Recorded() const {
  std::vector<Call> recorded;
  for (const Call& call : calls_) {
    if (call.epoch == epoch_ && call.counts) recorded.push_back(call);
  }
  std::sort(recorded.begin(), recorded.end(),
            [](const Call& a, const Call& b) { return a.order < b.order; });
  return recorded;
}

ReferenceCircuit::Window ReferenceCircuit::CountWindow() const {
  Window window;
  if (state_ != State::kClosed) return window;
  const std::vector<Call> recorded = Recorded();
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    bool inside = false;
    if (const auto* count = std::get_if<fusebox::CountWindow>(&policy_.policy.window)) {
      inside = static_cast<int64_t>(recorded.size() - i) <= count->size;
    } else {
      const auto& time = std::get<fusebox::TimeWindow>(policy_.policy.window);
      const int64_t length = Nanos(time.duration) / time.buckets;
      inside = SliceOf(recorded[i].returned, length) > SliceOf(now_, length) - time.buckets;
    }
    if (!inside) continue;
    ++window.recorded;
    window.failures += recorded[i].kind == OutcomeKind::kFailure ? 1 : 0;
    window.slow += recorded[i].slow ? 1 : 0;
  }
  return window;
}

int64_t ReferenceCircuit::FailuresInARow() const {
  int64_t run = 0;
  if (state_ != State::kClosed) return run;
  for (const Call& call : Recorded()) run = call.kind == OutcomeKind::kFailure ? run + 1 : 0;
  return run;
}

std::optional<Cause> ReferenceCircuit::TripRuleThatHolds() const {
  const fusebox::Policy& policy = policy_.policy;
  const Window window = CountWindow();
  const bool enough = window.recorded >= policy.minimum_calls;
  if (policy.consecutive_failures && FailuresInARow() >= *policy.consecutive_failures) {
    return Cause::kConsecutiveFailures;
  }
  if (policy.failures_in_window && window.failures >= *policy.failures_in_window) {
    return Cause::kFailuresInWindow;
  }
  if (policy.failure_rate && enough &&
      Reached(window.failures, window.recorded, policy_.failure_rate)) {
    return Cause::kFailureRate;
  }
  if (policy.slow_call_rate && enough &&
      Reached(window.slow, window.recorded, policy_.slow_call_rate)) {
    return Cause::kSlowCallRate;
  }
  return std::nullopt;
}

std::optional<Cause> ReferenceCircuit::Verdict() const {
  const fusebox::Policy& policy = policy_.policy;
  int64_t recorded = 0;
  int64_t failures = 0;
  int64_t slow = 0;
  for (const Call& call : Recorded()) {
    ++recorded;
    failures += call.kind == OutcomeKind::kFailure ? 1 : 0;
    slow += call.slow ? 1 : 0;
  }
  if (const auto* threshold = std::get_if<fusebox::SuccessThreshold>(&policy.half_open.verdict)) {
    if (failures > 0) return Cause::kProbeFailed;
    if (recorded >= threshold->successes) return Cause::kProbesSucceeded;
    return std::nullopt;
  }
  if (recorded < std::get<fusebox::ProbeCalls>(policy.half_open.verdict).calls) {
    return std::nullopt;
  }
  if (policy.failure_rate && Reached(failures, recorded, policy_.failure_rate)) {
    return Cause::kProbeFailureRate;
  }
  if (policy.slow_call_rate && Reached(slow, recorded, policy_.slow_call_rate)) {
    return Cause::kProbeSlowCallRate;
  }
  return Cause::kProbesSucceeded;
}

int64_t ReferenceCircuit::OpenLength(int64_t pushback) const {
  const int64_t most = Nanos(policy_.policy.max_open_duration);
  // open_duration * (part / whole)^(k - 1), as far as that is below the maximum.
  int64_t part = Nanos(policy_.policy.open_duration);
  int64_t whole = 1;
  for (int64_t k = 1; k < openings_in_a_row_ && part / whole < most; ++k) {
    part *= policy_.backoff.part;
    whole *= policy_.backoff.whole;
  }
  return std::max(std::min(part / whole, most), std::min(pushback, most));
}

void ReferenceCircuit::MoveTo(State to, Cause cause, int64_t at, int64_t pushback) {
  moves_.push_back({state_, to, cause, at});
  state_ = to;
  ++epoch_;
  if (to == State::kClosed) openings_in_a_row_ = 0;
  if (to == State::kOpen) {
    ++openings_in_a_row_;
    open_until_ = at + OpenLength(pushback);
  }
}

int64_t ReferenceCircuit::InFlight() const {
  return std::count_if(calls_.begin(), calls_.end(), [](const Call& call) { return call.out; });
}

int64_t ReferenceCircuit::ProbesOut() const {
  if (state_ != State::kHalfOpen) return 0;
  return std::count_if(calls_.begin(), calls_.end(),
                       [&](const Call& call) { return call.out && call.epoch == epoch_; });
}

int64_t ReferenceCircuit::Returned(OutcomeKind kind) const {
  return std::count_if(calls_.begin(), calls_.end(),
                       [&](const Call& call) { return !call.out && call.kind == kind; });
}

int64_t ReferenceCircuit::Slow() const {
  return std::count_if(calls_.begin(), calls_.end(), [](const Call& call) { return call.slow; });
}

int64_t ReferenceCircuit::Transitions(State from, State to) const {
  if (from == to) return 0;
  return std::count_if(moves_.begin(), moves_.end(),
                       [&](const Move& move) { return move.from == from && move.to == to; });
}

std::optional<int64_t> ReferenceCircuit::LastTransition() const {
  std::optional<int64_t> last;
  for (const Move& move : moves_) {
    if (move.from != move.to) last = move.at;
  }
  return last;
}

}  // namespace fusebox_testing
