// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_breaker.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/strings/string_view.h"
#include "src/core/event_queue.h"
#include "src/core/mutex.h"
#include "src/core/state_machine.h"
#include "src/core/totals.h"

namespace fusebox {
namespace {

// What the outcome comes to under the policy: whether the call was slow, and whether that makes a
// failure of a success (DESIGN C4).
CallRecord Judge(const Policy& policy, const Outcome& outcome, absl::Duration measured) {
  CallRecord call;
  call.kind = outcome.kind;
  call.slow = outcome.kind != OutcomeKind::kIgnored && outcome.timed && policy.slow_call_duration &&
              outcome.latency.value_or(measured) >= *policy.slow_call_duration;
  if (call.slow && policy.slow_is_failure) call.kind = OutcomeKind::kFailure;
  if (call.kind == OutcomeKind::kFailure) call.pushback = outcome.pushback;
  return call;
}

}  // namespace

class CircuitBreaker::Impl {
 public:
  Impl(absl::string_view name, const Policy& policy, Options options)
      : name_(name),
        policy_(policy),
        clock_(*options.clock),
        events_(std::move(options.listener)),
        machine_(policy_, options.seed ? *options.seed : absl::Uniform<uint64_t>(absl::BitGen()),
                 name_, clock_.Now()) {}

  const std::string& name() const { return name_; }
  const Clock& clock() const { return clock_; }

  struct Answer {
    StateMachine::Grant grant;
    SteadyTime now;
    State state = State::kClosed;
  };

  Answer Acquire() {
    Operation operation(*this);
    const StateMachine::Grant grant = machine_.Acquire(operation.now(), operation.made());
    grant.admitted ? totals_.CountAdmitted() : totals_.CountRejected();
    return {grant, operation.now(), machine_.state()};
  }

  void Return(uint64_t epoch, int32_t probe_place, SteadyTime start, const Outcome& outcome) {
    Operation operation(*this);
    const CallRecord call = Judge(policy_, outcome, operation.now() - start);
    machine_.Record(epoch, probe_place, call, operation.now(), operation.made());
    totals_.CountReturned(call, outcome, operation.now());
  }

  State state() {
    Operation operation(*this);
    machine_.AdvanceTo(operation.now(), operation.made());
    return machine_.state();
  }

  void Reset(const Operator& by) {
    Operation operation(*this, by.who);
    machine_.Reset(by.why, operation.now(), operation.made());
  }

  CircuitSnapshot Snapshot() {
    Operation operation(*this);
    machine_.AdvanceTo(operation.now(), operation.made());
    operation.Keep();
    return SnapshotAt(operation.now());
  }

 private:
  // One operation on the circuit: under the lock while it lasts; at its end the transitions that it
  // made are kept, the lock is let go, and only then are listeners told.
  class ABSL_SCOPED_LOCKABLE Operation {
   public:
    explicit Operation(Impl& impl, absl::string_view actor = {})
        ABSL_EXCLUSIVE_LOCK_FUNCTION(impl.mutex_)
        : impl_(impl), actor_(actor), now_(impl.clock_.Now()) {
      impl_.mutex_.Lock();
    }
    ~Operation() ABSL_UNLOCK_FUNCTION() {
      Keep();
      impl_.mutex_.Unlock();
      if (has_events_) impl_.events_.Deliver();
    }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    SteadyTime now() const { return now_; }
    Transitions& made() { return made_; }

    // Counts what was made so far: for an operation that reads the totals itself.
    void Keep() {
      impl_.mutex_.AssertHeld();  // from construction to destruction
      has_events_ |= impl_.Keep(made_, now_, actor_);
      made_.clear();
    }

   private:
    Impl& impl_;
    const absl::string_view actor_;
    const SteadyTime now_;
    Transitions made_;
    bool has_events_ = false;
  };

  // Counts the transitions and queues their events. True if there is something to deliver.
  bool Keep(const Transitions& made, SteadyTime now, absl::string_view actor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  CircuitSnapshot SnapshotAt(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time WallTimeOf(SteadyTime at, SteadyTime now) const {
    return clock_.WallNow() - (now - at);
  }

  // Constant.
  const std::string name_;
  const Policy policy_;
  const Clock& clock_;

  // Synchronised by itself.
  EventQueue events_;

  // Guarded.
  Mutex mutex_;
  StateMachine machine_ ABSL_GUARDED_BY(mutex_);
  LifetimeTotals totals_ ABSL_GUARDED_BY(mutex_);
};

bool CircuitBreaker::Impl::Keep(const Transitions& made, SteadyTime now, absl::string_view actor) {
  for (const Transition& transition : made) totals_.CountTransition(transition);
  if (!events_.active()) return false;
  for (const Transition& transition : made) {
    Event event;
    event.kind =
        transition.trip.cause == Cause::kOperator ? EventKind::kReset : EventKind::kTransition;
    event.circuit = name_;
    event.time = WallTimeOf(transition.at, now);
    event.from = transition.from;
    event.to = transition.to;
    event.cause = transition.trip.cause;
    event.detail = transition.trip.detail;
    if (event.kind == EventKind::kReset) event.actor = std::string(actor);
    events_.Push(std::move(event));
  }
  return !made.empty();
}

CircuitSnapshot CircuitBreaker::Impl::SnapshotAt(SteadyTime now) {
  CircuitSnapshot snapshot;
  snapshot.name = name_;
  snapshot.state = machine_.state();
  snapshot.epoch = machine_.epoch();
  snapshot.policy = policy_;
  snapshot.totals = totals_.totals();
  snapshot.in_flight = totals_.in_flight();
  snapshot.probes_in_flight = machine_.probes_out();
  snapshot.consecutive_failures = machine_.consecutive_failures();
  snapshot.window = machine_.Counts();
  if (const auto& failure = totals_.last_failure()) {
    snapshot.last_failure = {WallTimeOf(failure->at, now), failure->code, failure->message};
  }
  if (const auto at = totals_.last_transition()) snapshot.last_transition = WallTimeOf(*at, now);
  if (const auto at = machine_.open_until()) snapshot.next_probe = WallTimeOf(*at, now);
  return snapshot;
}

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitBreaker::Create(absl::string_view name,
                                                                       const Policy& policy,
                                                                       Options options) {
  if (name.empty()) {
    return absl::InvalidArgumentError("invalid circuit: name = \"\", must not be empty");
  }
  if (options.clock == nullptr) {
    return absl::InvalidArgumentError("invalid circuit: clock = null, must be a clock");
  }
  if (absl::Status valid = Validate(policy); !valid.ok()) return valid;
  return std::shared_ptr<CircuitBreaker>(
      new CircuitBreaker(std::make_unique<Impl>(name, policy, std::move(options))));
}

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitBreaker::Create(absl::string_view name,
                                                                       const Policy& policy) {
  return Create(name, policy, Options());
}

CircuitBreaker::CircuitBreaker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CircuitBreaker::~CircuitBreaker() = default;

Admission CircuitBreaker::TryAcquire() {
  const Impl::Answer answer = impl_->Acquire();
  const StateMachine::Grant& grant = answer.grant;
  if (!grant.admitted) return Admission(this, grant.reason, answer.state, grant.retry_after);
  return Admission(Permit(this, {grant.epoch, answer.now, grant.probe_place}));
}

void CircuitBreaker::Return(const Permit::Ticket& ticket, const Outcome& outcome) {
  impl_->Return(ticket.epoch, ticket.probe_place, ticket.start, outcome);
}

State CircuitBreaker::state() { return impl_->state(); }
CircuitSnapshot CircuitBreaker::Snapshot() { return impl_->Snapshot(); }
void CircuitBreaker::Reset(const Operator& by) { impl_->Reset(by); }
const std::string& CircuitBreaker::name() const { return impl_->name(); }
const Clock& CircuitBreaker::clock() const { return impl_->clock(); }

}  // namespace fusebox
