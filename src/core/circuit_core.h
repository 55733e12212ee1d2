// SPDX-License-Identifier: Apache-2.0
//
// The inside of a CircuitBreaker: the concurrent shell around the state machine. The ordinary call
// of a CLOSED circuit, and one that is rejected until a time that is known, get by on atomics
// alone; everything else takes the lock.
#ifndef FUSEBOX_SRC_CORE_CIRCUIT_CORE_H_
#define FUSEBOX_SRC_CORE_CIRCUIT_CORE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/attributes.h"
#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "fusebox/standing_order.h"
#include "fusebox/state.h"
#include "src/base/floor_div.h"
#include "src/base/mutex.h"
#include "src/core/call_places.h"
#include "src/core/call_shards.h"
#include "src/core/event_delivery.h"
#include "src/core/hung_call_slots.h"
#include "src/core/jitter.h"
#include "src/core/opening.h"
#include "src/core/published_admission.h"
#include "src/core/shadow_machine.h"
#include "src/core/state_machine.h"
#include "src/core/totals.h"
#include "src/core/user_code_failures.h"

namespace fusebox::internal {

// What is kept of who did something, and why.
Operator PrintableOperator(const Operator& by);

// Thread-safe. Derived from its shards, so that what every call looks at is in two lines of memory
// side by side.
class CircuitCore : private CallShards {
 public:
  using Ticket = Permit::Ticket;
  using Grant = StateMachine::Grant;

  struct Options {
    std::shared_ptr<UserCodeFailures> failures;  // has the clock
    Seed seed = 0;
    std::shared_ptr<EventDelivery> events;  // null: nobody can want them
    std::size_t target_size = 0;            // the part of the name that is the target
    std::optional<Opening> opening;         // that goes on
    bool has_operators_policy = false;
  };

  // With the lines where they are to be. By hand: an aligned `new` cuts the memory into pieces.
  static void* operator new(std::size_t size);
  static void operator delete(void* core);

  // Name and options must be valid, and the policy one in force (policy_in_force.h).
  CircuitCore(absl::string_view name, std::shared_ptr<const Policy> policy, Options options);
  static std::shared_ptr<CircuitBreaker> MakeBreaker(absl::string_view name,
                                                     std::shared_ptr<const Policy> policy,
                                                     Options options);

  static CircuitCore& Of(CircuitBreaker& breaker) { return *breaker.core_; }

  const std::string& name() const { return name_; }
  absl::string_view target() const { return absl::string_view(name_).substr(0, target_size_); }
  const Clock& clock() const { return clock_; }

  // The ordinary call of a CLOSED circuit. False, and nothing has changed, if it takes an `Acquire`
  // to know.
  bool AdmitWithoutLock(Ticket& ticket);

  // The same for what most calls are: nothing of them needs a clock, and their thread has a shard
  // of its own. It makes no call, so the compiler saves no register for it.
  bool AdmitPlainly(Ticket& ticket);
  bool ReturnSuccessPlainly(const Ticket& ticket);

  // Whether the call may reach the dependency.
  using GetReach = absl::FunctionRef<Reach()>;

  // The rejected call of an OPEN circuit, or of one that has as many calls in flight as it may.
  // False, and nothing has changed, if it takes an `Acquire` to know.
  struct Rejected {
    RejectionReason reason = RejectionReason::kOpen;
    State state = State::kOpen;
    absl::Duration retry_after = absl::ZeroDuration();
  };
  bool RejectWithoutLock(Rejected& rejected);
  // The same while probes, or calls under a limit, are all out, and on a ramp.
  bool RejectWhileFull(const GetReach& reach, Rejected& rejected);

  Grant Acquire(const GetReach& reach);
  void Return(const Ticket& ticket, const Outcome& outcome);

  // A call that goes on has received a message: noted in its ticket if anyone wants to know.
  void ReceiveMessage(Ticket& ticket, const Outcome& message);
  FirstMessage ReturnFirstMessage(const Ticket& ticket, const Outcome& message);

  void ReportFailure(const Outcome& outcome, const FirstMessage& first_message);

  bool IsSlow(absl::Duration latency) const {
    const int64_t slow_nanos = published_.slow_nanos();
    return slow_nanos != PublishedAdmission::kNever &&
           absl::ToInt64Nanoseconds(latency) >= slow_nanos;
  }

  // The same as `Return` for what needs no `Outcome` to say. False, and nothing has changed, if it
  // does need the lock.
  bool ReturnSuccessWithoutLock(const Ticket& ticket);
  bool ReturnIgnoredWithoutLock(const Ticket& ticket);

  State state();
  CircuitSnapshot Snapshot();
  absl::Duration HealthProbeTimeout();

  void Operate(Cause verb, const Operator& by);
  void ForceOpen(const Operator& by, std::optional<absl::Duration> ttl);
  void SetPolicy(std::shared_ptr<const Policy> policy, const Operator& by);
  // False, and nothing has changed, if another policy than `expected` is in force.
  bool ReplacePolicy(const Policy& expected, std::shared_ptr<const Policy> policy,
                     const Operator& by);

  // For the registry, which calls these under its own lock: no listener is told of anything by
  // them (`DeliverEvents` does).

  // What layers make of its policy (rule P6). Changes nothing if it is the one in force, or if one
  // was set directly.
  void ApplyPolicy(const std::shared_ptr<const Policy>& policy, const Operator& by);
  // Null if one was set directly.
  std::shared_ptr<const Policy> LayeredPolicy();

  std::shared_ptr<const Policy> PresentPolicy();
  // What was set directly, which is a matter of layers from now on; null if nothing was.
  std::shared_ptr<const Policy> AdoptPolicy();

  // A standing order says its mode.
  void ApplyOrder(const StandingOrder& order, std::optional<absl::Duration> left);
  // No order does any more: back to automatic mode. Nothing but that is noted if the mode ends by
  // itself.
  void ReleaseOrder(const Operator& by, bool ends_by_itself);
  // The one that does; 0: none.
  uint64_t mode_order();

  Totals TotalsNow();
  struct Standing {
    int64_t calls = 0;                     // that have come so far, rejected ones too
    bool must_stay = false;                // an operator's mode holds it, or a call is in flight
    std::optional<SteadyTime> open_since;  // set while OPEN
    bool failing = false;                  // the last calls have failed, and it isn't OPEN
    bool has_operators_policy = false;
  };
  Standing StandingAt(SteadyTime now);
  // It has left the registry. In one step with a look at whether it may go: what an operator does
  // comes before, and is seen here; or after, and then whoever did it finds it removed. Empty, and
  // nothing has changed, if it must stay. What is to be remembered of it is what isn't over.
  struct Retired {
    std::optional<Opening> opening;
    bool was_failing = false;  // without an opening
    std::shared_ptr<const Policy> operators_policy;
  };
  std::optional<Retired> Retire(SteadyTime now, std::string detail);
  // In any case.
  void Remove(const Operator& by);
  bool removed() const { return removed_.load(std::memory_order_relaxed); }
  // An event about the circuit that isn't of its own making; `DeliverEvents` tells the listener.
  void PushEvent(EventKind kind, std::string detail, absl::string_view actor);
  // That it is in a registry, as soon as it is made: at the time of then, which is known.
  void PushAdded(std::string detail);
  void DeliverEvents();

  void ReportUserCodeFailure(UserCode code, absl::string_view exception);

 private:
  class Operation;
  enum class Telling { kAtOnce, kLater };

  bool CountSuccessWithoutLock(AdmissionWord word, const Ticket& ticket);
  bool TakePlace(AdmissionWord word, SteadyTime start);
  std::optional<SteadyTime> StartAmongHungCalls(AdmissionWord word, bool exactly);
  static bool IsAmongHungCalls(AdmissionWord word, const Ticket& ticket);
  bool MayEndAmongHungCalls(AdmissionWord word, const Ticket& ticket);
  bool LookForHungCalls();
  bool HungSlotHolds(const Ticket& ticket) const;
  HungCallSlots::Tag HungTagOf(uint64_t epoch, SteadyTime start) const {
    return {epoch, FloorDiv(start.nanos(), published_.hung_slice_nanos())};
  }
  void StopClock(const Ticket& ticket);
  int64_t PresentSlice(int64_t slice_nanos) const;

  bool RejectWithoutPlace(AdmissionWord word, Rejected& rejected);
  bool RejectOnRamp(AdmissionWord word, Rejected& rejected);
  std::optional<int64_t> TimeUntil(int64_t end) const;
  template <typename LeftAt>
  int64_t NowWhile(const LeftAt& left_at) const;
  // When the call is counted as returned, so that no more seem to be in flight than may be.
  void GivePlaceBack(const Ticket& ticket) {
    if (ticket.Is(Ticket::kHasPlace)) places_->GiveBack();
  }

  Grant AcquireLocked(Reach reach);
  Grant AcquireWithPlace(SteadyTime now, Reach reach, Changes& changes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReturnLocked(const Ticket& ticket, const Outcome& outcome);

  bool IsSlow(const Ticket& ticket) const;
  bool IsSlow(const Outcome& outcome, const Ticket& ticket) const;
  void NoteLatency(const Ticket& ticket);
  void NoteLatency(const Ticket& ticket, const Outcome& success);
  bool Keep(const Changes& changes, SteadyTime now, absl::string_view actor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PushEventLocked(EventKind kind, std::string detail, absl::string_view actor, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PushOwnEvent(EventKind kind, std::string detail, absl::string_view actor, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Standing StandingLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // With what threads count by themselves.
  LifetimeTotals::Sum SumNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  LifetimeTotals::Calls CallsNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t PlacesOfCallsOut() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return places_->taken() - (asks_with_place_ ? 1 : 0);
  }
  void TellMachineOfRuns(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellMachineOfLooks() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OperateLocked(Cause verb, absl::string_view why, SteadyTime now, Changes& changes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetPolicyLocked(std::shared_ptr<const Policy> policy, absl::string_view why, SteadyTime now,
                       Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetShadow(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AdvanceBoth(SteadyTime now, Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // tell(shadow, its changes), if there is one.
  template <typename Tell>
  void TellShadow(Changes& changes, const Tell& tell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartRun(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellMachine(const SuccessRun::Untold& run, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // One of the circuit's, at `at`: all but what it is about.
  Event EventAt(SteadyTime at, SteadyTime now) const;
  CircuitSnapshot SnapshotAt(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time WallTimeOf(SteadyTime at, SteadyTime now) const {
    return clock_.WallNow() - (now - at);
  }

  // One call in this many is timed to know what calls usually take: by the coarse clock, unless it
  // is timed anyway. The exact one would cost more than all else of an ordinary call.
  static constexpr uint64_t kSample = 64;
  static bool IsSample(int64_t granted) { return static_cast<uint64_t>(granted) % kSample == 1; }
  static uint8_t FlagsOf(bool timed, bool sampled, bool has_place) {
    return static_cast<uint8_t>((timed ? Ticket::kTimed : 0) | (sampled ? Ticket::kSampled : 0) |
                                (has_place ? Ticket::kHasPlace : 0));
  }

  // For machine_, under the lock that guards it.
  class Counts {
   public:
    explicit Counts(CircuitCore& core) : core_(core) {}
    StateMachine::CallCounts operator()() const ABSL_NO_THREAD_SAFETY_ANALYSIS;

   private:
    CircuitCore& core_;
  };

  CallShards& shards() { return *this; }

  // What the ordinary call looks at first, so that it shares its line.
  CircuitBreaker breaker_{this};
  PublishedAdmission published_;      // synchronised by itself
  std::atomic<bool> removed_{false};  // says nothing of any other memory: relaxed

  // Constant.
  const bool came_back_;        // with an opening that goes on
  const uint32_t target_size_;  // no name is longer
  const uint64_t instance_;     // no other circuit of this process has had it
  const std::string name_;
  const std::shared_ptr<UserCodeFailures> failures_;
  const Clock& clock_;  // of failures_
  const Seed seed_;
  // Null if the first policy had no `max_in_flight`. One that comes later counts the calls in
  // flight under the lock: those that are out by then have no places.
  const std::unique_ptr<CallPlaces> places_;

  EventQueue events_;  // synchronised by itself

  // Guarded.
  Mutex mutex_;
  const Counts counts_;
  StateMachine machine_ ABSL_GUARDED_BY(mutex_);
  // Of the policy's candidate. While there is one, every call takes the lock.
  std::unique_ptr<ShadowMachine> shadow_ ABSL_GUARDED_BY(mutex_);
  LifetimeTotals totals_ ABSL_GUARDED_BY(mutex_);
  uint32_t shadow_counter_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t mode_order_ ABSL_GUARDED_BY(mutex_) = 0;       // the standing order that says the mode
  bool has_operators_policy_ ABSL_GUARDED_BY(mutex_);     // set directly, not by layers
  bool all_have_places_ ABSL_GUARDED_BY(mutex_);          // the calls that are out
  bool asks_with_place_ ABSL_GUARDED_BY(mutex_) = false;  // a call that isn't out yet has one
};

// ---- The way of an ordinary call, where the compiler can see it.

inline bool CircuitCore::AdmitPlainly(Ticket& ticket) {
  const AdmissionWord word = published_.word();
  if (!word.admits_plainly()) return false;
  CallShard* const own = shards().Own();
  if (own == nullptr) return false;
  CallShards::Handle mine(*own, /*exclusive=*/true);
  if (IsSample(mine.granted() + 1)) return false;
  mine.CountGranted();
  ticket.epoch = word.epoch();
  return true;
}

inline bool CircuitCore::ReturnSuccessPlainly(const Ticket& ticket) {
  const AdmissionWord word = published_.word();
  if (!word.counts_plainly() || ticket.epoch != word.epoch() || ticket.flags != 0) return false;
  CallShard* const own = shards().Own();
  if (own == nullptr) return false;
  CallShards::Handle mine(*own, /*exclusive=*/true);
  if (!mine.ExtendRun({ticket.epoch, /*slice=*/0})) return false;
  mine.CountSuccess();
  return true;
}

inline bool CircuitCore::AdmitWithoutLock(Ticket& ticket) {
  const AdmissionWord word = published_.word();
  if (!word.admits()) return false;
  CallShards::Handle mine = shards().Mine();  // before all else: there may be no memory for it
  const bool timed = published_.slow_nanos() != PublishedAdmission::kNever;
  SteadyTime start;
  if (word.counts_hung_calls()) {
    const std::optional<SteadyTime> counted = StartAmongHungCalls(word, /*exactly=*/timed);
    if (!counted) return false;
    start = *counted;
  } else if (timed) {
    start = clock_.Now();
  }
  if (word.takes_places() && !TakePlace(word, start)) return false;
  const bool sampled = IsSample(mine.CountGranted());
  if (sampled && !timed && !word.counts_hung_calls()) start = clock_.CoarseNow();
  // All of it here, and its address given to nobody: so it stays in registers. A start by the
  // coarse clock is good enough for a call that a later policy calls slow: such a call counts in
  // totals alone.
  ticket.epoch = word.disabled() ? StateMachine::kNoEpoch : word.epoch();
  ticket.start = start;
  ticket.flags = FlagsOf(timed || word.counts_hung_calls(), sampled, word.takes_places());
  return true;
}

inline bool CircuitCore::TakePlace(AdmissionWord word, SteadyTime start) {
  if (word.disabled()) {
    places_->TakeAnyway();
    return true;
  }
  if (places_->Take(published_.max_in_flight())) return true;
  if (word.counts_hung_calls()) {
    Ticket counted;
    counted.epoch = word.epoch();
    counted.start = start;
    StopClock(counted);
  }
  return false;
}

inline bool CircuitCore::RejectWithoutLock(Rejected& rejected) {
  const AdmissionWord word = published_.word();
  if (!word.rejects()) return RejectWithoutPlace(word, rejected);
  if (word.rejection_looks()) return false;
  const std::optional<int64_t> left = TimeUntil(published_.rejects_until());
  if (!left) return false;
  shards().Mine().CountRejected();
  rejected = {
      word.reason(), State::kOpen,
      *left == PublishedAdmission::kNever ? absl::InfiniteDuration() : absl::Nanoseconds(*left)};
  return true;
}

// How long it is until that end, which may be kNever; empty if it is over.
inline std::optional<int64_t> CircuitCore::TimeUntil(int64_t end) const {
  if (end == PublishedAdmission::kNever) return end;
  const int64_t left = end - NowWhile([&](int64_t now) { return end - now; });
  return left > 0 ? std::optional<int64_t>(left) : std::nullopt;
}

// The present time, never before the latest that was seen: by the coarse clock as long as what is
// left then, `left_at(now)`, is more than that clock may be behind.
template <typename LeftAt>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline int64_t CircuitCore::NowWhile(const LeftAt& left_at) const {
  const int64_t latest = published_.latest_now();
  const int64_t coarse = std::max(latest, clock_.CoarseNow().nanos());
  return left_at(coarse) > Clock::kCoarseLagNanos ? coarse : std::max(latest, clock_.Now().nanos());
}

inline bool CircuitCore::RejectWithoutPlace(AdmissionWord word, Rejected& rejected) {
  if (!word.admits() || !word.takes_places() || word.disabled()) return false;
  if (places_->taken() < published_.max_in_flight()) return false;
  if (word.counts_hung_calls() && !LookForHungCalls()) return false;
  places_->CountRefused();
  rejected = {RejectionReason::kTooManyCalls, State::kClosed, absl::ZeroDuration()};
  return true;
}

inline bool CircuitCore::ReturnSuccessWithoutLock(const Ticket& ticket) {
  const AdmissionWord word = published_.word();
  if (!word.admits()) return false;
  if (IsSlow(ticket) || !CountSuccessWithoutLock(word, ticket)) return false;
  if (ticket.Is(Ticket::kSampled)) NoteLatency(ticket);
  return true;
}

inline bool CircuitCore::ReturnIgnoredWithoutLock(const Ticket& ticket) {
  const AdmissionWord word = published_.word();
  if (!word.admits() || !MayEndAmongHungCalls(word, ticket)) return false;
  shards().Mine().CountIgnored();
  GivePlaceBack(ticket);  // before listeners may be told
  if (IsAmongHungCalls(word, ticket)) StopClock(ticket);
  return true;
}

inline bool CircuitCore::CountSuccessWithoutLock(AdmissionWord word, const Ticket& ticket) {
  CallShards::Handle mine = shards().Mine();
  if (!word.disabled()) {
    if (ticket.epoch != word.epoch() || !word.successes_only_count()) return false;
    if (!MayEndAmongHungCalls(word, ticket)) return false;
    const int64_t slice_nanos = published_.slice_nanos();
    if (!mine.ExtendRun({ticket.epoch, slice_nanos == 0 ? 0 : PresentSlice(slice_nanos)})) {
      return false;
    }
  }
  mine.CountSuccess();
  GivePlaceBack(ticket);  // before listeners may be told
  if (IsAmongHungCalls(word, ticket)) StopClock(ticket);
  return true;
}

// Whether it is counted among those that may hang.
inline bool CircuitCore::IsAmongHungCalls(AdmissionWord word, const Ticket& ticket) {
  return word.counts_hung_calls() && ticket.epoch == word.epoch() && !ticket.Is(Ticket::kAnswered);
}

// An end is a look.
inline bool CircuitCore::MayEndAmongHungCalls(AdmissionWord word, const Ticket& ticket) {
  if (!word.counts_hung_calls() || ticket.epoch != word.epoch()) return true;
  return LookForHungCalls() && (ticket.Is(Ticket::kAnswered) || HungSlotHolds(ticket));
}

inline int64_t CircuitCore::PresentSlice(int64_t slice_nanos) const {
  const int64_t now =
      NowWhile([&](int64_t present) { return slice_nanos - FloorMod(present, slice_nanos); });
  return FloorDiv(now, slice_nanos);
}

inline bool CircuitCore::IsSlow(const Ticket& ticket) const {
  const int64_t slow_nanos = published_.slow_nanos();
  if (slow_nanos == PublishedAdmission::kNever || !ticket.Is(Ticket::kTimed)) return false;
  return clock_.Now().nanos() - ticket.start.nanos() >= slow_nanos;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CIRCUIT_CORE_H_
