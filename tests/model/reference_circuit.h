// SPDX-License-Identifier: Apache-2.0
//
// What the rules R1-R10, R12-R17, R20-R22 and C6 say, once more, as plainly as can be: every call
// is kept forever, and every figure is counted afresh from that list whenever it's asked for. Slow,
// and meant to be: it is what the library is compared with, and shares nothing with it but the
// policy and the enums.
//
// Times are whole nanoseconds since the clock's zero. No jitter: the policy's must be 0.
#ifndef FUSEBOX_TESTS_MODEL_REFERENCE_CIRCUIT_H_
#define FUSEBOX_TESTS_MODEL_REFERENCE_CIRCUIT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fusebox/circuit_breaker.h"
#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"

namespace fusebox_testing {

// part / whole, so that nothing here ever divides.
struct Fraction {
  int64_t part = 0;
  int64_t whole = 1;
  double value() const { return static_cast<double>(part) / static_cast<double>(whole); }
};

// A policy whose fractions are known exactly.
struct ReferencePolicy {
  fusebox::Policy policy;   // as given; with the following set to the same values
  Fraction failure_rate;    // if policy.failure_rate
  Fraction slow_call_rate;  // if policy.slow_call_rate
  Fraction backoff = {1, 1};
  int64_t ramp_initial = 0;                          // if policy.ramp: in billionths
  Fraction probe_cost = {1, 4};                      // if policy.adaptive_recovery
  Fraction overload_ratio = {7, 10};                 // if policy.overload_limit
  std::shared_ptr<const ReferencePolicy> candidate;  // if policy.shadow_policy

  // The same, with what the policy leaves unset (R19).
  ReferencePolicy InForce() const;
};

class ReferenceCircuit {
 public:
  ReferenceCircuit(const ReferencePolicy& policy, int64_t now)
      : policy_(policy.InForce()), now_(now), hearing_since_(now) {}

  struct Answer {
    bool admitted = false;
    bool asks = false;     // rejected, and to ask
    std::size_t call = 0;  // if either
    fusebox::RejectionReason reason = fusebox::RejectionReason::kOpen;
    std::optional<int64_t> retry_after = 0;  // absent: forever
  };
  Answer Acquire(int64_t now, fusebox::Reach reach = fusebox::Reach::kCall);

  struct Result {
    fusebox::OutcomeKind kind = fusebox::OutcomeKind::kSuccess;
    std::optional<int64_t> latency;
    bool timed = true;
    // By the caller; with a latency that is less than both a second and half the probe timeout, or
    // no less than that half. What lies between is a matter of what calls usually take.
    bool cancelled = false;
    int64_t pushback = 0;
    int code = 0;
    std::string message;
  };
  void Return(std::size_t call_index, Result result, int64_t now);

  // A message for a call that goes on, and for one that ends with it as far as the circuit is
  // concerned.
  void ReceiveMessage(std::size_t call_index, const Result& message, int64_t now);
  struct Stream {
    uint64_t epoch = 0;
    bool kept_out = false;
    std::optional<std::size_t> entry;  // of the success, if it is one
  };
  Stream RecordFirstMessage(std::size_t call_index, const Result& message, int64_t now);

  // A failure that belongs to no call, and that of a stream.
  void Report(const Result& failure, int64_t now);
  void Report(const Result& failure, const Stream& stream, int64_t now);

  // What operators do, all for one reason.
  void Reset(int64_t now);
  void ForceOpen(std::optional<int64_t> ttl, int64_t now);
  void Disable(int64_t now);
  void Shadow(int64_t now);
  void Automate(int64_t now);
  void SetPolicy(const ReferencePolicy& policy, int64_t now);

  void MakeDueMoves(int64_t now);

  struct Told {
    fusebox::EventKind kind = fusebox::EventKind::kTransition;
    fusebox::State from = fusebox::State::kClosed;
    fusebox::State to = fusebox::State::kClosed;
    fusebox::Mode mode_from = fusebox::Mode::kAutomatic;
    fusebox::Mode mode_to = fusebox::Mode::kAutomatic;
    fusebox::Cause cause = fusebox::Cause::kNone;
    int64_t at = 0;
    uint64_t epoch = 0;
    bool by_operator = false;
  };
  const std::vector<Told>& told() const { return told_; }

  const fusebox::Policy& policy() const { return policy_.policy; }
  fusebox::State state() const { return state_; }
  fusebox::Mode mode() const { return mode_; }
  bool ramping() const { return ramping_; }
  bool awaits_connection() const { return awaits_connection_; }
  bool asking_stopped() const { return asking_stopped_; }
  // Of calls in flight, in millionths; 0: none.
  int64_t limit() const { return Limiting() ? limit_ : 0; }
  uint64_t epoch() const { return epoch_; }
  // When time alone will make the next move, if it will.
  std::optional<int64_t> NextDue() const;
  // When the openings before will be forgotten, if they still count.
  std::optional<int64_t> Forgets() const;
  // When the next probe is due, of a circuit that is OPEN and has none out.
  std::optional<int64_t> NextProbe() const;
  // When the oldest probe will have been out for too long.
  std::optional<int64_t> ProbeRunsOut() const;

  // Figures, as of the latest operation.
  struct Window {
    int64_t recorded = 0;
    int64_t failures = 0;
    int64_t slow = 0;
  };
  Window CountWindow() const;
  int64_t FailuresInARow() const;
  int64_t OpeningsInARow() const;
  int64_t InFlight() const;
  int64_t ProbesOut() const;
  int64_t RampBillionths() const;
  int64_t Returned(fusebox::OutcomeKind kind) const;
  int64_t Slow() const;
  int64_t rejected() const { return rejected_; }
  int64_t too_many_calls() const { return too_many_calls_; }
  int64_t would_reject() const { return would_reject_; }
  int64_t Transitions(fusebox::State from, fusebox::State to) const;
  std::optional<int64_t> LastTransition() const;

  struct Failure {
    int64_t at = 0;
    int code = 0;
    std::string message;
  };
  const std::optional<Failure>& last_failure() const { return last_failure_; }

 private:
  struct Call {
    int64_t started = 0;
    bool timed = false;  // somebody wanted to know when it started
    uint64_t epoch = 0;  // 0: its result is for the totals alone
    bool asks = false;   // it is no call, but a probe that asks
    bool out = true;
    bool answered = false;             // by a message
    std::optional<std::size_t> entry;  // which that message made, as a probe's success
    bool has_place = false;            // under a limit
    int64_t place_since = 0;
    bool forgotten = false;
    int64_t inside = 0;  // how many had one when it had got it
    // Once it is back:
    fusebox::OutcomeKind kind = fusebox::OutcomeKind::kIgnored;
    bool slow = false;
  };

  // A success or failure that a permit of the present epoch came to, in the order in which they
  // came.
  struct Entry {
    uint64_t epoch = 0;
    int64_t at = 0;
    bool failure = false;
    bool slow = false;
    bool in_window = true;
    // What it is in the run of failures.
    enum class InRun { kFailure, kSuccess, kNothing } in_run = InRun::kNothing;
  };

  // What R15 learns from, in the order in which it came.
  struct Heard {
    std::size_t entry = 0;
    bool failure = false;
    int64_t at = 0;
    uint64_t epoch = 0;
    bool first_message = false;  // a success that may be taken back
    bool taken_back = false;
    bool known_before = false;  // of a call whose success was taken back
  };

  // Letting calls through, under the eyes of the trip rules: CLOSED, or ramping.
  bool Watching() const { return state_ == fusebox::State::kClosed || ramping_ || slow_start_; }
  bool Probing() const { return state_ == fusebox::State::kHalfOpen && !ramping_ && !slow_start_; }
  bool Limiting() const { return slow_start_ || closed_with_limit_; }
  bool IsSlow(const Call& call, const Result& result) const;
  std::size_t AddEntry(bool failure, bool slow, bool first_message = false);
  std::vector<Entry> Recorded() const;  // of this epoch
  bool IsInWindow(std::size_t entry) const;
  void TakeBack(std::size_t entry);
  bool Look(bool found, int64_t age);
  bool HungCallsHold();
  int64_t AwaitsFor() const;
  void LookAtProbes();
  bool IsCurrent(uint64_t epoch, int64_t now);
  // After an entry is there or has changed.
  struct Failed {
    int64_t pushback = 0;
    bool no_answer = false;
  };
  void Judge(bool counts, Failed failed);
  void CountFailure(const Result& failure);
  std::optional<fusebox::Cause> TripRuleThatHolds() const;
  int64_t RecentFailuresInARow() const;
  bool ImprobableRunHolds() const;
  std::optional<fusebox::Cause> Verdict() const;
  std::optional<fusebox::RejectionReason> Refusal(fusebox::Reach reach);
  bool Asks() const;
  bool TurnsAwayWhoAsks(const Result& answer);
  int64_t OpenLength(int64_t pushback) const;

  // One move: into `to`, ramping or not, and in that mode.
  struct Target {
    fusebox::State to = fusebox::State::kClosed;
    std::optional<fusebox::Mode> mode;  // absent: as before
    bool ramping = false;
    bool slow_start = false;
    bool by_calls = false;  // if HALF_OPEN, calls are let through
    int64_t pushback = 0;
    bool no_answer = false;  // in time
    bool by_rule = false;
    bool by_operator = false;
  };
  void Move(fusebox::Cause cause, int64_t at, const Target& target);
  void OpenByRule(fusebox::Cause cause, int64_t at, Failed failed);
  void Open(int64_t at, const Target& target, bool goes_on);
  int64_t ProbeGap(int64_t at) const;
  int64_t Patience() const;
  int64_t Inside() const;
  void ForgetPlaces();
  void StartSlowly(int64_t at);
  void NoteLatency(const Call& call, const Result& result);
  // A call has had a message, or has ended without one before.
  void LeavePlace(std::size_t call_index, const Result& result, bool was_answered);
  void Grow();
  void EndLimit(int64_t at);
  void Limit(int64_t at, int64_t out);
  // One that started then, while `others` were out.
  void MeetOverload(int64_t started, const Result& result);

  ReferencePolicy policy_;
  int64_t now_;
  fusebox::State state_ = fusebox::State::kClosed;
  fusebox::Mode mode_ = fusebox::Mode::kAutomatic;
  uint64_t epoch_ = 1;
  int64_t openings_in_a_row_ = 0;
  std::optional<int64_t> closed_at_;   // if there are any while CLOSED
  std::optional<int64_t> open_until_;  // while OPEN; absent: forever
  bool has_rejected_ = false;          // in this opening
  bool awaits_connection_ = false;     // a probe is due for the next call that has one
  std::optional<int64_t> connected_at_;
  Window probed_before_;  // what probes had come to when it began to await a connection
  bool ramping_ = false;
  int64_t ramping_since_ = 0;
  bool asking_stopped_ = false;
  int64_t refusals_ = 0;  // in a row, to whoever asks
  // With adaptive_recovery or health_probe:
  bool retrying_ = false;       // OPEN, and its probe is due or out
  int64_t retrying_since_ = 0;  // or since the last probe was ignored
  // With adaptive_recovery:
  bool slow_start_ = false;  // HALF_OPEN
  int64_t limit_ = 0;        // in millionths
  int64_t slow_from_ = -1;   // -1: from nowhere
  int64_t last_held_ = 0;
  int64_t last_admitted_ = 0;
  // Of a limit, in slow start or CLOSED:
  bool closed_with_limit_ = false;      // CLOSED, with a limit
  std::optional<int64_t> last_growth_;  // of a limit that grows slowly
  int64_t grows_since_ = 0;
  int64_t inside_before_ = 0;           // those of slow start, when it was closed
  std::optional<int64_t> grows_until_;  // quickly, in millionths; absent: always
  std::optional<int64_t> last_cut_;
  std::optional<int64_t> held_until_;
  int64_t share_ = 0;  // of a call, in millionths
  int64_t limited_since_ = 0;
  int64_t out_at_beginning_ = 0;
  int64_t usual_latency_ = 0;
  struct Outage {
    int64_t began = 0;
    int64_t refused_before = 0;
  };
  std::optional<Outage> outage_;
  int64_t in_flight_ = 0;  // when the present operation began, as the next one
  int64_t refused_ = 0;
  int64_t ramp_credit_ = 0;           // in billionths
  std::optional<int64_t> last_look_;  // in this epoch, at the calls that are out
  std::optional<int64_t> armed_at_;
  int64_t rejected_ = 0;
  int64_t too_many_calls_ = 0;
  int64_t would_reject_ = 0;
  std::vector<Call> calls_;
  std::vector<Entry> entries_;
  std::vector<Heard> heard_;
  int64_t hearing_since_ = 0;
  std::vector<Told> told_;
  std::optional<Failure> last_failure_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_REFERENCE_CIRCUIT_H_
