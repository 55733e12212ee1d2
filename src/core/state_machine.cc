// SPDX-License-Identifier: Apache-2.0
#include "src/core/state_machine.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/base/counted.h"
#include "src/base/dcheck.h"
#include "src/base/operator_verbs.h"
#include "src/base/text.h"
#include "src/core/exact.h"
#include "src/core/probe_gaps.h"
#include "src/core/transition_table.h"
#include "src/core/tunable.h"

namespace fusebox::internal {
namespace {

// Whether that verb of an operator's does something in that mode. Most ask for a mode, and leave a
// circuit alone that is in it.
bool DoesMore(Cause verb, Mode mode) {
  constexpr bool kAgain = true;
  constexpr bool kOnce = false;
  bool again = false;
#define FUSEBOX_AGAIN(name, field, cause, repeated, ...) \
  if (verb == Cause::cause) again = repeated;
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_AGAIN)
#undef FUSEBOX_AGAIN
  return again || RowOf(verb).mode != mode;
}

// For how long a connection that a call had is taken for one that is there.
constexpr absl::Duration kFreshConnection = absl::Seconds(1);

// For how long a CLOSED circuit keeps a limit after the last call that was held back: too much once
// may soon be too much again, and a limit that holds nothing back does no harm. With calls that
// come back, and without.
FUSEBOX_TUNABLE(absl::Duration, kKeptLimit, absl::Seconds(10));
FUSEBOX_TUNABLE(absl::Duration, kLongestLimit, absl::Seconds(60));

// What is long for a call, and for how long a calm has to last.
FUSEBOX_TUNABLE(absl::Duration, kLeastLong, absl::Seconds(1));
FUSEBOX_TUNABLE(int64_t, kLatenciesPerLong, 10);

// Of how many calls the usual latency is.
FUSEBOX_TUNABLE(int64_t, kLatencyCalls, 8);

// The part of the calls in flight from where on a dependency that gave no answer comes back slowly.
FUSEBOX_TUNABLE(int64_t, kPartAfterHang, 2);

// Whether a failed recovery belongs to the outage before, and whether a dependency that gave no
// answer comes back with a limit. Off only to measure what they are worth.
FUSEBOX_TUNABLE(bool, kOutagesGoOn, true);
FUSEBOX_TUNABLE(bool, kHungIsSlow, true);

std::string LimitText(const CongestionWindow& limit) {
  if (limit.size() < 1) return absl::StrCat(std::lround(limit.size() * 100), "% of the calls");
  return absl::StrCat("at most ", Counted(std::lround(std::floor(limit.size())), "call"),
                      " in flight");
}

std::string NoneWasHeldBack(absl::Duration span) {
  return absl::StrCat("no call was held back for ", DurationText(span));
}

// Ten times what calls take usually; a second at least, also while that isn't known.
absl::Duration LongFor(absl::Duration usual_latency) {
  return std::max(kLeastLong, kLatenciesPerLong * usual_latency);
}

// Empty for a call that the trip rules don't see.
std::optional<WindowEntry> EntryOf(const CallRecord& call) {
  if (call.kind == OutcomeKind::kIgnored || call.kind == OutcomeKind::kOverload) {
    return std::nullopt;
  }
  return WindowEntry{call.kind == OutcomeKind::kFailure, call.slow};
}

EvidenceLog::Call EvidenceFrom(const Outcome& outcome) {
  return {outcome.code, outcome.message, outcome.peer};
}

// Whether an overload is one (R18).
OutcomeKind KindUnder(const Policy& policy, OutcomeKind kind) {
  const bool plain = kind == OutcomeKind::kOverload && !policy.overload_limit;
  return plain ? OutcomeKind::kFailure : kind;
}

}  // namespace

CallRecord Judge(const Policy& policy, const Outcome& outcome, bool slow) {
  CallRecord call;
  call.kind = KindUnder(policy, outcome.kind);
  call.slow = slow;
  if (slow && policy.slow_is_failure && !IsFailure(call.kind)) call.kind = OutcomeKind::kFailure;
  if (IsFailure(call.kind)) call.pushback = outcome.pushback;
  call.cancelled = outcome.cancelled;
  call.latency = outcome.latency;
  call.timed = outcome.timed;
  call.evidence = EvidenceFrom(outcome);
  return call;
}

CallRecord JudgeFailure(const Policy& policy, const Outcome& outcome) {
  CallRecord failure;
  failure.kind = IsFailure(outcome.kind) ? KindUnder(policy, outcome.kind) : OutcomeKind::kFailure;
  failure.pushback = outcome.pushback;
  failure.evidence = EvidenceFrom(outcome);
  return failure;
}

StateMachine::StateMachine(std::shared_ptr<const Policy> policy, Seed seed,
                           absl::string_view circuit, SteadyTime now,
                           const std::optional<Opening>& opening, CountsSource counts)
    : policy_(std::move(policy)),
      counts_(counts),
      open_duration_(seed, circuit),
      now_(now),
      averages_(policy_->improbable_run ? std::make_unique<CallAverages>(now) : nullptr),
      hung_calls_(policy_->hung_calls ? std::make_unique<HungCallSlots>() : nullptr),
      state_(std::in_place_type<ClosedState>, *policy_, Memory(), epoch_, now) {
  if (!opening) return;
  open_duration_.in_a_row().StartAt(opening->in_a_row);
  if (policy_->adaptive_recovery) recovery().outage = opening->outage;
  if (opening->until <= now_) {
    if (!policy_->adaptive_recovery && !asks()) {
      state_.emplace<ProbingState>(*policy_, opening->probed);
      return;
    }
    state_.emplace<RetryingState>(*policy_, /*rejected_before=*/true, now_);
  }
  if (opening->probed.recorded > 0) {
    probed_ = std::make_unique<const WindowCounts>(opening->probed);
  }
  if (opening->until <= now_) return;
  OpenState open;
  open.until = opening->until;
  open.at_end = {Cause::kOpenDurationElapsed,
                 absl::StrCat("open for another ", DurationText(opening->until - now_))};
  open.has_rejected = true;  // there is nothing new in it
  state_ = std::move(open);
}

StateMachine::Grant StateMachine::Acquire(SteadyTime now, int64_t in_flight, Reach reach,
                                          Changes& changes) {
  AdvanceTo(now, changes);
  Grant grant;
  if (mode_ == Mode::kDisabled) {
    grant.admitted = true;
  } else {
    grant = Decide(in_flight, reach, changes);
    if (!grant.admitted && mode_ == Mode::kShadow) {
      grant.admitted = grant.would_reject = true;
    } else if (grant.admitted || grant.asks) {
      grant.ticket.epoch = epoch_;
    }
  }
  grant.ticket.start = now_;
  return grant;
}

StateMachine::Grant StateMachine::Decide(int64_t in_flight, Reach reach, Changes& changes) {
  if (FailureWatch* const watching = watch()) {
    if (std::optional<Verdict> verdict = watching->CheckHungCalls(now_)) {
      CarryOut(*std::move(verdict), now_, {}, changes);
    }
  }
  LookAtProbes(changes);
  if (std::optional<Grant> rejection = LookAtConnection(reach != Reach::kNone, changes)) {
    return *std::move(rejection);
  }
  const bool by_asking = reach == Reach::kAsk && asks();
  if (waits_for_probe() && !by_asking && !policy_->adaptive_recovery && probes_out() == 0) {
    CarryOut({Cause::kOpenDurationElapsed, "a probe was due"}, now_, {}, changes);
  }
  if (auto* open = std::get_if<OpenState>(&state_)) {
    const auto reason =
        mode_ == Mode::kForcedOpen ? RejectionReason::kForcedOpen : RejectionReason::kOpen;
    TellFirstRejection(open->has_rejected, changes);
    return Reject(reason, open->until ? *open->until - now_ : absl::InfiniteDuration());
  }
  if (policy_->max_in_flight && in_flight >= *policy_->max_in_flight) {
    return Reject(RejectionReason::kTooManyCalls, absl::ZeroDuration());
  }
  Grant grant;
  if (auto* probing = std::get_if<ProbingState>(&state_)) {
    const std::optional<int32_t> place = probing->Admit(now_);
    if (!place) return Reject(RejectionReason::kHalfOpenFull, absl::ZeroDuration());
    grant.ticket.probe_place = static_cast<int16_t>(*place);
  } else if (auto* retrying = std::get_if<RetryingState>(&state_)) {
    return Probe(*retrying, by_asking, changes);
  } else if (auto* ramping = std::get_if<RampingState>(&state_)) {
    if (!ramping->progress->Admit(now_)) {
      return Reject(RejectionReason::kRamping, absl::ZeroDuration());
    }
  } else if (CongestionWindow* const limited = window()) {
    if (!limited->Admit(now_, Patience())) {
      return Reject(RejectionReason::kLimited, absl::ZeroDuration());
    }
  }
  if (FailureWatch* const watching = watch()) watching->Start(now_);
  grant.admitted = true;
  return grant;
}

// The call itself, or whom its caller asks in its place.
StateMachine::Grant StateMachine::Probe(RetryingState& retrying, bool by_asking, Changes& changes) {
  const std::optional<int32_t> place = retrying.Admit(now_);
  Grant grant;
  grant.admitted = place && !by_asking;
  if (!grant.admitted) {
    TellFirstRejection(retrying.has_rejected, changes);
    grant = Reject(RejectionReason::kOpen, kLeastProbeGap);
  }
  if (place) {
    grant.asks = by_asking;
    grant.ticket.probe_place = static_cast<int16_t>(*place);
    if (by_asking) grant.ticket.flags = Ticket::kAsks;
  }
  return grant;
}

void StateMachine::TellFirstRejection(bool& told, Changes& changes) const {
  if (std::exchange(told, true)) return;
  changes.push_back(ChangeAt(EventKind::kFirstRejection, now_, {Cause::kNone, ""}));
}

StateMachine::Grant StateMachine::Reject(RejectionReason reason, absl::Duration retry_after) const {
  Grant grant;
  grant.reason = reason;
  grant.state = state();
  grant.retry_after = retry_after;
  return grant;
}

// Opens if one of them has been out for too long.
void StateMachine::LookAtProbes(Changes& changes) {
  if (watch() != nullptr) return;  // the ordinary case: there are none
  std::optional<Verdict> verdict;
  if (auto* const probing = std::get_if<ProbingState>(&state_)) {
    verdict = probing->CheckTimeout(now_);
  } else if (auto* const retrying = std::get_if<RetryingState>(&state_)) {
    verdict = retrying->CheckTimeout(now_);
  }
  if (verdict) CarryOut(*std::move(verdict), now_, {}, changes);
}

// A call without a connection is no probe (R20): it would fail from gRPC's memory.
std::optional<StateMachine::Grant> StateMachine::LookAtConnection(bool connected,
                                                                  Changes& changes) {
  if (connected) {
    if (awaits_connection()) {
      recovery().connected_at = now_;
      CarryOut({Cause::kConnected, "its channel is connected"}, now_, {}, changes);
    }
    return std::nullopt;
  }
  if (phase() == Phase::kProbing || waits_for_probe()) {
    // With probes under way it is the connection of this call alone, and so it may be if another
    // call had one just now: circuits of two channels don't open and close alternately.
    const bool another_has = recovery_ != nullptr && recovery_->connected_at &&
                             now_ - *recovery_->connected_at < kFreshConnection;
    if (probes_out() == 0 && !another_has) {
      CarryOut({Cause::kNotConnected, "a probe is due, and the channel isn't connected"}, now_, {},
               changes);
    }
  } else if (awaits_connection()) {
    AwaitConnection();
  } else {
    return std::nullopt;
  }
  return Reject(RejectionReason::kNotConnected, absl::ZeroDuration());
}

// For a while from now on.
void StateMachine::AwaitConnection() {
  const absl::Duration patience = policy_->adaptive_recovery
                                      ? kMostProbeGap
                                      : std::min(absl::Seconds(60), *policy_->open_duration);
  // Probes that have come back go on counting.
  if (const auto* const probing = std::get_if<ProbingState>(&state_)) {
    probed_ = std::make_unique<const WindowCounts>(probing->results());
  }
  OpenState open;
  open.until = now_ + patience;
  open.at_end = NoCallCame(patience);
  open.has_rejected = true;  // no event: that it isn't connected says so
  open.awaits_connection = true;
  state_ = std::move(open);
}

// Whether what has happened to a call of that epoch can move anything.
bool StateMachine::IsCurrent(uint64_t epoch, SteadyTime now, Changes& changes) {
  AdvanceTo(now, changes);
  if (epoch == epoch_) LookAtProbes(changes);
  return epoch == epoch_;
}

StateMachine::Recorded StateMachine::Record(const Ticket& ticket, CallRecord call, SteadyTime now,
                                            Changes& changes) {
  if (!IsCurrent(ticket.epoch, now, changes)) return {call.kind, ticket.epoch != kNoEpoch};
  const std::optional<absl::Duration> hung =
      call.cancelled ? HungUntilCancelled(ticket, call) : std::nullopt;
  if (hung) call.kind = OutcomeKind::kFailure;
  std::optional<Verdict> verdict = ticket.Is(Ticket::kAsks) ? RecordAnswer(ticket, call, changes)
                                                            : RecordCurrent(ticket, call, changes);
  if (verdict) {
    if (hung) {
      absl::StrAppend(&verdict->detail, ", cancelled by its caller after ", DurationText(*hung));
    }
    CarryOut(*std::move(verdict), now_, OpenedBy(call), changes);
  }
  if (call.kind == OutcomeKind::kOverload) {
    MeetOverload(ticket.start, /*is_out=*/true, call, changes);
  }
  return {call.kind, false};
}

// What the dependency has said to whoever asked it whether it is well.
std::optional<Verdict> StateMachine::RecordAnswer(const Ticket& ticket, CallRecord& answer,
                                                  Changes& changes) {
  const bool other_than_ok = answer.evidence.code != 0;  // which says of a call that it is alive
  if (other_than_ok && answer.kind == OutcomeKind::kSuccess) answer.kind = OutcomeKind::kFailure;
  // Who has too much to do to say how it is isn't well.
  if (answer.kind == OutcomeKind::kOverload) answer.kind = OutcomeKind::kFailure;
  if (CanBeAsked(answer)) {
    std::optional<Verdict> verdict = RecordCurrent(ticket, answer, changes);
    if (verdict) {
      verdict->detail = verdict->cause == Cause::kProbesSucceeded
                            ? "the dependency says that it is well"
                            : "the dependency doesn't say that it is well";
    }
    return verdict;
  }
  asking_stopped_ = true;
  const auto code = static_cast<absl::StatusCode>(answer.evidence.code);
  changes.push_back(ChangeAt(
      EventKind::kHealthProbeStopped, now_,
      {Cause::kNone, absl::StrCat("the dependency can't be asked, ", absl::StatusCodeToString(code),
                                  ": calls are the probes from now on")}));
  answer.kind = OutcomeKind::kIgnored;
  RecordCurrent(ticket, answer, changes);
  if (policy_->adaptive_recovery) return std::nullopt;
  return Verdict{Cause::kOpenDurationElapsed, "a probe was due"};
}

// Whether there is a point in asking again, after that.
bool StateMachine::CanBeAsked(const CallRecord& answer) {
  constexpr int kMostRefusals = 3;
  if (answer.kind == OutcomeKind::kIgnored) return true;
  if (answer.kind == OutcomeKind::kFailure) {
    switch (static_cast<absl::StatusCode>(answer.evidence.code)) {
      case absl::StatusCode::kUnimplemented:
        return false;
      case absl::StatusCode::kNotFound:
      case absl::StatusCode::kPermissionDenied:
      case absl::StatusCode::kUnauthenticated:
        return ++refusals_ < kMostRefusals;
      default:
        break;
    }
  }
  refusals_ = 0;
  return true;
}

// How long a probe was out that was cancelled, if that was too long to be the caller's doing alone.
std::optional<absl::Duration> StateMachine::HungUntilCancelled(const Ticket& ticket,
                                                               const CallRecord& call) const {
  if (ticket.Is(Ticket::kAnswered)) return std::nullopt;
  if (call.kind != OutcomeKind::kIgnored) return std::nullopt;
  const std::optional<SteadyTime> since = ProbeSince(ticket);
  if (!since) return std::nullopt;
  absl::Duration limit = LongFor(call.usual_latency);
  const absl::Duration timeout = policy_->half_open.probe_timeout;
  if (timeout > absl::ZeroDuration()) limit = std::min(limit, timeout / 2);
  const absl::Duration out = call.latency.value_or(now_ - *since);
  return out >= limit ? std::optional<absl::Duration>(out) : std::nullopt;
}

std::optional<SteadyTime> StateMachine::ProbeSince(const Ticket& ticket) const {
  if (const auto* probing = std::get_if<ProbingState>(&state_)) {
    return probing->Since(ticket.probe_place);
  }
  if (const auto* retrying = std::get_if<RetryingState>(&state_)) {
    return retrying->Since(ticket.probe_place);
  }
  return std::nullopt;
}

void StateMachine::ReceiveMessage(const Ticket& ticket, const CallRecord& message, SteadyTime now,
                                  Changes& changes) {
  if (!IsCurrent(ticket.epoch, now, changes) || ticket.Is(Ticket::kAnswered)) return;
  std::optional<Verdict> verdict;
  if (auto* probing = std::get_if<ProbingState>(&state_)) {
    KeepEvidence(message);
    verdict = probing->Record(ticket.probe_place, EntryOf(message));
  } else if (waits_for_probe()) {
    verdict = RecordCurrent(ticket, message, changes);
  } else if (FailureWatch* const watching = watch()) {
    watching->StopClock(ticket.start, now_);
    verdict = watching->CheckHungCalls(now_);
    if (!verdict) verdict = RecordInWindow(ticket, message, changes);
  }
  if (verdict) CarryOut(*std::move(verdict), now_, {}, changes);
}

StateMachine::Recorded StateMachine::RecordFirstMessage(const Ticket& ticket,
                                                        const CallRecord& message, SteadyTime now,
                                                        Changes& changes,
                                                        FirstMessage::Place& first) {
  first.epoch = ticket.epoch;
  if (ticket.epoch == kNoEpoch) first.recorded = FirstMessage::Recorded::kKeptOut;
  if (!IsCurrent(ticket.epoch, now, changes)) return {message.kind, ticket.epoch != kNoEpoch};
  std::optional<Verdict> verdict;
  FailureWatch* const watching = watch();
  if (message.kind != OutcomeKind::kSuccess) {
    verdict = RecordCurrent(ticket, message, changes);
  } else if (watching == nullptr) {
    verdict = RecordCurrent(ticket, message, changes);
    if (!ticket.Is(Ticket::kFailed)) first.recorded = FirstMessage::Recorded::kProbe;
  } else {
    if (!ticket.Is(Ticket::kAnswered)) watching->StopClock(ticket.start, now_);
    KeepEvidence(message);
    FailureWatch::Places places;
    verdict = watching->RecordFirstMessage(*EntryOf(message), now_, places);
    if (!verdict) verdict = RecordInWindow(ticket, message, changes);
    first.recorded = FirstMessage::Recorded::kCall;
    first.window = places.window;
    first.run = places.run;
  }
  if (verdict) CarryOut(*std::move(verdict), now_, {}, changes);
  return {message.kind, false};
}

void StateMachine::Report(const CallRecord& failure, SteadyTime now, Changes& changes) {
  AdvanceTo(now, changes);
  FailureWatch* const watching = watch();
  if (watching == nullptr || mode_ == Mode::kDisabled) return;
  if (failure.kind == OutcomeKind::kOverload) {
    // When its call began isn't known: at most once in a while.
    return MeetOverload(now_ + -Patience(), /*is_out=*/false, failure, changes);
  }
  KeepEvidence(failure);
  if (std::optional<Verdict> verdict = watching->Record({/*failure=*/true, /*slow=*/false}, now_)) {
    CarryOut(*std::move(verdict), now_, OpenedBy(failure), changes);
  }
}

// What goes into the window, or among the probes, with this call.
void StateMachine::KeepEvidence(const CallRecord& call) {
  const bool failed = call.kind == OutcomeKind::kFailure;
  const bool slow = call.slow && policy_->slow_call_rate;
  if (!failed && !slow) return;
  if (evidence_ == nullptr) evidence_ = std::make_unique<EvidenceLog>();
  if (failed) evidence_->AddFailure(call.evidence);
  if (slow) evidence_->AddSlowCall(call.evidence);
}

Evidence StateMachine::EvidenceOf(const Verdict& verdict) const {
  Evidence evidence;
  if (evidence_ != nullptr) {
    const By by = RowOf(verdict.cause).by;
    if (by == By::kFailures) evidence = evidence_->OfFailures(verdict.calls);
    if (by == By::kSlowCalls) evidence = evidence_->OfSlowCalls(verdict.calls);
  }
  evidence.calls = verdict.calls;
  evidence.age = verdict.age;
  return evidence;
}

void StateMachine::Report(const CallRecord& failure, const FirstMessage::Place& first_message,
                          SteadyTime now, Changes& changes) {
  using Where = FirstMessage::Recorded;
  const bool current = IsCurrent(first_message.epoch, now, changes);
  if (first_message.recorded == Where::kKeptOut) return;
  if (first_message.recorded == Where::kNowhere || !current ||
      failure.kind == OutcomeKind::kOverload) {
    Report(failure, now, changes);
    return;
  }
  KeepEvidence(failure);
  std::optional<Verdict> verdict;
  if (first_message.recorded == Where::kProbe) {
    FUSEBOX_DCHECK(phase() == Phase::kProbing);  // no other state has this epoch
    verdict = std::get<ProbingState>(state_).TakeBack();
  } else {
    FUSEBOX_DCHECK(watch() != nullptr);
    verdict = watch()->TakeBack({first_message.window, first_message.run}, now_);
  }
  if (verdict) CarryOut(*std::move(verdict), now_, OpenedBy(failure), changes);
}

std::optional<Verdict> StateMachine::RecordCurrent(const Ticket& ticket, const CallRecord& call,
                                                   Changes& changes) {
  const std::optional<WindowEntry> entry = EntryOf(call);
  if (auto* probing = std::get_if<ProbingState>(&state_)) {
    if (ticket.Is(Ticket::kAnswered)) return TakeBackProbe(ticket, call, *probing);
    KeepEvidence(call);
    return probing->Record(ticket.probe_place, entry);
  }
  if (auto* retrying = std::get_if<RetryingState>(&state_)) {
    KeepEvidence(call);
    const bool is_call = !ticket.Is(Ticket::kAsks);
    if (is_call && call.kind == OutcomeKind::kSuccess) NoteLatency(ticket, call);
    if (call.kind == OutcomeKind::kOverload) {
      recovery().slow_from = 1;  // it is alive, and can take hardly more
      return retrying->Record(ticket.probe_place, WindowEntry(), now_);
    }
    return retrying->Record(ticket.probe_place, entry, now_);
  }
  FailureWatch* const watching = watch();
  if (watching == nullptr) return std::nullopt;
  KeepEvidence(call);
  if (!ticket.Is(Ticket::kAnswered)) watching->StopClock(ticket.start, now_);
  std::optional<Verdict> verdict =
      entry ? watching->Record(*entry, now_) : watching->CheckHungCalls(now_);
  if (verdict || window() == nullptr) return verdict;
  return RecordInWindow(ticket, call, changes);
}

// A call has ended, or is as good as that.
std::optional<Verdict> StateMachine::RecordInWindow(const Ticket& ticket, const CallRecord& call,
                                                    Changes& changes) {
  CongestionWindow* const limited = window();
  if (limited == nullptr) return std::nullopt;
  const bool success = call.kind == OutcomeKind::kSuccess;
  if (!ticket.Is(Ticket::kAnswered)) {
    limited->Return(ticket.start, now_, Patience(), success);
    // When the others started need not be known.
    if (success && (call.latency || ticket.start > limited->since())) NoteLatency(ticket, call);
  }
  const absl::Duration calm = Calm(phase());
  if (!success || !limited->WasEnoughFor(calm, now_)) return std::nullopt;
  if (phase() == Phase::kSlowStart) {
    return Verdict{Cause::kSlowStartEnded, NoneWasHeldBack(calm)};
  }
  EndLimitAfterCalm(now_, calm, changes);
  return std::nullopt;
}

// If there is one while CLOSED.
void StateMachine::EndLimit(SteadyTime at, std::string why, Changes& changes) {
  auto* const closed = std::get_if<ClosedState>(&state_);
  if (closed == nullptr || closed->limit == nullptr) return;
  closed->limit = nullptr;
  changes.push_back(ChangeAt(EventKind::kLimitEnded, at, {Cause::kNone, std::move(why)}));
}

// By itself, and what calls took under it is no longer known.
void StateMachine::EndLimitAfterCalm(SteadyTime at, absl::Duration calm, Changes& changes) {
  EndLimit(at, NoneWasHeldBack(calm), changes);
  ForgetLatency();
}

// A call that started then, and may still be counted as out, has found that the dependency has too
// much to do (R18).
void StateMachine::MeetOverload(SteadyTime start, bool is_out, const CallRecord& call,
                                Changes& changes) {
  auto* const closed = std::get_if<ClosedState>(&state_);
  const bool begins = closed != nullptr && closed->limit == nullptr;
  if (begins) {
    const int64_t others = counts_().in_flight - (is_out ? 1 : 0);
    closed->limit = std::make_unique<CongestionWindow>(
        CongestionWindow::Around(now_, std::max<int64_t>(0, others)));
  }
  CongestionWindow* const limited = window();
  if (limited == nullptr) return;
  limited->Cut(start, now_, BillionthsOf(policy_->overload_limit->backoff_ratio));
  if (call.pushback > absl::ZeroDuration()) {
    limited->HoldUntil(now_ +
                       open_duration_.NextGap(*policy_, absl::ZeroDuration(), call.pushback));
  }
  if (begins) TellLimit("an overload", now_, changes);
}

void StateMachine::NoteLatency(const Ticket& ticket, const CallRecord& success) {
  if (!success.timed) return;
  const absl::Duration took = std::clamp(success.latency.value_or(now_ - ticket.start),
                                         absl::ZeroDuration(), absl::Hours(1));
  absl::Duration& known = recovery().usual_latency;
  if (known == absl::ZeroDuration()) {
    known = took;
  } else {
    const int64_t usual = absl::ToInt64Nanoseconds(known);
    known = absl::Nanoseconds(usual + (absl::ToInt64Nanoseconds(took) - usual) / kLatencyCalls);
  }
}

// How long a call may take while it comes back.
absl::Duration StateMachine::Patience() const { return LongFor(usual_latency()); }

// For how long no call may have had to be held back, until there is no limit any more.
absl::Duration StateMachine::Calm(Phase phase) const {
  return phase == Phase::kSlowStart ? Patience() : std::max(kKeptLimit, Patience());
}

// The end of a probe that was recorded at its first message.
std::optional<Verdict> StateMachine::TakeBackProbe(const Ticket& ticket, const CallRecord& call,
                                                   ProbingState& probing) {
  if (ticket.Is(Ticket::kFailed) || call.kind != OutcomeKind::kFailure) return std::nullopt;
  CallRecord failure = call;
  failure.slow = false;  // that was recorded too
  KeepEvidence(failure);
  return probing.TakeBack();
}

void StateMachine::AddSuccesses(int64_t count, int64_t slice, SteadyTime now) {
  now_ = std::max(now_, now);
  if (FailureWatch* const watching = watch()) watching->AddSuccesses(count, slice, now_);
}

void StateMachine::AdvanceTo(SteadyTime now, Changes& changes) {
  now_ = std::max(now_, now);
  for (std::optional<SteadyTime> at = due(); at && *at <= now_; at = due()) {
    CarryOut(AtEnd(), *at, {}, changes);
  }
  const auto* const closed = std::get_if<ClosedState>(&state_);
  if (closed == nullptr || closed->limit == nullptr) return;
  const SteadyTime end = closed->limit->EndsAfter(kLongestLimit);
  if (end > now_) return;
  EndLimitAfterCalm(end, kLongestLimit, changes);
}

std::optional<SteadyTime> StateMachine::due() const {
  if (const auto* open = std::get_if<OpenState>(&state_)) return open->due();
  if (const auto* retrying = std::get_if<RetryingState>(&state_)) return retrying->due();
  if (const auto* ramping = std::get_if<RampingState>(&state_)) return ramping->due();
  return std::nullopt;
}

// Of a state in which something is due.
Verdict StateMachine::AtEnd() const {
  if (const auto* open = std::get_if<OpenState>(&state_)) return open->at_end;
  if (const auto* retrying = std::get_if<RetryingState>(&state_)) return retrying->AtEnd();
  FUSEBOX_DCHECK(phase() == Phase::kRamping);
  return RampingState::AtEnd();
}

void StateMachine::Operate(Cause verb, absl::string_view why, SteadyTime now, Changes& changes) {
  AdvanceTo(now, changes);
  if (!DoesMore(verb, mode_)) return;
  if (verb == Cause::kAutomated && mode_ == Mode::kForcedOpen) verb = Cause::kReleased;
  CarryOut({verb, std::string(why)}, now_, {}, changes);
}

void StateMachine::ForceOpen(absl::string_view why, std::optional<absl::Duration> ttl,
                             SteadyTime now, Changes& changes) {
  Operate(Cause::kForcedOpen, why, now, changes);
  if (!ttl) return;
  FUSEBOX_DCHECK(phase() == Phase::kOpen);
  auto& open = std::get<OpenState>(state_);
  const absl::Duration length = *ttl + open_duration_.Lateness(*policy_, *ttl);
  open.until = now_ + length;
  open.at_end = {Cause::kForcedOpenEnded, absl::StrCat("forced open for ", DurationText(length))};
}

void StateMachine::SetPolicy(std::shared_ptr<const Policy> policy, absl::string_view why,
                             SteadyTime now, Changes& changes) {
  AdvanceTo(now, changes);
  open_duration_.in_a_row().Settle(*policy_, now_);
  // The old one stays until nothing refers to it any more.
  const std::shared_ptr<const Policy> old = std::exchange(policy_, std::move(policy));
  EndLimit(now_, "", changes);
  ++epoch_;
  if (!policy_->improbable_run) {
    averages_ = nullptr;
  } else if (averages_ == nullptr) {
    averages_ = std::make_unique<CallAverages>(now_);
  }
  if (policy_->hung_calls && hung_calls_ == nullptr) {
    hung_calls_ = std::make_unique<HungCallSlots>();
  }
  // An opening goes on as it is; everything else starts anew under the new policy.
  if (awaits_connection() || waits_for_probe()) probed_ = nullptr;
  asking_stopped_ = false;
  refusals_ = 0;
  if (phase() == Phase::kClosed) {
    Enter(Phase::kClosed, now_, {});
  } else if (phase() == Phase::kRetrying) {
    // Due now: how it goes on is the new policy's matter.
    OpenState open;
    open.until = now_;
    open.at_end = {Cause::kOpenDurationElapsed, "a probe was due"};
    open.has_rejected = has_rejected();
    state_ = std::move(open);
  } else if (phase() != Phase::kOpen) {
    Enter(policy_->adaptive_recovery ? Phase::kSlowStart : Phase::kProbing, now_, {});
  }
  if (!policy_->adaptive_recovery) ForgetOutage();
  changes.push_back(
      ChangeAt(EventKind::kPolicyChanged, now_, {Cause::kPolicyChanged, std::string(why)}));
  if (phase() == Phase::kSlowStart) {
    changes.push_back(
        ChangeAt(EventKind::kSlowStartBegan, now_, {Cause::kPolicyChanged, std::string(why)}));
  }
}

StateMachine::OpenedBy::OpenedBy(const CallRecord& call) {
  if (call.kind != OutcomeKind::kFailure) return;  // as when others hang
  pushback = call.pushback;
  no_answer = call.evidence.code == static_cast<int>(absl::StatusCode::kDeadlineExceeded);
}

// Whether a probe is no call, for a caller that can ask. Not so in shadow mode, where calls go out
// in any case: there is nothing to be spared.
bool StateMachine::asks() const {
  return policy_->health_probe && !asking_stopped_ && mode_ != Mode::kShadow;
}

// Where a cause leads under this policy, from what the table says.
Phase StateMachine::Destination(Cause cause, Phase from, Phase to) const {
  const Phase with_calls = policy_->adaptive_recovery ? Phase::kSlowStart : Phase::kProbing;
  if (cause == Cause::kProbesSucceeded) {
    if (from == Phase::kRetrying) return with_calls;
    return policy_->ramp ? Phase::kRamping : to;
  }
  if (to != Phase::kProbing || (!policy_->adaptive_recovery && !asks())) return to;
  const bool no_call_came =
      cause == Cause::kOpenDurationElapsed && (from == Phase::kRetrying || awaits_connection());
  return no_call_came ? with_calls : Phase::kRetrying;
}

void StateMachine::CarryOut(Verdict verdict, SteadyTime at, OpenedBy by, Changes& changes) {
  const Phase before = phase();
  const std::optional<Transition> transition = TransitionFor(verdict.cause, before);
  if (!transition) return;
  const Phase to = Destination(verdict.cause, before, transition->to);
  if (RowOf(verdict.cause).by == By::kHungCalls) by.no_answer = true;
  if (IsRule(verdict.cause)) {
    verdict.evidence = std::make_shared<const Evidence>(EvidenceOf(verdict));
  }

  const State from = state();
  const Mode mode_from = mode_;
  EndLimit(at, "", changes);
  ++epoch_;
  if (verdict.cause == Cause::kReset) {
    if (averages_ != nullptr) *averages_ = CallAverages(at);
    asking_stopped_ = false;
    refusals_ = 0;
  }
  const std::optional<Learnt> learnt = LearntBySlowStart(verdict.cause);
  mode_ = transition->mode.value_or(mode_);
  CountOpenings(verdict.cause, to, at);
  if (verdict.cause == Cause::kNotConnected) {
    AwaitConnection();  // the backoff is that of the opening, which goes on
  } else {
    Enter(to, at, by);
  }

  const auto add = [&](EventKind kind) {
    Change change = ChangeAt(kind, at, verdict);
    change.from = from;
    change.mode_from = mode_from;
    changes.push_back(std::move(change));
  };
  if (IsRule(verdict.cause)) {
    add(before == Phase::kRetrying ? EventKind::kProbeFailed : EventKind::kRuleExceeded);
  }
  if (verdict.cause == Cause::kReset) add(EventKind::kReset);
  if (mode_ != mode_from || verdict.cause == Cause::kForcedOpen) add(EventKind::kModeChanged);
  if (to == Phase::kRamping) add(EventKind::kRampStarted);
  if (to == Phase::kSlowStart) add(EventKind::kSlowStartBegan);
  if (state() != from) add(EventKind::kTransition);
  if (!learnt) return;
  recovery().usual_latency = learnt->usual_latency;
  std::get<ClosedState>(state_).limit = std::make_unique<CongestionWindow>(learnt->limit);
  TellLimit("learnt in slow start", at, changes);
}

// What a dependency can take that gave no answers is known when slow start ends, and is kept for a
// while: a burst would be too much for it again. The calls that are out then are of an epoch
// before.
std::optional<StateMachine::Learnt> StateMachine::LearntBySlowStart(Cause cause) {
  if (cause != Cause::kSlowStartEnded || !window()->has_threshold()) return std::nullopt;
  if (window()->WasEnoughFor(Calm(Phase::kClosed), now_)) return std::nullopt;  // it would end now
  return Learnt{window()->Emptied(), usual_latency()};
}

// That one has begun.
void StateMachine::TellLimit(absl::string_view why, SteadyTime at, Changes& changes) {
  changes.push_back(ChangeAt(EventKind::kLimitBegan, at,
                             {Cause::kNone, absl::StrCat(why, ": ", LimitText(*window()))}));
}

// Before that cause brings the circuit there.
void StateMachine::CountOpenings(Cause cause, Phase to, SteadyTime at) {
  OpeningsInARow& in_a_row = open_duration_.in_a_row();
  if (to != Phase::kClosed) {
    in_a_row.LeaveClosed(*policy_, at);
  } else if (IsOperatorCause(cause)) {
    in_a_row.StartAt(0);
  } else {
    in_a_row.Close(at);
  }
}

void StateMachine::Enter(Phase to, SteadyTime at, OpenedBy by) {
  std::unique_ptr<const WindowCounts> probed = std::move(probed_);
  switch (to) {
    case Phase::kClosed:
      ForgetOutage();
      ForgetLatency();
      state_.emplace<ClosedState>(*policy_, Memory(), epoch_, at);
      break;
    case Phase::kOpen:
      state_ = Open(at, by);
      break;
    case Phase::kRetrying:
      probed_ = std::move(probed);  // for the probes that follow
      state_.emplace<RetryingState>(*policy_, has_rejected(), at);
      break;
    case Phase::kProbing:
      state_.emplace<ProbingState>(*policy_, probed == nullptr ? WindowCounts() : *probed);
      break;
    case Phase::kRamping:
      if (ramp_ == nullptr) ramp_ = std::make_unique<RampProgress>();
      state_.emplace<RampingState>(*policy_, Memory(), epoch_, at, *ramp_);
      break;
    case Phase::kSlowStart:
      state_.emplace<SlowStartState>(*policy_, Memory(), epoch_, recovery().slow_from, at);
      break;
  }
}

OpenState StateMachine::Open(SteadyTime at, OpenedBy by) {
  OpenState open;
  // A probe that has failed opens nothing: the outage goes on.
  const bool goes_on = waits_for_probe() && mode_ != Mode::kForcedOpen;
  open.has_rejected = goes_on && has_rejected();
  absl::Duration duration;
  if (policy_->adaptive_recovery) {
    const CallCounts counts = counts_();
    Recovery& known = recovery();
    if (!goes_on) {
      if (!kOutagesGoOn) known.outage.reset();
      known.slow_from = by.no_answer && kHungIsSlow
                            ? std::max<int64_t>(1, counts.in_flight / kPartAfterHang)
                            : CongestionWindow::kNone;
    }
    if (!known.outage) known.outage = Outage{at, counts.rejected};
    const absl::Duration gap = known.outage->Gap(policy_->adaptive_recovery->probe_cost,
                                                 counts.rejected, known.usual_latency, at);
    if (mode_ == Mode::kForcedOpen) return open;
    duration = open_duration_.NextGap(*policy_, gap, by.pushback);
  } else {
    if (mode_ == Mode::kForcedOpen) return open;
    duration = open_duration_.Next(*policy_, by.pushback);
  }
  open.until = at + duration;
  open.at_end = {Cause::kOpenDurationElapsed, absl::StrCat("open for ", DurationText(duration))};
  return open;
}

Change StateMachine::ChangeAt(EventKind kind, SteadyTime at, const Verdict& verdict) const {
  return {kind, state(), state(), mode_, mode_, at, epoch_, verdict};
}

StateMachine::FastPath StateMachine::fast_path() {
  FastPath path;
  path.now = now_;
  path.rejects = FastRejection();
  if (phase() == Phase::kOpen) {
    path.may_probe = true;
  } else if (auto* closed = std::get_if<ClosedState>(&state_)) {
    // In shadow mode a call without a place is admitted, and counted.
    const bool counts_alone = policy_->max_in_flight && mode_ == Mode::kShadow;
    path.admits = closed->limit == nullptr && !counts_alone && FindHungCalls(path);
    path.takes_places = policy_->max_in_flight.has_value();
    path.successes_matter = mode_ != Mode::kDisabled &&
                            (closed->limit != nullptr || closed->watch.SuccessMatters(now_));
  } else {
    path.may_probe = phase() == Phase::kProbing || waits_for_probe();
  }
  return path;
}

// Of a CLOSED circuit. False if the next call has to look at them.
bool StateMachine::FindHungCalls(FastPath& path) {
  if (!policy_->hung_calls || mode_ == Mode::kDisabled) return true;
  HungCallTracker& tracker = *watch()->hung_calls();
  const std::optional<SteadyTime> quiet_until = tracker.QuietUntil(now_);
  if (quiet_until) path.hung_calls = {hung_calls_.get(), tracker.slice_nanos(), *quiet_until};
  return quiet_until.has_value();
}

// What `Decide` says to any call, if it says the same to each and changes nothing but what
// `LookedAt` is told; or to those for which a ramp's credit isn't enough.
std::optional<StateMachine::FastPath::Rejects> StateMachine::FastRejection() {
  using Rejects = FastPath::Rejects;
  if (mode_ == Mode::kShadow || mode_ == Mode::kDisabled) return std::nullopt;
  if (const auto* const open = std::get_if<OpenState>(&state_)) {
    if (!open->has_rejected || open->awaits_connection) return std::nullopt;
    const auto reason =
        mode_ == Mode::kForcedOpen ? RejectionReason::kForcedOpen : RejectionReason::kOpen;
    return Rejects{reason, State::kOpen, open->until.value_or(Probes::kForever)};
  }
  if (policy_->max_in_flight) return std::nullopt;  // which is looked at before
  Rejects rejects;
  rejects.state = state();
  rejects.looks = true;
  std::optional<SteadyTime> until;
  if (const auto* const probing = std::get_if<ProbingState>(&state_)) {
    until = probing->FullUntil(now_);
    rejects.reason = RejectionReason::kHalfOpenFull;
    rejects.if_reachable = true;
  } else if (const auto* const retrying = std::get_if<RetryingState>(&state_)) {
    if (retrying->has_rejected) until = retrying->FullUntil(now_);
    rejects.if_reachable = true;
  } else if (const auto* const ramping = std::get_if<RampingState>(&state_)) {
    if (!policy_->hung_calls) until = ramping->due();
    rejects.reason = RejectionReason::kRamping;
    rejects.ramp = ramp_.get();
  } else if (CongestionWindow* const limited = window()) {
    if (!policy_->hung_calls) until = limited->FullUntil(Patience());
    if (until && phase() == Phase::kClosed) {
      until = std::min(*until, limited->EndsAfter(kLongestLimit));  // see AdvanceTo
    }
    rejects.reason = RejectionReason::kLimited;
  }
  if (!until) return std::nullopt;
  rejects.until = *until;
  return rejects;
}

void StateMachine::LookedAt(SteadyTime then) {
  if (auto* const probing = std::get_if<ProbingState>(&state_)) {
    probing->LookedAt(then);
  } else if (auto* const retrying = std::get_if<RetryingState>(&state_)) {
    retrying->LookedAt(then);
  } else if (phase() == Phase::kRamping) {
    now_ = std::max(now_, then);  // the fraction that a call has found doesn't shrink
  } else if (policy_->hung_calls) {
    if (watch() != nullptr) watch()->hung_calls()->LookedAt(then);
  } else if (CongestionWindow* const limited = window()) {
    limited->HeldAt(then);
  }
}

void StateMachine::StopClock(const Ticket& ticket, SteadyTime now, Changes& changes) {
  if (!IsCurrent(ticket.epoch, now, changes) || watch() == nullptr) return;
  watch()->StopClock(ticket.start, now_);
  if (std::optional<Verdict> verdict = watch()->CheckHungCalls(now_)) {
    CarryOut(*std::move(verdict), now_, {}, changes);
  }
}

WatchMemory StateMachine::Memory() { return {averages_.get(), hung_calls_.get()}; }

bool StateMachine::MessagesMatter() const {
  if (mode_ == Mode::kDisabled) return false;
  const auto* const closed = std::get_if<ClosedState>(&state_);
  return closed == nullptr || policy_->hung_calls || closed->limit != nullptr;
}

Phase StateMachine::phase() const {
  if (std::holds_alternative<ClosedState>(state_)) return Phase::kClosed;
  if (std::holds_alternative<OpenState>(state_)) return Phase::kOpen;
  if (std::holds_alternative<RetryingState>(state_)) return Phase::kRetrying;
  if (std::holds_alternative<ProbingState>(state_)) return Phase::kProbing;
  if (std::holds_alternative<RampingState>(state_)) return Phase::kRamping;
  return Phase::kSlowStart;
}

const FailureWatch* StateMachine::watch() const {
  if (const auto* closed = std::get_if<ClosedState>(&state_)) return &closed->watch;
  if (const auto* ramping = std::get_if<RampingState>(&state_)) return &ramping->watch;
  if (const auto* slow_start = std::get_if<SlowStartState>(&state_)) return &slow_start->watch;
  return nullptr;
}

FailureWatch* StateMachine::watch() {
  if (auto* closed = std::get_if<ClosedState>(&state_)) return &closed->watch;
  if (auto* ramping = std::get_if<RampingState>(&state_)) return &ramping->watch;
  if (auto* slow_start = std::get_if<SlowStartState>(&state_)) return &slow_start->watch;
  return nullptr;
}

// What limits the calls in flight; null: nothing.
CongestionWindow* StateMachine::window() {
  if (auto* closed = std::get_if<ClosedState>(&state_)) return closed->limit.get();
  if (auto* slow_start = std::get_if<SlowStartState>(&state_)) return slow_start->limit.get();
  return nullptr;
}

StateMachine::Recovery& StateMachine::recovery() {
  if (recovery_ == nullptr) recovery_ = std::make_unique<Recovery>();
  return *recovery_;
}

// Whether this opening has rejected a call.
bool StateMachine::has_rejected() const {
  if (const auto* open = std::get_if<OpenState>(&state_)) return open->has_rejected;
  const auto* retrying = std::get_if<RetryingState>(&state_);
  return retrying != nullptr && retrying->has_rejected;
}

int64_t StateMachine::SliceAt(SteadyTime now) const {
  return watch() == nullptr ? 0 : watch()->SliceAt(std::max(now_, now));
}

int64_t StateMachine::consecutive_failures() const {
  return watch() == nullptr ? 0 : watch()->consecutive_failures();
}

WindowCounts StateMachine::Counts() {
  return watch() == nullptr ? WindowCounts() : watch()->Counts(now_);
}

int64_t StateMachine::probes_out() const {
  if (const auto* probing = std::get_if<ProbingState>(&state_)) return probing->probes_out();
  if (const auto* retrying = std::get_if<RetryingState>(&state_)) return retrying->probes_out();
  return 0;
}

std::optional<SteadyTime> StateMachine::open_until() const {
  if (waits_for_probe()) return probes_out() > 0 ? std::nullopt : std::optional(now_);
  const auto* open = std::get_if<OpenState>(&state_);
  return open == nullptr ? std::nullopt : open->until;
}

bool StateMachine::awaits_connection() const {
  const auto* open = std::get_if<OpenState>(&state_);
  return open != nullptr && open->awaits_connection;
}

int64_t StateMachine::openings_in_a_row() const {
  return open_duration_.in_a_row().Count(*policy_, now_);
}

std::optional<Opening> StateMachine::opening() const {
  if (mode_ != Mode::kAutomatic || phase() == Phase::kClosed) return std::nullopt;
  Opening opening;
  opening.until = awaits_connection() ? now_ : open_until().value_or(now_);
  opening.in_a_row = openings_in_a_row();
  if (recovery_ != nullptr && recovery_->outage) {
    const Outage& outage = *recovery_->outage;
    opening.outage = Outage{outage.began, outage.rejected_before - counts_().rejected};
  }
  if (const auto* probing = std::get_if<ProbingState>(&state_)) {
    opening.probed = probing->results();
  } else if (probed_ != nullptr) {
    opening.probed = *probed_;
  }
  return opening;
}

std::optional<double> StateMachine::limit() {
  return window() == nullptr ? std::nullopt : std::optional(window()->size());
}

std::optional<double> StateMachine::ramp_fraction() const {
  const auto* ramping = std::get_if<RampingState>(&state_);
  if (ramping == nullptr) return std::nullopt;
  return ramping->progress->Fraction(now_);
}

}  // namespace fusebox::internal
