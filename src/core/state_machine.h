// SPDX-License-Identifier: Apache-2.0
//
// The rules R1-R8, R10, R12, R14-R18 and R20-R22 as a pure machine: (what happens, now) ->
// (answer, changes). It knows neither threads nor clocks; CircuitBreaker is the concurrent shell
// around it.
#ifndef FUSEBOX_SRC_CORE_STATE_MACHINE_H_
#define FUSEBOX_SRC_CORE_STATE_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"
#include "src/core/call_averages.h"
#include "src/core/congestion_window.h"
#include "src/core/evidence_log.h"
#include "src/core/jitter.h"
#include "src/core/open_duration.h"
#include "src/core/opening.h"
#include "src/core/outage.h"
#include "src/core/phase.h"
#include "src/core/ramp_progress.h"
#include "src/core/rules/verdict.h"
#include "src/core/states.h"

namespace fusebox::internal {

// What has changed: an event, except for what the machine can't know (the circuit's name, the time
// of day, who). One transition makes one or more.
struct Change {
  EventKind kind = EventKind::kTransition;
  State from = State::kClosed;
  State to = State::kClosed;
  Mode mode_from = Mode::kAutomatic;
  Mode mode_to = Mode::kAutomatic;
  SteadyTime at;
  uint64_t epoch = 0;
  Verdict verdict;
};
using Changes = absl::InlinedVector<Change, 2>;

// What the machine has to know of a call that has ended.
struct CallRecord {
  OutcomeKind kind = OutcomeKind::kSuccess;
  bool slow = false;
  absl::Duration pushback = absl::ZeroDuration();
  EvidenceLog::Call evidence;

  // Of an ignored one: the caller has ended it, after so long if that is known.
  bool cancelled = false;
  std::optional<absl::Duration> latency;
  bool timed = true;
  absl::Duration usual_latency = absl::ZeroDuration();  // of the circuit's calls; 0: unknown
};

// What the outcome comes to under the policy: whether slowness makes a failure of a success (rule
// C4), and whether an overload is one (R18). Refers to the outcome.
CallRecord Judge(const Policy& policy, const Outcome& outcome, bool slow);
// The same of a failure that belongs to no call.
CallRecord JudgeFailure(const Policy& policy, const Outcome& outcome);

// Not thread-safe. Every operation first makes the transitions that are due at its `now` (rule R1),
// each at the time at which it was due, so that what anyone sees does not depend on who looked
// before. A `now` earlier than the latest one seen is taken for that latest one.
class StateMachine {
 public:
  // What the circuit has counted so far. Asked for only when it opens or is limited (R16-R18): to
  // add up what each thread counts by itself takes a while.
  struct CallCounts {
    int64_t rejected = 0;   // those of shadow mode too
    int64_t in_flight = 0;  // with the call that is being recorded
  };
  using CountsSource = absl::FunctionRef<CallCounts()>;

  // The policy must be valid; `circuit` and `counts` must outlive the machine. CLOSED, unless there
  // is an opening that goes on.
  StateMachine(std::shared_ptr<const Policy> policy, Seed seed, absl::string_view circuit,
               SteadyTime now, const std::optional<Opening>& opening, CountsSource counts);

  // The epoch of permits whose results are for the totals alone.
  static constexpr uint64_t kNoEpoch = 0;

  using Ticket = Permit::Ticket;

  // The answer to asking for a permit.
  struct Grant {
    bool admitted = false;

    // If admitted:
    bool would_reject = false;  // by shadow mode alone
    Ticket ticket;              // all but its flags

    // If rejected:
    RejectionReason reason = RejectionReason::kOpen;
    State state = State::kClosed;
    absl::Duration retry_after = absl::ZeroDuration();
    bool asks = false;  // its caller is to ask the dependency, with `ticket`, flags and all
  };
  // `in_flight` is how many permits are out.
  Grant Acquire(SteadyTime now, int64_t in_flight, Reach reach, Changes& changes);

  // A call has ended. One of an earlier epoch, a stale one, changes nothing (R7).
  struct Recorded {
    OutcomeKind kind = OutcomeKind::kSuccess;  // as what it counts
    bool stale = false;
  };
  Recorded Record(const Ticket& ticket, CallRecord call, SteadyTime now, Changes& changes);

  // A call that goes on has received its first message (R5, R14).
  void ReceiveMessage(const Ticket& ticket, const CallRecord& message, SteadyTime now,
                      Changes& changes);

  // A call that ends, for the circuit, with its first message (C6).
  Recorded RecordFirstMessage(const Ticket& ticket, const CallRecord& message, SteadyTime now,
                              Changes& changes, FirstMessage::Place& first);

  // A failure apart from any call that is out. The trip rules take it like a call's; it is no
  // probe, so it decides nothing in HALF_OPEN.
  void Report(const CallRecord& failure, SteadyTime now, Changes& changes);
  // That of a call whose first message was recorded.
  void Report(const CallRecord& failure, const FirstMessage::Place& first_message, SteadyTime now,
              Changes& changes);

  // `count` successes of the present epoch, and of that slice of its window, of which the machine
  // is told only now. None of them mattered when it happened (`FastPath::successes_matter`).
  void AddSuccesses(int64_t count, int64_t slice, SteadyTime now);

  void AdvanceTo(SteadyTime now, Changes& changes);
  // When time alone will make the next transition, if it will.
  std::optional<SteadyTime> due() const;

  // What an operator does (rules R8, R10). Those that ask for the mode that is on change nothing.
  // `verb` is the cause that belongs to it in FUSEBOX_OPERATOR_VERBS.
  void Operate(Cause verb, absl::string_view why, SteadyTime now, Changes& changes);
  void ForceOpen(absl::string_view why, std::optional<absl::Duration> ttl, SteadyTime now,
                 Changes& changes);
  void SetPolicy(std::shared_ptr<const Policy> policy, absl::string_view why, SteadyTime now,
                 Changes& changes);

  // Calls have started, ended or were rejected without the machine, the last one then: none of them
  // could find anything, or be let through.
  void LookedAt(SteadyTime then);

  // A call that is out, and counts among those that may hang, is one of them no longer.
  void StopClock(const Ticket& ticket, SteadyTime now, Changes& changes);

  // What can be decided without the machine until it is asked again.
  struct FastPath {
    // Every call, with the present epoch, for which there is a place under `max_in_flight`; no
    // other limit to be looked at.
    bool admits = false;
    bool takes_places = false;
    struct Rejects {
      RejectionReason reason = RejectionReason::kOpen;
      State state = State::kOpen;
      SteadyTime until = Probes::kForever;  // and no longer
      // Not of an opening that has its end: calls come back by themselves, and the machine has to
      // hear of it (`LookedAt`).
      bool looks = false;
      bool if_reachable = false;  // a call that can't reach the dependency is another matter
      // Not every call: those for which the ramp's credit isn't enough. Null: every one.
      RampProgress* ramp = nullptr;
    };
    std::optional<Rejects> rejects;
    struct HungCalls {
      HungCallSlots* slots = nullptr;  // null: the rule is off
      int64_t slice_nanos = 0;
      SteadyTime quiet_until;  // every start and end is a look, of which the machine has to hear
    };
    HungCalls hung_calls;
    bool successes_matter = true;
    bool may_probe = false;  // a call that comes may become a probe
    SteadyTime now;          // the latest that was seen: an earlier one is taken for it
  };
  FastPath fast_path();
  // Whether anyone wants to know that a call has received a message: a rule on calls that hang, a
  // limit that it frees a place of, or probes. `max_in_flight` counts calls to their end.
  bool MessagesMatter() const;

  State state() const { return StateOf(phase()); }
  Mode mode() const { return mode_; }
  uint64_t epoch() const { return epoch_; }
  SteadyTime now() const { return now_; }  // the latest that was seen
  const std::shared_ptr<const Policy>& policy() const { return policy_; }

  // Of the present phase, as of the latest `now`.
  int64_t SliceAt(SteadyTime now) const;
  int64_t consecutive_failures() const;
  WindowCounts Counts();
  int64_t probes_out() const;
  std::optional<SteadyTime> open_until() const;
  bool awaits_connection() const;
  // The dependency can't be asked (R21).
  bool asking_stopped() const { return asking_stopped_; }
  int64_t openings_in_a_row() const;
  // OPEN, with its probe due or out (R16, R21).
  bool waits_for_probe() const { return phase() == Phase::kRetrying; }
  // What has to go on, if a circuit in automatic mode is let go of before its opening is over.
  std::optional<Opening> opening() const;
  std::optional<double> ramp_fraction() const;
  std::optional<double> limit();

 private:
  Phase phase() const;
  std::optional<FastPath::Rejects> FastRejection();
  bool FindHungCalls(FastPath& path);
  WatchMemory Memory();
  bool has_rejected() const;
  void TellFirstRejection(bool& told, Changes& changes) const;
  const FailureWatch* watch() const;
  FailureWatch* watch();
  Grant Decide(int64_t in_flight, Reach reach, Changes& changes);
  Grant Probe(RetryingState& retrying, bool by_asking, Changes& changes);
  void LookAtProbes(Changes& changes);
  std::optional<Grant> LookAtConnection(bool connected, Changes& changes);
  bool IsCurrent(uint64_t epoch, SteadyTime now, Changes& changes);
  Grant Reject(RejectionReason reason, absl::Duration retry_after) const;
  void KeepEvidence(const CallRecord& call);
  Evidence EvidenceOf(const Verdict& verdict) const;
  CongestionWindow* window();
  std::optional<Verdict> RecordCurrent(const Ticket& ticket, const CallRecord& call,
                                       Changes& changes);
  std::optional<Verdict> RecordAnswer(const Ticket& ticket, CallRecord& answer, Changes& changes);
  bool CanBeAsked(const CallRecord& answer);
  std::optional<Verdict> RecordInWindow(const Ticket& ticket, const CallRecord& call,
                                        Changes& changes);
  void MeetOverload(SteadyTime start, bool is_out, const CallRecord& call, Changes& changes);
  void TellLimit(absl::string_view why, SteadyTime at, Changes& changes);
  void EndLimit(SteadyTime at, std::string why, Changes& changes);
  void EndLimitAfterCalm(SteadyTime at, absl::Duration calm, Changes& changes);
  struct Learnt {
    CongestionWindow limit;
    absl::Duration usual_latency;
  };
  std::optional<Learnt> LearntBySlowStart(Cause cause);
  void NoteLatency(const Ticket& ticket, const CallRecord& success);
  absl::Duration Patience() const;
  absl::Duration Calm(Phase phase) const;
  std::optional<SteadyTime> ProbeSince(const Ticket& ticket) const;
  std::optional<Verdict> TakeBackProbe(const Ticket& ticket, const CallRecord& call,
                                       ProbingState& probing);
  std::optional<absl::Duration> HungUntilCancelled(const Ticket& ticket,
                                                   const CallRecord& call) const;
  Verdict AtEnd() const;
  // What is to be known of the failure that opens a circuit.
  struct OpenedBy {
    OpenedBy() = default;
    explicit OpenedBy(const CallRecord& call);

    absl::Duration pushback = absl::ZeroDuration();
    bool no_answer = false;  // in time
  };
  bool asks() const;
  void CarryOut(Verdict verdict, SteadyTime at, OpenedBy by, Changes& changes);
  Phase Destination(Cause cause, Phase from, Phase to) const;
  void CountOpenings(Cause cause, Phase to, SteadyTime at);
  void Enter(Phase to, SteadyTime at, OpenedBy by);
  OpenState Open(SteadyTime at, OpenedBy by);
  void AwaitConnection();
  Change ChangeAt(EventKind kind, SteadyTime at, const Verdict& verdict) const;

  std::shared_ptr<const Policy> policy_;
  const CountsSource counts_;
  OpenDuration open_duration_;
  SteadyTime now_;
  uint64_t epoch_ = kNoEpoch + 1;
  std::unique_ptr<CallAverages> averages_;  // null: no rule looks at them
  // These two stay as long as the machine: calls may be looking at them.
  std::unique_ptr<HungCallSlots> hung_calls_;  // null: no policy has looked at them yet
  std::unique_ptr<RampProgress> ramp_;         // null: there was no ramp yet
  std::variant<ClosedState, OpenState, RetryingState, ProbingState, RampingState, SlowStartState>
      state_;
  std::unique_ptr<EvidenceLog> evidence_;       // null: nothing has failed yet
  std::unique_ptr<const WindowCounts> probed_;  // of an opening that goes on; null: nothing

  Mode mode_ = Mode::kAutomatic;

  // With health_probe:
  bool asking_stopped_ = false;
  int8_t refusals_ = 0;  // to say how it is, in a row

  // What a circuit has only once it has been OPEN, or limited. Null: nothing.
  struct Recovery {
    std::optional<SteadyTime> connected_at;  // that a call ended the waiting for a connection

    // With adaptive_recovery:
    std::optional<Outage> outage;                 // that isn't over
    int64_t slow_from = CongestionWindow::kNone;  // the calls in flight that were once too many
    absl::Duration usual_latency = absl::ZeroDuration();  // while it was limited; 0: unknown
  };
  Recovery& recovery();
  absl::Duration usual_latency() const {
    return recovery_ == nullptr ? absl::ZeroDuration() : recovery_->usual_latency;
  }
  void ForgetOutage() {
    if (recovery_ != nullptr) recovery_->outage.reset();
  }
  void ForgetLatency() {
    if (recovery_ != nullptr) recovery_->usual_latency = absl::ZeroDuration();
  }

  std::unique_ptr<Recovery> recovery_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_STATE_MACHINE_H_
