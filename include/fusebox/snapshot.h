// SPDX-License-Identifier: Apache-2.0
//
// What can be known about a circuit at one moment (rule R9). Plain values, made under the
// circuit's lock and therefore consistent in themselves; sharing nothing with the circuit but its
// policy, which never changes. What few circuits have is boxed (fusebox/boxed.h), so that a list of
// many takes little memory.
#ifndef FUSEBOX_SNAPSHOT_H_
#define FUSEBOX_SNAPSHOT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "fusebox/boxed.h"
#include "fusebox/event.h"
#include "fusebox/evidence.h"
#include "fusebox/export.h"
#include "fusebox/outcome.h"
#include "fusebox/policy.h"
#include "fusebox/state.h"

namespace fusebox {

// The last recorded failure.
struct LastFailure {
  absl::Time time;
  int code = 0;         // the status code that it was recorded with
  std::string message;  // cut to kMaxFailureMessageBytes
};

// What moved a circuit: the rule and its figures, or who did it and why.
struct Move {
  absl::Time time;
  Cause cause = Cause::kNone;
  std::string detail;  // the rule's figures in words, or the operator's reason
  std::string actor;   // who, if an operator did it; else empty

  // Of an opening by a rule: which failures those were. Absent for an operator's.
  std::optional<Evidence> evidence;
};

// Counts over the circuit's whole life. They never go down: transitions and resets keep them.
struct Totals {
  int64_t success = 0;
  int64_t failure = 0;
  int64_t ignored = 0;
  int64_t slow = 0;            // successes and failures that took slow_call_duration or longer
  int64_t rejected = 0;        // calls that were given no permit by state or mode
  int64_t too_many_calls = 0;  // calls that were given none because of max_in_flight
  int64_t would_reject = 0;    // calls that shadow mode admitted instead
  int64_t opened = 0;          // times that the circuit went to OPEN, from whichever state

  // Probes that left the circuit OPEN (rules R16 and R21): calls that an outage has cost besides
  // those that opened it, or questions to the dependency.
  int64_t probes_failed = 0;

  // `failure` by status code, from OK = 0 to UNAUTHENTICATED = 16. A code outside of these counts
  // as UNKNOWN = 2.
  BoxedCounts<std::array<int64_t, kStatusCodeCount>> failures_by_code;

  // transitions[from][to], both indexed by State.
  BoxedCounts<std::array<std::array<int64_t, kStateCount>, kStateCount>> transitions;

  int64_t Transitions(State from, State to) const {
    return transitions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  }
};

// Adds up what two circuits have counted.
FUSEBOX_EXPORT Totals& operator+=(Totals& sum, const Totals& more);

// What the trip rules look at: the calls that the window holds. All zero unless CLOSED or ramping.
struct WindowCounts {
  int64_t recorded = 0;
  int64_t failures = 0;
  int64_t slow = 0;
};

// What the candidate beside a policy would have done (rule R23), since it was set there.
struct ShadowCounts {
  State state = State::kClosed;  // in which the circuit would be
  int64_t calls = 0;             // that came
  int64_t rejected = 0;          // of those, by the policy in force
  int64_t would_reject = 0;      // of those that the policy in force admitted
  int64_t would_admit = 0;       // of those that it rejected
  int64_t would_open = 0;        // times that it went to OPEN, from whichever state
};

struct CircuitSnapshot {
  std::string name;
  std::string target;  // the part of the name that is the channel's; empty for a circuit without
  Mode mode = Mode::kAutomatic;
  State state = State::kClosed;  // OPEN while forced open, CLOSED while disabled

  // While OPEN: a probe is due, and is made as soon as a call finds its channel connected (R20).
  bool awaits_connection = false;
  // The dependency couldn't be asked whether it is well (R21): calls are the probes.
  bool health_probe_stopped = false;

  bool ramping = false;      // HALF_OPEN, after a positive verdict
  double ramp_fraction = 0;  // while ramping: the share of calls that is admitted now

  // In slow start and for a while after it (R17), and under `overload_limit` (R18): how many calls
  // may be in flight; below 1, the share of calls that is let through.
  std::optional<double> limit;

  uint64_t epoch = 0;  // goes up at each transition, mode change, reset and policy change

  // In force: with all said that was left unset (Policy::InForce).
  SharedPolicy policy;

  // The standing order that says its mode (CircuitRegistry::GiveOrder). 0: none does.
  uint64_t order = 0;

  Totals totals;
  int64_t in_flight = 0;             // permits that are out
  int64_t probes_in_flight = 0;      // of those, the probes of the present HALF_OPEN
  int64_t consecutive_failures = 0;  // the present run, while CLOSED or ramping

  // How many openings by a rule the backoff counts as a row (rules R4, R22), the present one
  // included: 3 if that one lasts as long as a third. While CLOSED what `backoff_memory` still
  // knows of, else 0.
  int64_t openings_in_a_row = 0;
  WindowCounts window;

  Boxed<LastFailure> last_failure;
  Boxed<absl::Time> last_transition;
  Boxed<Move> last_opening;  // what opened it last, whether it is open now or not
  Boxed<Move> last_action;   // what an operator did last
  // While OPEN: when it will turn HALF_OPEN, or the next probe is due; absent if an operator holds
  // it open for good, while it awaits a connection, and while its one probe is out (R16, R21).
  Boxed<absl::Time> next_probe;

  Boxed<ShadowCounts> shadow;  // of `policy.shadow_policy`, if that is set
};

}  // namespace fusebox

#endif  // FUSEBOX_SNAPSHOT_H_
