// SPDX-License-Identifier: Apache-2.0
#include "src/core/circuit_core.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "fusebox/circuit_name.h"
#include "src/base/dcheck.h"
#include "src/base/printable.h"
#include "src/core/probe_gaps.h"
#include "src/core/transition_table.h"

namespace fusebox::internal {
namespace {

uint64_t NewInstance() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;  // it only deals out numbers
}

// What a message says.
Outcome SuccessOf(const Outcome& message) {
  Outcome success;
  success.latency = message.latency;
  success.timed = message.timed;
  success.peer = message.peer;
  return success;
}

}  // namespace

// One operation under the lock. At its end what has changed is kept and published, the lock is let
// go, and only then are listeners told.
class ABSL_SCOPED_LOCKABLE CircuitCore::Operation {
 public:
  explicit Operation(CircuitCore& core, absl::string_view actor = {},
                     Telling telling = Telling::kAtOnce) ABSL_EXCLUSIVE_LOCK_FUNCTION(core.mutex_)
      : core_(core), actor_(actor), telling_(telling), now_(core.clock_.Now()) {
    core_.mutex_.Lock();
    core_.TellMachineOfLooks();
    if (core.shadow_ != nullptr) core.AdvanceBoth(now_, changes_);
  }
  ~Operation() ABSL_UNLOCK_FUNCTION() {
    Keep();
    core_.Publish();
    core_.mutex_.Unlock();
    if (telling_ == Telling::kLater) return;
    if (has_events_ || core_.failures_->clock_has_failed()) core_.DeliverEvents();
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  SteadyTime now() const { return now_; }
  Changes& changes() { return changes_; }

  // Counts what has changed so far: for an operation that reads the totals itself.
  void Keep() {
    if (changes_.empty()) return;
    core_.mutex_.AssertHeld();  // from construction to destruction
    has_events_ |= core_.Keep(changes_, now_, actor_);
    changes_.clear();
  }

 private:
  CircuitCore& core_;
  const absl::string_view actor_;
  const Telling telling_;
  const SteadyTime now_;
  Changes changes_;
  bool has_events_ = false;
};

CircuitCore::CircuitCore(absl::string_view name, std::shared_ptr<const Policy> policy,
                         Options options)
    : came_back_(options.opening.has_value()),
      target_size_(static_cast<uint32_t>(options.target_size)),
      instance_(NewInstance()),
      name_(name),
      failures_(std::move(options.failures)),
      clock_(failures_->clock()),
      seed_(options.seed),
      places_(policy->max_in_flight ? std::make_unique<CallPlaces>() : nullptr),
      events_(std::move(options.events)),
      counts_(*this),
      machine_(std::move(policy), options.seed, name_, clock_.Now(), options.opening, counts_),
      has_operators_policy_(options.has_operators_policy),
      all_have_places_(places_ != nullptr) {
  MutexLock lock(mutex_);
  published_.Set(*machine_.policy());
  SetShadow(machine_.now());
  Publish();
}

Operator PrintableOperator(const Operator& by) {
  return Operator(Printable(by.who, kMaxWhoBytes)).Because(Printable(by.why, kMaxWhyBytes));
}

std::shared_ptr<CircuitBreaker> CircuitCore::MakeBreaker(absl::string_view name,
                                                         std::shared_ptr<const Policy> policy,
                                                         Options options) {
  // Not by make_shared: the counts of its owners take a line of their own there.
  const std::shared_ptr<CircuitCore> core(
      new CircuitCore(name, std::move(policy), std::move(options)));
  return std::shared_ptr<CircuitBreaker>(core, &core->breaker_);
}

void* CircuitCore::operator new(std::size_t size) {
  static_assert(alignof(CircuitCore) == kCacheLine);
  // Behind it is where the memory begins.
  constexpr std::size_t kMost = kCacheLine - __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  void* const memory = ::operator new(size + kMost + sizeof(void*));
  void* core = memory;
  std::size_t room = size + kMost;
  core = std::align(kCacheLine, size, core, room);
  std::memcpy(static_cast<char*>(core) + size, &memory, sizeof(memory));
  return core;
}

void CircuitCore::operator delete(void* core) {
  void* memory = nullptr;
  std::memcpy(&memory, static_cast<char*>(core) + sizeof(CircuitCore), sizeof(memory));
  ::operator delete(memory);
}

// The probes, or the calls under a limit, are all out.
bool CircuitCore::RejectWhileFull(const GetReach& reach, Rejected& rejected) {
  const AdmissionWord word = published_.word();
  if (!word.rejects() || !word.rejection_looks()) return false;
  if (word.rejects_if_reachable()) {
    if (reach() == Reach::kNone) return false;
    if (published_.word().bits() != word.bits()) return false;  // since that user's code ran
  } else if (word.ramps()) {
    return RejectOnRamp(word, rejected);
  }
  const int64_t until = published_.full_until();
  const std::optional<int64_t> left = TimeUntil(until);
  if (!left) return false;
  if (until != PublishedAdmission::kNever) published_.NoteLook(until - *left);
  shards().Mine().CountRejected();
  const bool waits = word.reason() == RejectionReason::kOpen;
  rejected = {word.reason(), word.state(), waits ? kLeastProbeGap : absl::ZeroDuration()};
  return true;
}

// Not inlined: the calls that are rejected on no ramp would have to save its registers.
ABSL_ATTRIBUTE_NOINLINE bool CircuitCore::RejectOnRamp(AdmissionWord word, Rejected& rejected) {
  RampProgress& ramp = *published_.ramp();
  const int64_t end = published_.full_until();
  const int64_t present = NowWhile([&](int64_t now) { return ramp.is_long() ? end - now : 0; });
  const int64_t now = std::max(present, published_.looked_at());
  if (now >= end || !ramp.Reject(word.epoch(), SteadyTime::FromNanos(now))) return false;
  published_.NoteLook(now);
  shards().Mine().CountRejected();
  rejected = {word.reason(), word.state(), absl::ZeroDuration()};
  return true;
}

CircuitCore::Grant CircuitCore::Acquire(const GetReach& reach) {
  return AcquireLocked(published_.word().may_probe() ? reach() : Reach::kCall);
}

CircuitCore::Grant CircuitCore::AcquireLocked(Reach reach) {
  Operation operation(*this);
  const Policy& policy = *machine_.policy();
  if (policy.hung_calls) TellMachineOfRuns(operation.now());  // it may open
  Grant grant;
  if (all_have_places_) {
    grant = AcquireWithPlace(operation.now(), reach, operation.changes());
  } else {
    const int64_t in_flight = policy.max_in_flight ? CallsNow().in_flight : 0;
    grant = machine_.Acquire(operation.now(), in_flight, reach, operation.changes());
  }
  totals_.CountAcquired(grant);
  // Which calls are timed mustn't depend on the way that they came (see AdmitWithoutLock).
  if (grant.admitted) {
    const bool may_hang = policy.hung_calls && machine_.mode() != Mode::kDisabled;
    grant.ticket.flags = FlagsOf(policy.slow_call_duration || may_hang, IsSample(totals_.granted()),
                                 /*has_place=*/false);
  }
  if (all_have_places_ && (grant.admitted || grant.asks)) grant.ticket.flags |= Ticket::kHasPlace;
  TellShadow(operation.changes(), [&](ShadowMachine& shadow, Changes& changes) {
    shadow.Acquire(operation.now(), reach != Reach::kNone, grant.admitted, grant.ticket, changes);
  });
  return grant;
}

// The place is taken before the machine is asked, as other calls take places at the same time.
CircuitCore::Grant CircuitCore::AcquireWithPlace(SteadyTime now, Reach reach, Changes& changes) {
  const int64_t most = *machine_.policy()->max_in_flight;
  const bool has_place = places_->Take(most);
  asks_with_place_ = has_place;
  Grant grant = machine_.Acquire(now, /*in_flight=*/has_place ? 0 : most, reach, changes);
  asks_with_place_ = false;
  const bool needs_place = grant.admitted || grant.asks;
  if (needs_place && !has_place) places_->TakeAnyway();
  if (!needs_place && has_place) places_->GiveBack();
  return grant;
}

void CircuitCore::Return(const Ticket& ticket, const Outcome& outcome) {
  if (outcome.kind == OutcomeKind::kIgnored && ReturnIgnoredWithoutLock(ticket)) return;
  if (outcome.kind == OutcomeKind::kSuccess) {
    if (ticket.Is(Ticket::kSampled)) NoteLatency(ticket, outcome);
    const AdmissionWord word = published_.word();
    if (word.admits() && !IsSlow(outcome, ticket) && CountSuccessWithoutLock(word, ticket)) {
      return;
    }
  }
  ReturnLocked(ticket, outcome);
}

// A call that starts is counted by the slice in which it does. Empty, and nothing has changed, if
// it takes the lock to know whether calls hang.
std::optional<SteadyTime> CircuitCore::StartAmongHungCalls(AdmissionWord word, bool exactly) {
  const int64_t quiet_until = published_.quiet_until();
  const int64_t slice_nanos = published_.hung_slice_nanos();
  const int64_t now = NowWhile([&](int64_t present) {
    const int64_t left =
        std::min(quiet_until - present, slice_nanos - FloorMod(present, slice_nanos));
    return exactly ? 0 : left;
  });
  if (now >= quiet_until) return std::nullopt;
  const SteadyTime start = SteadyTime::FromNanos(now);
  if (!published_.hung_call_slots()->Start(HungTagOf(word.epoch(), start))) return std::nullopt;
  published_.NoteLook(now);
  return start;
}

// Whether there is nothing to be found.
bool CircuitCore::LookForHungCalls() {
  const int64_t until = published_.quiet_until();
  const std::optional<int64_t> left = TimeUntil(until);
  if (!left) return false;
  published_.NoteLook(until - *left);
  return true;
}

bool CircuitCore::HungSlotHolds(const Ticket& ticket) const {
  // So long ago that its slice's tag may have come again.
  const int64_t covered = (HungCallSlots::kSlots + 1) * published_.hung_slice_nanos();
  if (published_.latest_now() - ticket.start.nanos() >= covered) return false;
  return published_.hung_call_slots()->Holds(HungTagOf(ticket.epoch, ticket.start));
}

void CircuitCore::StopClock(const Ticket& ticket) {
  if (published_.hung_call_slots()->End(HungTagOf(ticket.epoch, ticket.start))) return;
  // Time or the circuit has gone on, just now.
  Operation operation(*this);
  TellMachineOfRuns(operation.now());
  machine_.StopClock(ticket, operation.now(), operation.changes());
}

void CircuitCore::NoteLatency(const Ticket& ticket) {
  shards().Mine().NoteLatency(clock_.CoarseNow() - ticket.start);
}

void CircuitCore::NoteLatency(const Ticket& ticket, const Outcome& success) {
  if (!success.timed) return;
  if (success.latency) return shards().Mine().NoteLatency(*success.latency);
  NoteLatency(ticket);
}

bool CircuitCore::IsSlow(const Outcome& outcome, const Ticket& ticket) const {
  if (!outcome.timed || ticket.Is(Ticket::kAsks)) return false;
  return outcome.latency ? IsSlow(*outcome.latency) : IsSlow(ticket);
}

void CircuitCore::ReturnLocked(const Ticket& ticket, const Outcome& outcome) {
  Operation operation(*this);
  FUSEBOX_DCHECK(ticket.epoch <= machine_.epoch());  // a permit is of its own circuit
  const bool slow = outcome.kind != OutcomeKind::kIgnored && IsSlow(outcome, ticket);
  CallRecord call = Judge(*machine_.policy(), outcome, slow);
  if (call.cancelled) call.usual_latency = shards().UsualLatency();
  TellMachineOfRuns(operation.now());
  const StateMachine::Recorded recorded =
      machine_.Record(ticket, call, operation.now(), operation.changes());
  call.kind = recorded.kind;
  totals_.CountReturned(call, outcome, recorded.stale, operation.now());
  GivePlaceBack(ticket);  // before listeners are told, who may block
  TellShadow(operation.changes(), [&](ShadowMachine& shadow, Changes& changes) {
    shadow.Return(ticket, outcome, call.usual_latency, operation.now(), changes);
  });
  const bool current = ticket.epoch == machine_.epoch();
  if (current && machine_.state() == State::kClosed) StartRun(operation.now());
}

void CircuitCore::ReceiveMessage(Ticket& ticket, const Outcome& message) {
  // Without a limit that would have to be looked at, no clock is running for the call.
  const AdmissionWord word = published_.word();
  if (word.admits() && !word.counts_hung_calls()) return;
  if (ticket.Is(Ticket::kAnswered) && ticket.shadow == 0) return;
  Operation operation(*this);
  const Outcome success = SuccessOf(message);
  TellShadow(operation.changes(), [&](ShadowMachine& shadow, Changes& changes) {
    shadow.ReceiveMessage(ticket, success, operation.now(), changes);
  });
  // It may be the candidate alone that wants to know.
  machine_.AdvanceTo(operation.now(), operation.changes());
  if (ticket.Is(Ticket::kAnswered) || !machine_.MessagesMatter()) return;
  const CallRecord call = Judge(*machine_.policy(), success, IsSlow(message, ticket));
  TellMachineOfRuns(operation.now());
  machine_.ReceiveMessage(ticket, call, operation.now(), operation.changes());
  ticket.flags |= Ticket::kAnswered;
  if (call.kind == OutcomeKind::kFailure) ticket.flags |= Ticket::kFailed;
}

FirstMessage CircuitCore::ReturnFirstMessage(const Ticket& ticket, const Outcome& message) {
  Operation operation(*this);
  FUSEBOX_DCHECK(ticket.epoch <= machine_.epoch());
  const Outcome success = SuccessOf(message);
  if (ticket.Is(Ticket::kSampled)) NoteLatency(ticket, success);
  const CallRecord call = Judge(*machine_.policy(), success, IsSlow(message, ticket));
  TellMachineOfRuns(operation.now());
  FirstMessage first;
  const StateMachine::Recorded recorded =
      machine_.RecordFirstMessage(ticket, call, operation.now(), operation.changes(), first.live_);
  TellShadow(operation.changes(), [&](ShadowMachine& shadow, Changes& changes) {
    shadow.RecordFirstMessage(ticket, success, operation.now(), changes, first);
  });
  totals_.CountReturned(call, success, recorded.stale, operation.now());
  GivePlaceBack(ticket);
  first.instance_ = instance_;
  return first;
}

void CircuitCore::ReportFailure(const Outcome& outcome, const FirstMessage& first_message) {
  Operation operation(*this);
  const CallRecord failure = JudgeFailure(*machine_.policy(), outcome);
  TellMachineOfRuns(operation.now());
  const FirstMessage first = first_message.instance_ == instance_ ? first_message : FirstMessage();
  machine_.Report(failure, first.live_, operation.now(), operation.changes());
  TellShadow(operation.changes(), [&](ShadowMachine& shadow, Changes& changes) {
    shadow.Report(outcome, first, operation.now(), changes);
  });
  totals_.CountReported(failure, outcome, operation.now());
}

State CircuitCore::state() {
  Operation operation(*this);
  machine_.AdvanceTo(operation.now(), operation.changes());
  return machine_.state();
}

absl::Duration CircuitCore::HealthProbeTimeout() {
  MutexLock lock(mutex_);
  return machine_.policy()->health_probe.value_or(HealthProbe()).timeout;
}

CircuitSnapshot CircuitCore::Snapshot() {
  Operation operation(*this);
  TellMachineOfRuns(operation.now());
  machine_.AdvanceTo(operation.now(), operation.changes());
  operation.Keep();
  return SnapshotAt(operation.now());
}

void CircuitCore::Operate(Cause verb, const Operator& by) {
  Operation operation(*this, by.who);
  mode_order_ = 0;
  OperateLocked(verb, by.why, operation.now(), operation.changes());
}

void CircuitCore::OperateLocked(Cause verb, absl::string_view why, SteadyTime now,
                                Changes& changes) {
  TellMachineOfRuns(now);
  machine_.Operate(verb, why, now, changes);
  if (verb != Cause::kReset) return;
  TellShadow(changes, [&](ShadowMachine& shadow, Changes& its) { shadow.Reset(why, now, its); });
}

void CircuitCore::ForceOpen(const Operator& by, std::optional<absl::Duration> ttl) {
  Operation operation(*this, by.who);
  mode_order_ = 0;
  TellMachineOfRuns(operation.now());
  machine_.ForceOpen(by.why, ttl, operation.now(), operation.changes());
}

void CircuitCore::ApplyOrder(const StandingOrder& order, std::optional<absl::Duration> left) {
  Operation operation(*this, order.by.who, Telling::kLater);
  mode_order_ = order.id;
  const absl::string_view why = order.by.why;
  switch (order.action) {
    case OrderAction::kForceOpen:
      TellMachineOfRuns(operation.now());
      machine_.ForceOpen(why, left, operation.now(), operation.changes());
      break;
    case OrderAction::kDisable:
      OperateLocked(Cause::kDisabled, why, operation.now(), operation.changes());
      break;
    case OrderAction::kShadow:
      OperateLocked(Cause::kShadowed, why, operation.now(), operation.changes());
      break;
    case OrderAction::kAutomate:
      OperateLocked(Cause::kAutomated, why, operation.now(), operation.changes());
      break;
    case OrderAction::kSetPolicy:
      break;
  }
}

void CircuitCore::ReleaseOrder(const Operator& by, bool ends_by_itself) {
  Operation operation(*this, by.who, Telling::kLater);
  mode_order_ = 0;
  if (ends_by_itself) return;
  OperateLocked(Cause::kAutomated, by.why, operation.now(), operation.changes());
}

uint64_t CircuitCore::mode_order() {
  MutexLock lock(mutex_);
  return mode_order_;
}

void CircuitCore::SetPolicy(std::shared_ptr<const Policy> policy, const Operator& by) {
  Operation operation(*this, by.who);
  has_operators_policy_ = true;
  SetPolicyLocked(std::move(policy), by.why, operation.now(), operation.changes());
}

void CircuitCore::ApplyPolicy(const std::shared_ptr<const Policy>& policy, const Operator& by) {
  {
    // Of many circuits few change: without the rest of an operation.
    MutexLock lock(mutex_);
    const std::shared_ptr<const Policy>& present = machine_.policy();
    if (has_operators_policy_ || present == policy || *present == *policy) return;
  }
  Operation operation(*this, by.who, Telling::kLater);
  if (has_operators_policy_) return;
  SetPolicyLocked(policy, by.why, operation.now(), operation.changes());
}

std::shared_ptr<const Policy> CircuitCore::PresentPolicy() {
  MutexLock lock(mutex_);
  return machine_.policy();
}

std::shared_ptr<const Policy> CircuitCore::AdoptPolicy() {
  MutexLock lock(mutex_);
  return std::exchange(has_operators_policy_, false) ? machine_.policy() : nullptr;
}

std::shared_ptr<const Policy> CircuitCore::LayeredPolicy() {
  MutexLock lock(mutex_);
  return has_operators_policy_ ? nullptr : machine_.policy();
}

void CircuitCore::SetPolicyLocked(std::shared_ptr<const Policy> policy, absl::string_view why,
                                  SteadyTime now, Changes& changes) {
  all_have_places_ = all_have_places_ && policy->max_in_flight;
  TellMachineOfRuns(now);
  machine_.SetPolicy(std::move(policy), why, now, changes);
  published_.Set(*machine_.policy());
  SetShadow(now);
}

// Begins with the policy's candidate, unless it is the one that is there.
void CircuitCore::SetShadow(SteadyTime now) {
  const ShadowPolicy& candidate = machine_.policy()->shadow_policy;
  if (!candidate) {
    shadow_ = nullptr;
  } else if (shadow_ == nullptr || shadow_->policy() != *candidate) {
    shadow_ =
        std::make_unique<ShadowMachine>(candidate.shared(), seed_, name_, now, shadow_counter_);
  }
}

// What is due of both machines, in the order of its times: so that it doesn't matter who looks, or
// when.
void CircuitCore::AdvanceBoth(SteadyTime now, Changes& changes) {
  const auto advance = [&](SteadyTime to) {
    mutex_.AssertHeld();  // throughout
    machine_.AdvanceTo(to, changes);
    TellShadow(changes, [&](ShadowMachine& shadow, Changes& its) { shadow.AdvanceTo(to, its); });
  };
  for (std::optional<SteadyTime> due = shadow_->due(); due && *due <= now; due = shadow_->due()) {
    advance(*due);
  }
  advance(now);
}

template <typename Tell>
void CircuitCore::TellShadow(Changes& changes, const Tell& tell) {
  if (shadow_ == nullptr) return;
  Changes its;
  tell(*shadow_, its);
  for (Change& change : its) {
    // Nothing has moved the circuit.
    change.from = change.to = machine_.state();
    change.mode_from = change.mode_to = machine_.mode();
    change.epoch = machine_.epoch();
    changes.push_back(std::move(change));
  }
}

bool CircuitCore::ReplacePolicy(const Policy& expected, std::shared_ptr<const Policy> policy,
                                const Operator& by) {
  Operation operation(*this, by.who);
  if (*machine_.policy() != expected) return false;
  has_operators_policy_ = true;
  SetPolicyLocked(std::move(policy), by.why, operation.now(), operation.changes());
  return true;
}

Totals CircuitCore::TotalsNow() {
  MutexLock lock(mutex_);
  return SumNow().totals;
}

CircuitCore::Standing CircuitCore::StandingAt(SteadyTime now) {
  MutexLock lock(mutex_);
  return StandingLocked(now);
}

CircuitCore::Standing CircuitCore::StandingLocked(SteadyTime now) {
  TellMachineOfRuns(now);
  const LifetimeTotals::Calls calls = CallsNow();
  Standing standing;
  standing.calls = calls.granted + calls.rejected;
  // An order holds the circuit that comes back, too.
  const bool held = machine_.mode() != Mode::kAutomatic && mode_order_ == 0;
  standing.must_stay = held || calls.in_flight > 0;
  const std::optional<SteadyTime> until = machine_.open_until();
  if ((until && *until > now) || machine_.waits_for_probe()) {
    const auto* const opened = totals_.last_opening();
    standing.open_since =
        opened != nullptr
            ? opened->at
            : until.value_or(now) + -machine_.policy()->open_duration.value_or(kMostProbeGap);
  }
  standing.failing = machine_.consecutive_failures() > 0;
  standing.has_operators_policy = has_operators_policy_;
  return standing;
}

std::optional<CircuitCore::Retired> CircuitCore::Retire(SteadyTime now, std::string detail) {
  MutexLock lock(mutex_);
  if (StandingLocked(now).must_stay) return std::nullopt;
  PushEventLocked(EventKind::kCircuitRemoved, std::move(detail), {}, now);
  removed_.store(true, std::memory_order_relaxed);
  TellMachineOfRuns(now);
  Retired retired;
  retired.opening = machine_.opening();
  retired.was_failing = !retired.opening && machine_.consecutive_failures() > 0;
  if (retired.opening) retired.opening->came_back = came_back_ || retired.opening->in_a_row > 1;
  if (has_operators_policy_) retired.operators_policy = machine_.policy();
  return retired;
}

void CircuitCore::Remove(const Operator& by) {
  const SteadyTime now = clock_.Now();
  MutexLock lock(mutex_);
  PushEventLocked(EventKind::kCircuitRemoved, by.why, by.who, now);
  removed_.store(true, std::memory_order_relaxed);
}

void CircuitCore::PushEvent(EventKind kind, std::string detail, absl::string_view actor) {
  const SteadyTime now = clock_.Now();
  MutexLock lock(mutex_);
  PushEventLocked(kind, std::move(detail), actor, now);
}

void CircuitCore::PushEventLocked(EventKind kind, std::string detail, absl::string_view actor,
                                  SteadyTime now) {
  Changes due;
  TellMachineOfLooks();
  if (shadow_ != nullptr) AdvanceBoth(now, due);
  machine_.AdvanceTo(now, due);
  Keep(due, now, actor);
  Publish();
  PushOwnEvent(kind, std::move(detail), actor, now);
}

void CircuitCore::PushAdded(std::string detail) {
  MutexLock lock(mutex_);
  PushOwnEvent(EventKind::kCircuitAdded, std::move(detail), {}, machine_.now());
}

void CircuitCore::PushOwnEvent(EventKind kind, std::string detail, absl::string_view actor,
                               SteadyTime now) {
  if (!events_.active()) return;
  Event event = EventAt(now, now);
  event.kind = kind;
  event.epoch = machine_.epoch();
  event.from = event.to = machine_.state();
  event.mode_from = event.mode_to = machine_.mode();
  event.detail = std::move(detail);
  event.actor = std::string(actor);
  events_.Push(std::move(event));
}

void CircuitCore::DeliverEvents() {
  events_.Deliver();
  // Telling reads the clock, which may fail again. That ends: it is told once a second.
  std::string failures = failures_->TakeClockFailures();
  while (events_.active() && !failures.empty()) {
    PushEvent(EventKind::kUserCodeFailed, std::move(failures), {});
    events_.Deliver();
    failures = failures_->TakeClockFailures();
  }
}

void CircuitCore::ReportUserCodeFailure(UserCode code, absl::string_view exception) {
  std::string detail = failures_->Count(code, exception);
  if (detail.empty() || !events_.active()) return;
  PushEvent(EventKind::kUserCodeFailed, std::move(detail), {});
  DeliverEvents();
}

// What threads have counted by themselves reaches the window here.
void CircuitCore::TellMachineOfRuns(SteadyTime now) {
  shards().ForEach([&](CallShard& shard) {
    mutex_.AssertHeld();  // throughout
    TellMachine(shard.Take(), now);
  });
}

void CircuitCore::TellMachineOfLooks() {
  const int64_t at = published_.looked_at();
  if (at != PublishedAdmission::kNoLook) machine_.LookedAt(SteadyTime::FromNanos(at));
}

StateMachine::CallCounts CircuitCore::Counts::operator()() const {
  const LifetimeTotals::Calls calls = core_.CallsNow();
  return {calls.rejected + calls.would_reject, calls.in_flight};
}

// From here on this thread counts its successes by itself.
void CircuitCore::StartRun(SteadyTime now) {
  CallShards::Handle mine = shards().Mine();
  const SuccessRun::Tag tag{machine_.epoch(), machine_.SliceAt(now)};
  if (!mine.HasRun(tag)) TellMachine(mine.StartRun(tag), now);
}

// A run of an earlier epoch counts in the totals alone.
void CircuitCore::TellMachine(const SuccessRun::Untold& run, SteadyTime now) {
  if (run.count == 0 || run.tag.epoch != machine_.epoch()) return;
  machine_.AddSuccesses(run.count, run.tag.slice, now);
}

bool CircuitCore::Keep(const Changes& changes, SteadyTime now, absl::string_view actor) {
  for (const Change& change : changes) totals_.CountChange(change, actor);
  // What still becomes of a circuit that has left its registry isn't told: its name may be another
  // circuit's by now.
  if (!events_.active() || removed() || changes.empty()) return false;
  std::vector<Event> events;
  for (const Change& change : changes) {
    Event event = EventAt(change.at, now);
    event.kind = change.kind;
    event.epoch = change.epoch;
    event.from = change.from;
    event.to = change.to;
    event.mode_from = change.mode_from;
    event.mode_to = change.mode_to;
    event.cause = change.verdict.cause;
    event.detail = change.verdict.detail;
    if (change.verdict.evidence != nullptr) event.evidence = *change.verdict.evidence;
    if (IsOperatorCause(event.cause)) event.actor = std::string(actor);
    events.push_back(std::move(event));
  }
  const bool has_worked = SumNow().totals.success > 0;
  events_.Push(std::move(events),
               has_worked ? EventLog::Circuit::kHasWorked : EventLog::Circuit::kHasNeverWorked);
  return true;
}

Event CircuitCore::EventAt(SteadyTime at, SteadyTime now) const {
  Event event;
  event.circuit = name_;
  event.time = WallTimeOf(at, now);
  return event;
}

LifetimeTotals::Sum CircuitCore::SumNow() {
  LifetimeTotals::Sum sum = totals_.SumWith(shards());
  if (places_ != nullptr) sum.totals.too_many_calls += places_->refused();
  // Exact, where the sums are of moments that lie apart.
  if (all_have_places_) sum.in_flight = PlacesOfCallsOut();
  return sum;
}

LifetimeTotals::Calls CircuitCore::CallsNow() {
  LifetimeTotals::Calls calls = totals_.CallsWith(shards());
  if (places_ != nullptr) calls.rejected += places_->refused();
  if (all_have_places_) calls.in_flight = PlacesOfCallsOut();
  return calls;
}

void CircuitCore::Publish() {
  StateMachine::FastPath path = machine_.fast_path();
  if (path.takes_places && !all_have_places_) {
    path.takes_places = false;
    path.admits = path.admits && machine_.mode() == Mode::kDisabled;
  }
  if (shadow_ != nullptr) {
    // It has to hear of each call.
    path.admits = false;
    path.rejects.reset();
    path.may_probe = path.may_probe || shadow_->may_probe();
  }
  published_.Publish(path, machine_.mode(), machine_.epoch());
}

CircuitSnapshot CircuitCore::SnapshotAt(SteadyTime now) {
  CircuitSnapshot snapshot;
  snapshot.name = name_;
  snapshot.target = std::string(target());
  snapshot.mode = machine_.mode();
  snapshot.state = machine_.state();
  if (const auto fraction = machine_.ramp_fraction()) {
    snapshot.ramping = true;
    snapshot.ramp_fraction = *fraction;
  }
  snapshot.limit = machine_.limit();
  snapshot.epoch = machine_.epoch();
  snapshot.policy = SharedPolicy(machine_.policy());
  snapshot.order = mode_order_;
  LifetimeTotals::Sum sum = SumNow();
  snapshot.totals = sum.totals;
  snapshot.in_flight = sum.in_flight;
  snapshot.probes_in_flight = machine_.probes_out();
  snapshot.consecutive_failures = machine_.consecutive_failures();
  snapshot.openings_in_a_row = machine_.openings_in_a_row();
  snapshot.window = machine_.Counts();
  if (shadow_ != nullptr) snapshot.shadow = shadow_->counts();
  if (const auto* failure = totals_.last_failure()) {
    snapshot.last_failure =
        LastFailure{WallTimeOf(failure->at, now), failure->code, failure->message};
  }
  if (const auto at = totals_.last_transition()) snapshot.last_transition = WallTimeOf(*at, now);
  const auto told = [&](const LifetimeTotals::LastChange& last) {
    Move known{WallTimeOf(last.at, now), last.verdict.cause, last.verdict.detail, last.actor, {}};
    if (last.verdict.evidence != nullptr) known.evidence = *last.verdict.evidence;
    return known;
  };
  if (const auto* last = totals_.last_opening()) snapshot.last_opening = told(*last);
  if (const auto* last = totals_.last_action()) snapshot.last_action = told(*last);
  snapshot.awaits_connection = machine_.awaits_connection();
  snapshot.health_probe_stopped = machine_.asking_stopped();
  if (const auto at = machine_.open_until(); at && !snapshot.awaits_connection) {
    snapshot.next_probe = WallTimeOf(*at, now);
  }
  return snapshot;
}

}  // namespace fusebox::internal
