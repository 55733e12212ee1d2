// SPDX-License-Identifier: Apache-2.0
//
// What a circuit tells its listeners (DESIGN section 6): each transition, with the rule that caused
// it and its figures, and each reset, with who and why.
//
//   fusebox::CircuitRegistry::Options options;
//   options.listener = [](const fusebox::Event& event) {
//     LOG(WARNING) << event.circuit << ": " << fusebox::StateName(event.from) << " -> "
//                  << fusebox::StateName(event.to) << ", " << event.detail;
//   };
#ifndef FUSEBOX_EVENT_H_
#define FUSEBOX_EVENT_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/state.h"

namespace fusebox {

enum class EventKind {
  kTransition,
  kReset,
};

// What moved the circuit.
enum class Cause {
  kConsecutiveFailures,  // CLOSED -> OPEN, by the policy's rule of that name; so the next three
  kFailuresInWindow,
  kFailureRate,
  kSlowCallRate,
  kOpenDurationElapsed,  // OPEN -> HALF_OPEN
  kProbeFailed,          // HALF_OPEN -> OPEN, by SuccessThreshold
  kProbeFailureRate,     // HALF_OPEN -> OPEN, by ProbeCalls and failure_rate
  kProbeSlowCallRate,    // HALF_OPEN -> OPEN, by ProbeCalls and slow_call_rate
  kProbeTimeout,         // HALF_OPEN -> OPEN, a probe hung
  kProbesSucceeded,      // HALF_OPEN -> CLOSED
  kOperator,             // an operator's reset
};

// "consecutive_failures", "probe_timeout" and so on: the enumerator in snake case.
absl::string_view CauseName(Cause cause);

struct Event {
  EventKind kind = EventKind::kTransition;
  std::string circuit;

  // When it happened. A transition that was due earlier than anyone looked bears the time at which
  // it was due.
  absl::Time time;

  State from = State::kClosed;
  State to = State::kClosed;  // a reset of a CLOSED circuit has from == to
  Cause cause = Cause::kOperator;

  // For people: the rule's figures, as in "failure rate 0.62 >= 0.5 over 100 calls"; or an
  // operator's reason.
  std::string detail;

  std::string actor;  // who, for an operator's action; else empty
};

// Called for each event of a circuit, in their order, on a thread that caused one of them: when two
// threads cause events of one circuit at a time, one of the two delivers both. No lock is held: a
// listener may use the circuit and the registry (an event that it causes itself is delivered after
// it returns). It delays the calls of that thread, so it should be quick, and it must not throw.
using EventListener = std::function<void(const Event&)>;

}  // namespace fusebox

#endif  // FUSEBOX_EVENT_H_
