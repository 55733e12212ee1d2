// SPDX-License-Identifier: Apache-2.0
#include "tests/model/reference_circuit.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/numeric/int128.h"
#include "absl/time/time.h"

namespace fusebox_testing {
namespace {

using fusebox::Cause;
using fusebox::EventKind;
using fusebox::Mode;
using fusebox::OutcomeKind;
using fusebox::Reach;
using fusebox::RejectionReason;
using fusebox::State;

constexpr int64_t kBillion = 1'000'000'000;
constexpr int64_t kUnit = 1'000'000;  // one call, of a limit

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

// A policy in which nothing of this is said is the one without numbers.
ReferencePolicy ReferencePolicy::InForce() const {
  ReferencePolicy said = *this;
  if (candidate) {
    said.candidate = std::make_shared<const ReferencePolicy>(candidate->InForce());
    said.policy.shadow_policy = said.candidate->policy;
  }
  fusebox::Policy& p = said.policy;
  const bool says_when = p.consecutive_failures || p.improbable_run || p.failures_in_window ||
                         p.failure_rate || p.slow_call_rate || p.hung_calls;
  const bool says_how_long = p.open_duration || backoff.part != backoff.whole || p.backoff_memory;
  const bool says_how_back =
      p.half_open.max_concurrent || p.half_open.verdict || p.ramp || p.adaptive_recovery;
  if (!says_when && !says_how_long && !says_how_back) {
    p.improbable_run = fusebox::ImprobableRun{3, absl::Hours(1)};
    p.adaptive_recovery = fusebox::AdaptiveRecovery{0.25};
    said.probe_cost = {1, 4};
    if (!p.overload_limit) {
      p.overload_limit = fusebox::OverloadLimit{0.7};
      said.overload_ratio = {7, 10};
    }
    return said;
  }
  if (!says_when) p.consecutive_failures = 5;
  if (p.adaptive_recovery) return said;
  p.open_duration = p.open_duration.value_or(absl::Seconds(30));
  p.half_open.max_concurrent = p.half_open.max_concurrent.value_or(3);
  if (!p.half_open.verdict) p.half_open.verdict = fusebox::SuccessThreshold{3};
  return said;
}

ReferenceCircuit::Answer ReferenceCircuit::Acquire(int64_t now, Reach reach) {
  MakeDueMoves(now);
  const bool disabled = mode_ == Mode::kDisabled;
  const auto refusal = disabled ? std::nullopt : Refusal(reach);
  // Whoever could be the probe is rejected only where it asks in place of that.
  const bool asks = refusal == RejectionReason::kOpen && retrying_ && ProbesOut() == 0;
  Answer answer;
  if (refusal && mode_ != Mode::kShadow) {
    ++(*refusal == RejectionReason::kTooManyCalls ? too_many_calls_ : rejected_);
    answer.reason = *refusal;
    if (retrying_ && *refusal == RejectionReason::kOpen) {
      answer.retry_after = 50'000'000;
    } else if (state_ == State::kOpen && !retrying_ && *refusal != RejectionReason::kNotConnected) {
      answer.retry_after = std::nullopt;
      if (open_until_) answer.retry_after = *open_until_ - now_;
    }
    if (!asks) return answer;
  }
  would_reject_ += refusal && !asks ? 1 : 0;
  answer.admitted = !asks;
  answer.asks = asks;
  answer.call = calls_.size();
  Call call;
  call.started = now_;
  call.timed = policy().slow_call_duration || (policy().hung_calls && !disabled);
  call.epoch = disabled || (refusal && !asks) ? 0 : epoch_;
  call.asks = asks;
  call.has_place = Limiting() && call.epoch != 0;
  call.place_since = now_;
  if (call.has_place) last_admitted_ = now_;
  calls_.push_back(call);
  if (call.has_place) calls_.back().inside = Inside();
  return answer;
}

// Why the machine would not let a call through now, if it would not.
std::optional<RejectionReason> ReferenceCircuit::Refusal(Reach reach) {
  const bool connected = reach != Reach::kNone;
  if (HungCallsHold()) OpenByRule(Cause::kHungCalls, now_, {});
  LookAtProbes();
  if (awaits_connection_ && connected) {
    connected_at_ = now_;
    Target half_open;
    half_open.to = State::kHalfOpen;
    Move(Cause::kConnected, now_, half_open);
  } else if (awaits_connection_) {
    open_until_ = now_ + AwaitsFor();
    return RejectionReason::kNotConnected;
  } else if ((Probing() || retrying_) && !connected) {
    if (ProbesOut() == 0 && !(connected_at_ && now_ - *connected_at_ < kBillion)) {
      Target open;
      open.to = State::kOpen;
      Move(Cause::kNotConnected, now_, open);
    }
    return RejectionReason::kNotConnected;
  }
  const bool by_asking = reach == Reach::kAsk && Asks();
  if (retrying_ && !by_asking && !policy().adaptive_recovery && ProbesOut() == 0) {
    Target half_open;
    half_open.to = State::kHalfOpen;
    half_open.by_calls = true;
    Move(Cause::kOpenDurationElapsed, now_, half_open);
  }
  const auto tell_first = [&] {
    if (!has_rejected_) {
      told_.push_back({EventKind::kFirstRejection, state_, state_, mode_, mode_, Cause::kNone, now_,
                       epoch_, false});
    }
    has_rejected_ = true;
  };
  if (state_ == State::kOpen && !retrying_) {
    tell_first();
    return mode_ == Mode::kForcedOpen ? RejectionReason::kForcedOpen : RejectionReason::kOpen;
  }
  if (policy().max_in_flight && InFlight() + 1 > *policy().max_in_flight) {
    return RejectionReason::kTooManyCalls;
  }
  if (state_ == State::kClosed && !closed_with_limit_) return std::nullopt;
  if (retrying_) {
    if (ProbesOut() == 0 && !by_asking) return std::nullopt;
    tell_first();
    return RejectionReason::kOpen;
  }
  if (Limiting()) {
    ForgetPlaces();
    if (limit_ < kUnit) {
      if (Inside() == 0) {
        if (now_ - last_admitted_ >= Patience()) return std::nullopt;
        share_ += limit_;
        if (share_ >= kUnit) {
          share_ -= kUnit;
          return std::nullopt;
        }
      }
    } else if ((Inside() + 1) * kUnit <= limit_) {
      return std::nullopt;
    }
    last_held_ = now_;
    return RejectionReason::kLimited;
  }
  if (ramping_) {
    ramp_credit_ += RampBillionths();
    if (ramp_credit_ < kBillion) return RejectionReason::kRamping;
    ramp_credit_ -= kBillion;
    return std::nullopt;
  }
  const auto& half_open = policy().half_open;
  int64_t places = *half_open.max_concurrent - ProbesOut();
  if (const auto* fixed = std::get_if<fusebox::ProbeCalls>(&*half_open.verdict)) {
    const auto recorded = static_cast<int64_t>(Recorded().size());
    places = std::min(places, fixed->calls - recorded - ProbesOut());
  }
  if (places <= 0) return RejectionReason::kHalfOpenFull;
  return std::nullopt;
}

bool ReferenceCircuit::IsSlow(const Call& call, const Result& result) const {
  if (call.asks) return false;
  if (!policy().slow_call_duration || !result.timed || result.kind == OutcomeKind::kIgnored) {
    return false;
  }
  const int64_t limit = Nanos(*policy().slow_call_duration);
  if (result.latency) return *result.latency >= limit;
  return call.timed && now_ - call.started >= limit;
}

// Whether what becomes of a call of that epoch can move anything.
bool ReferenceCircuit::IsCurrent(uint64_t epoch, int64_t now) {
  MakeDueMoves(now);
  if (epoch == epoch_) LookAtProbes();
  return epoch == epoch_;
}

void ReferenceCircuit::Return(std::size_t call_index, Result result, int64_t now) {
  const bool current = IsCurrent(calls_[call_index].epoch, now);
  Call& call = calls_[call_index];
  const bool slow = IsSlow(call, result);
  // A dependency that is asked, and has too much to do to say how it is, isn't well.
  if (result.kind == OutcomeKind::kOverload && (!policy().overload_limit || call.asks)) {
    result.kind = OutcomeKind::kFailure;
  }
  const bool overload = result.kind == OutcomeKind::kOverload;
  if (slow && policy().slow_is_failure && !overload) result.kind = OutcomeKind::kFailure;
  const int64_t timeout = Nanos(policy().half_open.probe_timeout);
  if (current && (Probing() || retrying_) && !call.answered && result.cancelled && timeout > 0 &&
      *result.latency * 2 >= timeout) {
    result.kind = OutcomeKind::kFailure;
  }
  call.out = false;
  const bool turned_away = current && call.asks && TurnsAwayWhoAsks(result);
  if (turned_away) {
    result.kind = OutcomeKind::kIgnored;
    asking_stopped_ = true;
    told_.push_back({EventKind::kHealthProbeStopped, state_, state_, mode_, mode_, Cause::kNone,
                     now_, epoch_, false});
  }
  call.kind = overload ? OutcomeKind::kFailure : result.kind;
  call.slow = slow;
  const bool failure = result.kind == OutcomeKind::kFailure;
  if ((failure || overload) && (current || call.epoch == 0)) {
    last_failure_ = Failure{now_, result.code, result.message};
  }
  if (!current) return;
  retrying_since_ = now_;
  const bool was_answered = call.answered;
  // To a probe of R16, an overload is an answer; to no rule is it anything else.
  bool counts = overload ? retrying_ : result.kind != OutcomeKind::kIgnored;
  if (turned_away && !policy().adaptive_recovery) {
    Target half_open;
    half_open.to = State::kHalfOpen;
    half_open.by_calls = true;
    return Move(Cause::kOpenDurationElapsed, now_, half_open);
  }
  if (retrying_ && overload) slow_from_ = 1;
  if (retrying_ && result.kind == OutcomeKind::kSuccess) NoteLatency(call, result);
  if (Probing() && call.answered) {
    // It was a success by its message, unless that was too slow.
    counts = failure && !entries_[*call.entry].failure;
    if (counts) entries_[*call.entry].failure = true;
  } else if (counts) {
    AddEntry(failure, slow);
  }
  Judge(counts, failure ? Failed{result.pushback, result.code == 4} : Failed());
  LeavePlace(call_index, result, was_answered);
  if (overload) MeetOverload(calls_[call_index].started, result);
}

void ReferenceCircuit::ReceiveMessage(std::size_t call_index, const Result& message, int64_t now) {
  if (calls_[call_index].answered) return;
  MakeDueMoves(now);
  const bool limited = policy().hung_calls || closed_with_limit_;
  const bool nobody_cares = mode_ == Mode::kDisabled || (state_ == State::kClosed && !limited);
  if (nobody_cares) return;
  const bool current = IsCurrent(calls_[call_index].epoch, now);
  Call& call = calls_[call_index];
  call.answered = true;
  if (!current) return;
  const bool slow = IsSlow(call, message);
  Result result = message;
  if (slow && policy().slow_is_failure) result.kind = OutcomeKind::kFailure;
  const bool failure = result.kind == OutcomeKind::kFailure;
  if (Probing() || retrying_) call.entry = AddEntry(failure, slow);
  if (retrying_ && !failure) NoteLatency(call, message);
  Judge(Probing() || retrying_, {});
  LeavePlace(call_index, result, /*was_answered=*/false);
}

ReferenceCircuit::Stream ReferenceCircuit::RecordFirstMessage(std::size_t call_index,
                                                              const Result& message, int64_t now) {
  const bool current = IsCurrent(calls_[call_index].epoch, now);
  Call& call = calls_[call_index];
  Stream stream;
  stream.epoch = call.epoch;
  stream.kept_out = call.epoch == 0;
  call.out = false;
  call.slow = IsSlow(call, message);
  const bool failure = call.slow && policy().slow_is_failure;
  call.kind = failure ? OutcomeKind::kFailure : OutcomeKind::kSuccess;
  if (failure && (current || call.epoch == 0)) last_failure_ = Failure{now_, 0, ""};
  if (!current) return stream;
  bool counts = true;
  Result result = message;
  result.kind = call.kind;
  const bool was_answered = call.answered;
  if (retrying_ && !failure) NoteLatency(call, message);
  if (Probing() && call.answered) {
    counts = failure && !entries_[*call.entry].failure;
    if (counts) entries_[*call.entry].failure = true;
    if (!entries_[*call.entry].failure) stream.entry = call.entry;
  } else {
    const std::size_t entry = AddEntry(failure, call.slow, !failure);
    if (!failure) stream.entry = entry;
  }
  Judge(counts, {});
  LeavePlace(call_index, result, was_answered);
  return stream;
}

void ReferenceCircuit::CountFailure(const Result& failure) {
  Call call;
  call.out = false;
  call.kind = OutcomeKind::kFailure;
  calls_.push_back(call);
  last_failure_ = Failure{now_, failure.code, failure.message};
}

void ReferenceCircuit::Report(const Result& failure, int64_t now) {
  MakeDueMoves(now);
  CountFailure(failure);
  if (!Watching() || mode_ == Mode::kDisabled) return;
  if (failure.kind == OutcomeKind::kOverload && policy().overload_limit) {
    return MeetOverload(now_ - Patience(), failure);
  }
  AddEntry(true, false);
  Judge(true, {failure.pushback, failure.code == 4});
}

void ReferenceCircuit::Report(const Result& failure, const Stream& stream, int64_t now) {
  const bool current = IsCurrent(stream.epoch, now);
  const bool overload = failure.kind == OutcomeKind::kOverload && policy().overload_limit;
  if (!stream.kept_out && (overload || !(current && stream.entry))) return Report(failure, now);
  CountFailure(failure);
  if (stream.kept_out) return;
  TakeBack(*stream.entry);
  Judge(true, {failure.pushback, failure.code == 4});
}

std::size_t ReferenceCircuit::AddEntry(bool failure, bool slow, bool first_message) {
  Entry entry;
  entry.epoch = epoch_;
  entry.at = now_;
  entry.failure = failure;
  entry.slow = slow;
  entry.in_run = failure ? Entry::InRun::kFailure : Entry::InRun::kSuccess;
  if (Watching()) heard_.push_back({entries_.size(), failure, now_, epoch_, first_message});
  entries_.push_back(entry);
  return entries_.size() - 1;
}

// That success was none: it ends no run, and where it still is it's a failure.
void ReferenceCircuit::TakeBack(std::size_t entry) {
  const bool inside = Probing() || IsInWindow(entry);
  entries_[entry].in_run = Entry::InRun::kNothing;
  if (inside) entries_[entry].failure = true;
  if (Probing()) return;
  // Nothing is learnt from it, unless a success has come since that stays.
  for (auto heard = heard_.rbegin(); heard != heard_.rend(); ++heard) {
    if (heard->entry == entry) heard->taken_back = true;
    if (heard->entry == entry || !(heard->failure || heard->first_message)) break;
  }
  // The run is what it would have been without it.
  const std::size_t added = AddEntry(true, false);
  heard_.back().known_before = true;
  entries_[added].in_window = !inside;
}

void ReferenceCircuit::Judge(bool counts, Failed failed) {
  if (Watching()) {
    std::optional<Cause> cause;
    if (counts) cause = TripRuleThatHolds();
    if (!cause && HungCallsHold()) cause = Cause::kHungCalls;
    if (cause) OpenByRule(*cause, now_, failed);
  } else if (retrying_) {
    if (!counts) return;
    if (entries_.back().failure) {
      OpenByRule(Cause::kProbeFailed, now_, failed);
    } else {
      Target half_open;
      half_open.to = State::kHalfOpen;
      half_open.by_calls = true;
      half_open.slow_start = policy().adaptive_recovery.has_value();
      Move(Cause::kProbesSucceeded, now_, half_open);
    }
  } else if (const auto cause = counts ? Verdict() : std::nullopt) {
    if (*cause != Cause::kProbesSucceeded) {
      OpenByRule(*cause, now_, failed);
    } else if (policy().ramp) {
      Target ramp;
      ramp.to = State::kHalfOpen;
      ramp.ramping = true;
      Move(*cause, now_, ramp);
    } else {
      Move(*cause, now_, {});
    }
  }
}

void ReferenceCircuit::Reset(int64_t now) {
  MakeDueMoves(now);
  Target closed;
  closed.mode = Mode::kAutomatic;
  closed.by_operator = true;
  heard_.clear();
  hearing_since_ = now_;
  asking_stopped_ = false;
  refusals_ = 0;
  Move(Cause::kReset, now_, closed);
}

void ReferenceCircuit::ForceOpen(std::optional<int64_t> ttl, int64_t now) {
  MakeDueMoves(now);
  Target open;
  open.to = State::kOpen;
  open.mode = Mode::kForcedOpen;
  open.by_operator = true;
  Move(Cause::kForcedOpen, now_, open);
  open_until_ = std::nullopt;
  if (ttl) open_until_ = now_ + *ttl;
}

void ReferenceCircuit::Disable(int64_t now) {
  MakeDueMoves(now);
  Target closed;
  closed.mode = Mode::kDisabled;
  closed.by_operator = true;
  if (mode_ != Mode::kDisabled) Move(Cause::kDisabled, now_, closed);
}

void ReferenceCircuit::Shadow(int64_t now) {
  MakeDueMoves(now);
  Target closed;
  closed.mode = Mode::kShadow;
  closed.by_operator = true;
  if (mode_ != Mode::kShadow) Move(Cause::kShadowed, now_, closed);
}

void ReferenceCircuit::Automate(int64_t now) {
  MakeDueMoves(now);
  if (mode_ == Mode::kAutomatic) return;
  const bool forced = mode_ == Mode::kForcedOpen;
  Target target;
  target.to = forced ? State::kHalfOpen : State::kClosed;
  target.mode = Mode::kAutomatic;
  target.by_operator = true;
  Move(forced ? Cause::kReleased : Cause::kAutomated, now_, target);
}

void ReferenceCircuit::SetPolicy(const ReferencePolicy& policy, int64_t now) {
  MakeDueMoves(now);
  openings_in_a_row_ = OpeningsInARow();
  if (!policy_.policy.improbable_run) {
    heard_.clear();
    hearing_since_ = now_;
  }
  policy_ = policy.InForce();
  asking_stopped_ = false;
  refusals_ = 0;
  probed_before_ = Window();
  openings_in_a_row_ = OpeningsInARow();
  EndLimit(now_);
  if (state_ == State::kClosed) usual_latency_ = 0;
  ++epoch_;
  last_look_.reset();
  armed_at_.reset();
  ramping_ = false;
  if (retrying_) open_until_ = now_;
  retrying_ = false;
  slow_start_ = state_ == State::kHalfOpen && this->policy().adaptive_recovery;
  if (slow_start_) StartSlowly(now_);
  if (!this->policy().adaptive_recovery) outage_.reset();
  told_.push_back({EventKind::kPolicyChanged, state_, state_, mode_, mode_, Cause::kPolicyChanged,
                   now_, epoch_, true});
  if (slow_start_) {
    told_.push_back({EventKind::kSlowStartBegan, state_, state_, mode_, mode_,
                     Cause::kPolicyChanged, now_, epoch_, true});
  }
}

void ReferenceCircuit::MakeDueMoves(int64_t now) {
  now_ = std::max(now_, now);
  in_flight_ = InFlight();
  refused_ = rejected_ + too_many_calls_ + would_reject_;
  while (const auto due = NextDue()) {
    if (*due > now_) return;
    if (closed_with_limit_) {
      EndLimit(*due);
      usual_latency_ = 0;
      continue;
    }
    Target half_open;
    half_open.to = State::kHalfOpen;
    if (mode_ == Mode::kForcedOpen) {
      half_open.mode = Mode::kAutomatic;
      Move(Cause::kForcedOpenEnded, *due, half_open);
    } else if (state_ == State::kOpen) {
      half_open.by_calls = retrying_ || awaits_connection_;
      half_open.slow_start = policy().adaptive_recovery && half_open.by_calls;
      Move(Cause::kOpenDurationElapsed, *due, half_open);
    } else {
      Move(Cause::kRampEnded, *due, {});
    }
  }
}

std::optional<int64_t> ReferenceCircuit::NextDue() const {
  if (state_ == State::kOpen && !retrying_) return open_until_;
  if (retrying_ && ProbesOut() == 0) return retrying_since_ + 30 * kBillion;
  if (retrying_ && ProbeRunsOut()) return *ProbeRunsOut() + 30 * kBillion;
  if (closed_with_limit_) return std::max(last_held_ + 60 * kBillion, held_until_.value_or(0));
  if (ramping_) return ramping_since_ + Nanos(policy().ramp->duration);
  return std::nullopt;
}

std::optional<int64_t> ReferenceCircuit::Forgets() const {
  if (!closed_at_ || !policy().backoff_memory) return std::nullopt;
  return *closed_at_ + Nanos(*policy().backoff_memory);
}

int64_t ReferenceCircuit::OpeningsInARow() const {
  return closed_at_ && now_ >= Forgets().value_or(now_) ? 0 : openings_in_a_row_;
}

std::optional<int64_t> ReferenceCircuit::NextProbe() const {
  if (state_ != State::kOpen || awaits_connection_) return std::nullopt;
  if (!retrying_) return open_until_;
  return ProbesOut() == 0 ? std::optional<int64_t>(now_) : std::nullopt;
}

std::optional<int64_t> ReferenceCircuit::ProbeRunsOut() const {
  const int64_t timeout = Nanos(policy().half_open.probe_timeout);
  if (!(Probing() || retrying_) || timeout == 0) return std::nullopt;
  std::optional<int64_t> due;
  for (const Call& call : calls_) {
    if (!call.out || call.answered || call.epoch != epoch_) continue;
    due = std::min(due.value_or(call.started + timeout), call.started + timeout);
  }
  return due;
}

// One look at the calls that are out, which found that they hang or not.
bool ReferenceCircuit::Look(bool found, int64_t age) {
  const bool looked_lately = last_look_ && now_ - *last_look_ <= age / 2;
  last_look_ = now_;
  if (!found) {
    armed_at_.reset();
    return false;
  }
  if (armed_at_) return now_ - *armed_at_ >= std::min<int64_t>(age / 8, 100'000'000);
  if (looked_lately) return true;
  armed_at_ = now_;
  return false;
}

void ReferenceCircuit::LookAtProbes() {
  const int64_t timeout = Nanos(policy().half_open.probe_timeout);
  if (!(Probing() || retrying_) || timeout == 0) return;
  const auto runs_out = ProbeRunsOut();
  if (Look(runs_out && *runs_out <= now_, timeout)) OpenByRule(Cause::kProbeTimeout, now_, {});
}

std::vector<ReferenceCircuit::Entry> ReferenceCircuit::Recorded() const {
  std::vector<Entry> recorded;
  for (const Entry& entry : entries_) {
    if (entry.epoch == epoch_) recorded.push_back(entry);
  }
  return recorded;
}

bool ReferenceCircuit::IsInWindow(std::size_t entry) const {
  if (entries_[entry].epoch != epoch_ || !entries_[entry].in_window) return false;
  if (const auto* count = std::get_if<fusebox::CountWindow>(&policy().window)) {
    int64_t later = 0;
    for (std::size_t i = entry + 1; i < entries_.size(); ++i) later += entries_[i].in_window;
    return later < count->size;
  }
  const auto& time = std::get<fusebox::TimeWindow>(policy().window);
  const int64_t length = Nanos(time.duration) / time.buckets;
  return SliceOf(entries_[entry].at, length) > SliceOf(now_, length) - time.buckets;
}

ReferenceCircuit::Window ReferenceCircuit::CountWindow() const {
  Window window;
  if (!Watching()) return window;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!IsInWindow(i)) continue;
    ++window.recorded;
    window.failures += entries_[i].failure ? 1 : 0;
    window.slow += entries_[i].slow ? 1 : 0;
  }
  return window;
}

int64_t ReferenceCircuit::FailuresInARow() const {
  int64_t run = 0;
  if (!Watching()) return run;
  for (const Entry& entry : Recorded()) {
    if (entry.in_run == Entry::InRun::kSuccess) run = 0;
    if (entry.in_run == Entry::InRun::kFailure) ++run;
  }
  return run;
}

// Without those from before a gap of ten minutes.
int64_t ReferenceCircuit::RecentFailuresInARow() const {
  int64_t run = 0;
  std::optional<int64_t> last;
  for (const Entry& entry : Recorded()) {
    if (entry.in_run == Entry::InRun::kSuccess) run = 0;
    if (entry.in_run != Entry::InRun::kFailure) continue;
    if (last && entry.at - *last > 600 * kBillion) run = 0;
    last = entry.at;
    ++run;
  }
  return run;
}

std::optional<Cause> ReferenceCircuit::TripRuleThatHolds() const {
  const Window window = CountWindow();
  const bool enough = window.recorded >= policy().minimum_calls;
  if (policy().consecutive_failures && FailuresInARow() >= *policy().consecutive_failures) {
    return Cause::kConsecutiveFailures;
  }
  if (policy().improbable_run && ImprobableRunHolds()) return Cause::kImprobableRun;
  if (policy().failures_in_window && window.failures >= *policy().failures_in_window) {
    return Cause::kFailuresInWindow;
  }
  if (policy().failure_rate && enough &&
      Reached(window.failures, window.recorded, policy_.failure_rate)) {
    return Cause::kFailureRate;
  }
  if (policy().slow_call_rate && enough &&
      Reached(window.slow, window.recorded, policy_.slow_call_rate)) {
    return Cause::kSlowCallRate;
  }
  return std::nullopt;
}

// Whether chance brings about such a run less than once in `once_per`.
bool ReferenceCircuit::ImprobableRunHolds() const {
  if (heard_.empty() || !heard_.back().failure || heard_.back().epoch != epoch_) return false;
  constexpr long double kLess = 31.0L / 32;           // of the share, with each call
  constexpr long double kLessPerStep = 159.0L / 160;  // of the rate, with each 16th of a second
  constexpr int64_t kStep = kBillion / 16;
  constexpr int64_t kParts = 1 << 20;  // the rate is in such parts of a call a second
  long double share = 0;
  int64_t successes = 0;
  int64_t run = 0;  // of failures, when the next one came
  uint64_t epoch = 0;
  int64_t since = hearing_since_;
  int64_t calls = 0;
  bool known = false;
  int64_t rate = 0;
  for (const Heard& heard : heard_) {
    calls += heard.known_before ? 0 : 1;
    if (heard.taken_back) continue;
    if (epoch != heard.epoch) run = 0;
    epoch = heard.epoch;
    if (!heard.failure) {
      if (run > 0) {
        share = 1 - (1 - share * std::pow(kLess, successes)) * std::pow(kLess, run);
        successes = 0;
      }
      ++successes;
      run = 0;
      continue;
    }
    ++run;
    const int64_t steps = (heard.at - since) / kStep;
    if (known && steps == 0) continue;
    const int64_t present = calls * 16 * kParts / std::max<int64_t>(steps, 16);
    if (!known) {
      rate = present;
    } else {
      const long double left = std::pow(kLessPerStep, steps);
      const auto recent = static_cast<long double>(calls * 16 * kParts / steps);
      rate = static_cast<int64_t>(left * static_cast<long double>(rate)) +
             static_cast<int64_t>((1 - left) * recent);
    }
    if (!known && steps < 16) continue;
    known = true;
    since += steps * kStep;
    calls = 0;
  }
  run = RecentFailuresInARow();
  if (run < policy().improbable_run->min_failures) return false;
  const long double p = std::max(0.05L, share * std::pow(kLess, successes));
  long double chance = 1;
  for (int64_t i = 0; i < run; ++i) {
    const auto before = static_cast<long double>(std::min<int64_t>(i, 256));
    chance *= (63 * p + before) / (63 + before);
  }
  const long double once_per = Nanos(policy().improbable_run->once_per) / 1e9L;
  // Just one is less than one: what the machine reckons with is cut off.
  return static_cast<long double>(rate) / kParts * once_per * chance < 1 + 1e-12L;
}

// How long it awaits a connection without a call.
int64_t ReferenceCircuit::AwaitsFor() const {
  if (policy().adaptive_recovery) return 30 * kBillion;
  return std::min(60 * kBillion, Nanos(*policy().open_duration));
}

std::optional<Cause> ReferenceCircuit::Verdict() const {
  int64_t recorded = probed_before_.recorded;
  int64_t failures = probed_before_.failures;
  int64_t slow = probed_before_.slow;
  for (const Entry& entry : Recorded()) {
    ++recorded;
    failures += entry.failure ? 1 : 0;
    slow += entry.slow ? 1 : 0;
  }
  if (const auto* threshold =
          std::get_if<fusebox::SuccessThreshold>(&*policy().half_open.verdict)) {
    if (failures > 0) return Cause::kProbeFailed;
    if (recorded >= threshold->successes) return Cause::kProbesSucceeded;
    return std::nullopt;
  }
  if (recorded < std::get<fusebox::ProbeCalls>(*policy().half_open.verdict).calls) {
    return std::nullopt;
  }
  if (policy().failure_rate && Reached(failures, recorded, policy_.failure_rate)) {
    return Cause::kProbeFailureRate;
  }
  if (policy().slow_call_rate && Reached(slow, recorded, policy_.slow_call_rate)) {
    return Cause::kProbeSlowCallRate;
  }
  return Cause::kProbesSucceeded;
}

int64_t ReferenceCircuit::OpenLength(int64_t pushback) const {
  const int64_t most = Nanos(policy().max_open_duration);
  // open_duration * (part / whole)^(k - 1), as far as that is below the maximum.
  int64_t part = Nanos(*policy().open_duration);
  int64_t whole = 1;
  for (int64_t k = 1; k < openings_in_a_row_ && part / whole < most; ++k) {
    part *= policy_.backoff.part;
    whole *= policy_.backoff.whole;
  }
  return std::max(std::min(part / whole, most), std::min(pushback, most));
}

// t * sqrt(2c / n), in whole microseconds.
int64_t ReferenceCircuit::ProbeGap(int64_t at) const {
  const absl::int128 micros = (at - outage_->began) / 1'000;
  const int64_t calls = std::max<int64_t>(1, refused_ - outage_->refused_before);
  const int64_t cost = 2 * kBillion * policy_.probe_cost.part / policy_.probe_cost.whole;
  const absl::int128 each = micros * micros / calls;
  if (each > absl::int128(kBillion) * kBillion) return 30 * kBillion;  // for any cost
  const absl::int128 square = each * cost / kBillion;
  int64_t gap = 0;
  for (int64_t step = int64_t{1} << 25; step > 0; step /= 2) {
    if (absl::int128(gap + step) * (gap + step) <= square) gap += step;
  }
  const int64_t least = std::max<int64_t>(50'000'000, 2 * usual_latency_);
  return std::min(std::max(gap * 1'000, least), 30 * kBillion);
}

// Whether the dependency is asked in place of calls.
bool ReferenceCircuit::Asks() const {
  return policy().health_probe && !asking_stopped_ && mode_ != Mode::kShadow;
}

// There is no point in asking again.
bool ReferenceCircuit::TurnsAwayWhoAsks(const Result& answer) {
  if (answer.kind == OutcomeKind::kIgnored) return false;
  const bool failure = answer.kind == OutcomeKind::kFailure;
  const bool refuses = answer.code == 5 || answer.code == 7 || answer.code == 16;
  refusals_ = failure && refuses ? refusals_ + 1 : 0;
  return failure && (answer.code == 12 || refusals_ == 3);
}

int64_t ReferenceCircuit::Patience() const { return std::max(kBillion, 10 * usual_latency_); }

int64_t ReferenceCircuit::Inside() const {
  return std::count_if(calls_.begin(), calls_.end(),
                       [](const Call& call) { return call.has_place; });
}

// Whoever has had a place for too long has none any more.
void ReferenceCircuit::ForgetPlaces() {
  constexpr int64_t kLength = kBillion / 16;
  for (Call& call : calls_) {
    const int64_t end_of_slice = (SliceOf(call.place_since, kLength) + 1) * kLength;
    if (end_of_slice > now_ - Patience()) continue;
    call.has_place = false;
    call.forgotten = true;
  }
}

void ReferenceCircuit::StartSlowly(int64_t at) {
  limit_ = kUnit * (slow_from_ == -1 ? 2 : std::min<int64_t>(2, slow_from_));
  grows_until_.reset();
  if (slow_from_ != -1) grows_until_ = kUnit * slow_from_;
  Limit(at, 0);
}

// From then on, while that many calls are out that have a place already.
void ReferenceCircuit::Limit(int64_t at, int64_t out) {
  last_held_ = last_admitted_ = limited_since_ = at;
  out_at_beginning_ = out;
  last_cut_.reset();
  held_until_.reset();
  last_growth_.reset();
  inside_before_ = 0;
  share_ = 0;
  for (Call& call : calls_) {
    call.has_place = out > 0 && call.out;
    call.place_since = at;
    call.forgotten = false;
    call.inside = 0;
  }
}

void ReferenceCircuit::MeetOverload(int64_t started, const Result& result) {
  if (state_ == State::kClosed && !closed_with_limit_) {
    closed_with_limit_ = true;
    limit_ = kUnit * int64_t{100'000'000};
    Limit(now_, InFlight());
    told_.push_back(
        {EventKind::kLimitBegan, state_, state_, mode_, mode_, Cause::kNone, now_, epoch_, false});
  }
  if (!Limiting()) return;
  if (!last_cut_ || started > *last_cut_) {
    const int64_t used = std::min(limit_, kUnit * (Inside() + inside_before_ + 1));
    const Fraction& ratio = policy_.overload_ratio;
    limit_ = std::max<int64_t>(15'625, used * ratio.part / ratio.whole);
    grows_until_ = limit_;
    last_cut_ = last_held_ = now_;
    last_growth_.reset();
  }
  const int64_t asked = std::min(result.pushback, Nanos(policy().max_open_duration));
  if (asked > 0) held_until_ = std::max(held_until_.value_or(now_), now_ + asked);
}

void ReferenceCircuit::Grow() {
  if (held_until_ && now_ < *held_until_) return;
  if (limit_ < kUnit) {
    limit_ = std::min<int64_t>(kUnit, limit_ + limit_ / 4);
  } else if (!grows_until_ || limit_ < *grows_until_) {
    limit_ += kUnit;
  } else {
    const int64_t in_a_round_trip = limit_ < 8 * kUnit ? kUnit * kUnit / 8 / limit_ : kUnit / 64;
    int64_t growth = std::max(in_a_round_trip * kUnit / limit_, kUnit / 1024);
    if (!last_growth_ || now_ > *last_growth_ + 10 * kBillion) grows_since_ = now_;
    last_growth_ = now_;
    for (int i = 1; i <= 10 && now_ - grows_since_ >= i * 10 * kBillion; ++i) growth *= 2;
    limit_ += growth;
  }
}

void ReferenceCircuit::NoteLatency(const Call& call, const Result& result) {
  if (!result.timed || call.asks) return;
  const int64_t took =
      std::clamp<int64_t>(result.latency.value_or(now_ - call.started), 0, 3'600 * kBillion);
  usual_latency_ = usual_latency_ == 0 ? took : usual_latency_ + (took - usual_latency_) / 8;
}

void ReferenceCircuit::LeavePlace(std::size_t call_index, const Result& result, bool was_answered) {
  Call& call = calls_[call_index];
  if (!Limiting() || call.epoch != epoch_) return;
  const bool success = result.kind == OutcomeKind::kSuccess;
  if (!was_answered) {
    ForgetPlaces();
    if (success) inside_before_ = 0;
    const bool had_place = std::exchange(call.has_place, false);
    const auto slice = [](int64_t at) { return SliceOf(at, kBillion / 16); };
    const int64_t in = slice(call.place_since);
    int64_t most = in == slice(limited_since_) ? out_at_beginning_ : 0;
    for (const Call& other : calls_) {
      if (other.epoch == epoch_ && slice(other.place_since) == in) {
        most = std::max(most, other.inside);
      }
    }
    if (success && (call.forgotten || (had_place && most * kUnit * 2 >= limit_))) Grow();
    if (success && (result.latency || call.started > limited_since_)) NoteLatency(call, result);
  }
  const int64_t calm = slow_start_ ? Patience() : std::max(10 * kBillion, Patience());
  if (!success || now_ < std::max(last_held_ + calm, held_until_.value_or(0))) return;
  if (slow_start_) return Move(Cause::kSlowStartEnded, now_, {});
  EndLimit(now_);
  usual_latency_ = 0;
}

void ReferenceCircuit::EndLimit(int64_t at) {
  if (!closed_with_limit_) return;
  closed_with_limit_ = false;
  told_.push_back(
      {EventKind::kLimitEnded, state_, state_, mode_, mode_, Cause::kNone, at, epoch_, false});
}

void ReferenceCircuit::OpenByRule(Cause cause, int64_t at, Failed failed) {
  Target open;
  open.to = State::kOpen;
  open.by_rule = true;
  open.pushback = failed.pushback;
  open.no_answer = failed.no_answer || cause == Cause::kHungCalls || cause == Cause::kProbeTimeout;
  Move(cause, at, open);
}

void ReferenceCircuit::Open(int64_t at, const Target& target, bool goes_on) {
  if (policy().adaptive_recovery) {
    if (!goes_on) slow_from_ = target.no_answer ? std::max<int64_t>(1, in_flight_ / 2) : -1;
    if (!outage_) outage_ = Outage{at, refused_};
  }
  if (mode_ == Mode::kForcedOpen) return;
  if (!policy().adaptive_recovery) {
    ++openings_in_a_row_;
    open_until_ = at + OpenLength(target.pushback);
    return;
  }
  const int64_t asked = std::min(target.pushback, Nanos(policy().max_open_duration));
  open_until_ = at + std::max(ProbeGap(at), asked);
}

void ReferenceCircuit::Move(Cause cause, int64_t at, const Target& target) {
  const State from = state_;
  const Mode mode_from = mode_;
  EndLimit(at);
  if (cause == Cause::kNotConnected) {
    for (const Entry& entry : Recorded()) {
      ++probed_before_.recorded;
      probed_before_.failures += entry.failure ? 1 : 0;
      probed_before_.slow += entry.slow ? 1 : 0;
    }
  } else if (!(awaits_connection_ || retrying_) || target.to != State::kHalfOpen) {
    probed_before_ = Window();
  }
  const bool was_retrying = retrying_;
  // Where several probes would decide, one does; where calls would be probes, an answer is.
  retrying_ = target.to == State::kHalfOpen && !target.ramping && !target.slow_start &&
              !target.by_calls && (policy().adaptive_recovery || Asks());
  retrying_since_ = at;
  state_ = retrying_ ? State::kOpen : target.to;
  mode_ = target.mode.value_or(mode_);
  ++epoch_;
  last_look_.reset();
  armed_at_.reset();
  ramping_ = target.ramping;
  ramping_since_ = at;
  ramp_credit_ = 0;
  slow_start_ = target.slow_start;
  if (slow_start_) StartSlowly(at);
  awaits_connection_ = cause == Cause::kNotConnected;
  const bool goes_on = was_retrying && state_ == State::kOpen && mode_ != Mode::kForcedOpen;
  if (!goes_on && !retrying_) has_rejected_ = false;
  // The openings before count while CLOSED for less than the memory; a closing without one, or by
  // an operator, is the end of them.
  const auto forgets = Forgets();
  if (forgets && at >= *forgets) openings_in_a_row_ = 0;
  closed_at_.reset();
  if (state_ == State::kClosed) {
    if (target.by_operator || !policy().backoff_memory) openings_in_a_row_ = 0;
    if (openings_in_a_row_ > 0) closed_at_ = at;
    outage_.reset();
    // What slow start has learnt of a dependency that gave no answers stays.
    const int64_t forgotten_at =
        std::max(last_held_ + std::max(10 * kBillion, Patience()), held_until_.value_or(0));
    closed_with_limit_ =
        cause == Cause::kSlowStartEnded && grows_until_.has_value() && at < forgotten_at;
    if (!closed_with_limit_) usual_latency_ = 0;
    inside_before_ = Inside();
    for (Call& call : calls_) call.has_place = false;
    out_at_beginning_ = 0;
  }
  if (awaits_connection_) {
    open_until_ = at + AwaitsFor();
    has_rejected_ = true;
  } else if (state_ == State::kOpen && !retrying_) {
    Open(at, target, goes_on);
  }
  const auto tell = [&](bool whether, EventKind kind) {
    if (!whether) return;
    told_.push_back({kind, from, state_, mode_from, mode_, cause, at, epoch_, target.by_operator});
  };
  tell(target.by_rule, was_retrying ? EventKind::kProbeFailed : EventKind::kRuleExceeded);
  tell(cause == Cause::kReset, EventKind::kReset);
  tell(mode_ != mode_from || cause == Cause::kForcedOpen, EventKind::kModeChanged);
  tell(ramping_, EventKind::kRampStarted);
  tell(slow_start_, EventKind::kSlowStartBegan);
  tell(state_ != from, EventKind::kTransition);
  if (!closed_with_limit_) return;
  told_.push_back(
      {EventKind::kLimitBegan, state_, state_, mode_, mode_, Cause::kNone, at, epoch_, false});
}

bool ReferenceCircuit::HungCallsHold() {
  if (!Watching() || !policy().hung_calls) return false;
  const int64_t age = Nanos(policy().hung_calls->age);
  const int64_t length = age / 8;
  int64_t hung = 0;
  for (const Call& call : calls_) {
    const int64_t end_of_slice = (SliceOf(call.started, length) + 1) * length;
    const bool waits = call.out && !call.answered && call.epoch == epoch_;
    hung += waits && end_of_slice <= now_ - age ? 1 : 0;
  }
  return Look(hung >= policy().hung_calls->count, age);
}

int64_t ReferenceCircuit::RampBillionths() const {
  if (!ramping_) return 0;
  const int64_t initial = policy_.ramp_initial;
  const absl::int128 growth = absl::int128(kBillion - initial) * (now_ - ramping_since_);
  return initial + static_cast<int64_t>(growth / Nanos(policy().ramp->duration));
}

int64_t ReferenceCircuit::InFlight() const {
  return std::count_if(calls_.begin(), calls_.end(), [](const Call& call) { return call.out; });
}

int64_t ReferenceCircuit::ProbesOut() const {
  if (!Probing() && !retrying_) return 0;
  return std::count_if(calls_.begin(), calls_.end(), [&](const Call& call) {
    return call.out && !call.answered && call.epoch == epoch_;
  });
}

int64_t ReferenceCircuit::Returned(OutcomeKind kind) const {
  return std::count_if(calls_.begin(), calls_.end(),
                       [&](const Call& call) { return !call.out && call.kind == kind; });
}

int64_t ReferenceCircuit::Slow() const {
  return std::count_if(calls_.begin(), calls_.end(), [](const Call& call) { return call.slow; });
}

int64_t ReferenceCircuit::Transitions(State from, State to) const {
  return std::count_if(told_.begin(), told_.end(), [&](const Told& told) {
    return told.kind == EventKind::kTransition && told.from == from && told.to == to;
  });
}

std::optional<int64_t> ReferenceCircuit::LastTransition() const {
  std::optional<int64_t> last;
  for (const Told& told : told_) {
    if (told.kind == EventKind::kTransition) last = told.at;
  }
  return last;
}

}  // namespace fusebox_testing
