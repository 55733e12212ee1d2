// SPDX-License-Identifier: Apache-2.0
//
// What a circuit tells its listeners (docs/rules.md): transitions and the rules that caused
// them, with their figures; operators' actions, with who and why; circuits that come and go. No
// event is made for an ordinary permitted call.
//
//   fusebox::CircuitRegistry::Options options;
//   options.listener = [](const fusebox::Event& event) {
//     std::clog << event.circuit << ": " << fusebox::StateName(event.from) << " -> "
//               << fusebox::StateName(event.to) << ", " << event.detail << '\n';
//   };
#ifndef FUSEBOX_EVENT_H_
#define FUSEBOX_EVENT_H_

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/enum_table.h"
#include "fusebox/evidence.h"
#include "fusebox/export.h"
#include "fusebox/state.h"

namespace fusebox {

// The kinds of events, as X(enumerator, number, name, level):
// - name: in lower case wherever it is text, and after EVENT_KIND_ in fusebox/v1/circuit.proto
// - level: of its lines in a log, a LogLevel of fusebox/log_listener.h; a transition to OPEN is
//   kWarning
#define FUSEBOX_EVENT_KINDS(X)                                                                 \
  /* The state has changed: `from`, `to`. */                                                   \
  X(kTransition, 0, TRANSITION, kInfo)                                                         \
  /* A trip rule or a probe verdict holds; the transition that follows from it is next. */     \
  X(kRuleExceeded, 1, RULE_EXCEEDED, kWarning)                                                 \
  /* A positive verdict; HALF_OPEN goes on with a growing share of calls. */                   \
  X(kRampStarted, 2, RAMP_STARTED, kInfo)                                                      \
  /* The first call that this opening has rejected. */                                         \
  X(kFirstRejection, 3, FIRST_REJECTION, kWarning)                                             \
  /* By an operator. */                                                                        \
  X(kReset, 4, RESET, kInfo)                                                                   \
  /* By an operator, or when a time to live ends: `mode_from`, `mode_to`. */                   \
  X(kModeChanged, 5, MODE_CHANGED, kInfo)                                                      \
  /* By an operator. */                                                                        \
  X(kPolicyChanged, 6, POLICY_CHANGED, kInfo)                                                  \
  /* To its registry. */                                                                       \
  X(kCircuitAdded, 7, CIRCUIT_ADDED, kInfo)                                                    \
  /* By an operator, or to keep the registry within its bound. */                              \
  X(kCircuitRemoved, 8, CIRCUIT_REMOVED, kInfo)                                                \
  /* Code of the application's has thrown (fusebox/user_code.h): `detail`. At most one */      \
  /* a second for each kind of code. */                                                        \
  X(kUserCodeFailed, 9, USER_CODE_FAILED, kError)                                              \
  /* Listeners that didn't return in time were not told of events: `detail`. Of no circuit: */ \
  /* these were of circuits of which no other event waited. */                                 \
  X(kEventsDropped, 10, EVENTS_DROPPED, kError)                                                \
  /* Calls went without a circuit, since the registry is full of circuits that must stay: */   \
  /* `circuit` is that of the last one. At most one in 10 s. */                                \
  X(kCallsUnprotected, 11, CALLS_UNPROTECTED, kWarning)                                        \
  /* A probe of an OPEN circuit, with `adaptive_recovery` or `health_probe`: it stays so. */   \
  X(kProbeFailed, 12, PROBE_FAILED, kInfo)                                                     \
  /* A probe has succeeded; HALF_OPEN goes on with a growing number of calls. */               \
  X(kSlowStartBegan, 13, SLOW_START_BEGAN, kInfo)                                              \
  /* CLOSED, with a limit: the dependency has too much to do, or gave no answers before. */    \
  X(kLimitBegan, 14, LIMIT_BEGAN, kWarning)                                                    \
  /* It stays CLOSED, and they are limited no longer. */                                       \
  X(kLimitEnded, 15, LIMIT_ENDED, kInfo)                                                       \
  /* The candidate beside the policy (`Policy::shadow_policy`) would have opened the */        \
  /* circuit, or closed it: by `cause`, with `detail`. The circuit itself has not moved. */    \
  X(kShadowOpened, 16, SHADOW_OPENED, kInfo)                                                   \
  X(kShadowClosed, 17, SHADOW_CLOSED, kInfo)                                                   \
  /* The dependency can't be asked whether it is well, with `health_probe`: calls are the */   \
  /* probes from now on. Once, until a reset or a change of policy. */                         \
  X(kHealthProbeStopped, 18, HEALTH_PROBE_STOPPED, kWarning)                                   \
  /* A configuration file was put in force: `detail`. Of no circuit. */                        \
  X(kConfigReloaded, 19, CONFIG_RELOADED, kInfo)                                               \
  /* It wasn't, since something is wrong with it: `detail`. Nothing has changed. */            \
  X(kConfigRefused, 20, CONFIG_REFUSED, kError)

enum class EventKind { FUSEBOX_EVENT_KINDS(FUSEBOX_ENUMERATOR) };

// "transition", "rule_exceeded" and so on: the enumerator in snake case.
FUSEBOX_EXPORT absl::string_view EventKindName(EventKind kind);

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, EventKind kind);

// What moves a circuit, as X(enumerator, number, name, by, from, to, mode):
// - name: in lower case wherever it is text, and after CAUSE_ in fusebox/v1/circuit.proto
// - by: who is behind it: a rule over failures, slow calls or calls that hang (kFailures,
//   kSlowCalls, kHungCalls), the time or a verdict in the circuit's favour (kItself), or an
//   operator (kOperator), who is then named in the event
// - from: what it can move: a circuit that lets calls through, CLOSED, ramping or in slow start
//   (kWatching); OPEN (kOpen); with probes out (kProbing); ramping (kRamping); in slow start
//   (kSlowStart); any (kAny) or none (kNone)
// - to: what it moves it to: kClosed, kOpen, kProbing; kSame: nothing
// - mode: which mode it sets; kSame: none
#define FUSEBOX_CAUSES(X)                                                               \
  /* The policy's rules of these names. */                                              \
  X(kConsecutiveFailures, 1, CONSECUTIVE_FAILURES, kFailures, kWatching, kOpen, kSame)  \
  X(kFailuresInWindow, 2, FAILURES_IN_WINDOW, kFailures, kWatching, kOpen, kSame)       \
  X(kFailureRate, 3, FAILURE_RATE, kFailures, kWatching, kOpen, kSame)                  \
  X(kSlowCallRate, 4, SLOW_CALL_RATE, kSlowCalls, kWatching, kOpen, kSame)              \
  X(kHungCalls, 5, HUNG_CALLS, kHungCalls, kWatching, kOpen, kSame)                     \
  /* OPEN -> HALF_OPEN. */                                                              \
  X(kOpenDurationElapsed, 6, OPEN_DURATION_ELAPSED, kItself, kAnyOpen, kProbing, kSame) \
  /* HALF_OPEN -> OPEN, by SuccessThreshold. */                                         \
  X(kProbeFailed, 7, PROBE_FAILED, kFailures, kProbing, kOpen, kSame)                   \
  /* HALF_OPEN -> OPEN, by ProbeCalls and failure_rate. */                              \
  X(kProbeFailureRate, 8, PROBE_FAILURE_RATE, kFailures, kProbing, kOpen, kSame)        \
  /* HALF_OPEN -> OPEN, by ProbeCalls and slow_call_rate. */                            \
  X(kProbeSlowCallRate, 9, PROBE_SLOW_CALL_RATE, kSlowCalls, kProbing, kOpen, kSame)    \
  /* HALF_OPEN -> OPEN, a probe hung. */                                                \
  X(kProbeTimeout, 10, PROBE_TIMEOUT, kHungCalls, kProbing, kOpen, kSame)               \
  /* HALF_OPEN -> CLOSED; with a ramp in the policy it is on the ramp first. Also */    \
  /* OPEN -> HALF_OPEN, by a probe of an OPEN circuit. */                               \
  X(kProbesSucceeded, 11, PROBES_SUCCEEDED, kItself, kProbing, kClosed, kSame)          \
  /* HALF_OPEN -> CLOSED. */                                                            \
  X(kRampEnded, 12, RAMP_ENDED, kItself, kRamping, kClosed, kSame)                      \
  X(kReset, 13, RESET, kOperator, kAny, kClosed, kAutomatic)                            \
  X(kForcedOpen, 14, FORCED_OPEN, kOperator, kAny, kOpen, kForcedOpen)                  \
  /* From forced open to automatic: OPEN -> HALF_OPEN. */                               \
  X(kReleased, 15, RELEASED, kOperator, kOpen, kProbing, kAutomatic)                    \
  X(kAutomated, 16, AUTOMATED, kOperator, kAny, kClosed, kAutomatic)                    \
  X(kDisabled, 17, DISABLED, kOperator, kAny, kClosed, kDisabled)                       \
  X(kShadowed, 18, SHADOWED, kOperator, kAny, kClosed, kShadow)                         \
  /* The time to live of a forced opening: OPEN -> HALF_OPEN. */                        \
  X(kForcedOpenEnded, 19, FORCED_OPEN_ENDED, kItself, kOpen, kProbing, kAutomatic)      \
  X(kPolicyChanged, 20, POLICY_CHANGED, kOperator, kNone, kSame, kSame)                 \
  /* HALF_OPEN -> OPEN: the call that would have been the probe had no connection. */   \
  X(kNotConnected, 21, NOT_CONNECTED, kItself, kProbing, kOpen, kSame)                  \
  /* Then OPEN -> HALF_OPEN: a call has one. */                                         \
  X(kConnected, 22, CONNECTED, kItself, kOpen, kProbing, kSame)                         \
  /* The policy's rule of this name. */                                                 \
  X(kImprobableRun, 23, IMPROBABLE_RUN, kFailures, kWatching, kOpen, kSame)             \
  /* HALF_OPEN -> CLOSED. */                                                            \
  X(kSlowStartEnded, 24, SLOW_START_ENDED, kItself, kSlowStart, kClosed, kSame)

// What moved the circuit.
enum class Cause {
  kNone = 0,  // nothing did: circuit added or removed, calls unprotected

  FUSEBOX_CAUSES(FUSEBOX_ENUMERATOR)
};

// "consecutive_failures", "probe_timeout" and so on: the enumerator in snake case.
FUSEBOX_EXPORT absl::string_view CauseName(Cause cause);

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, Cause cause);

struct Event {
  // Counts the events of a registry, or of a lone breaker, from 1 on.
  uint64_t sequence = 0;

  EventKind kind = EventKind::kTransition;
  std::string circuit;  // its name; empty for what belongs to no circuit
  uint64_t epoch = 0;   // the circuit's, after the event; 0: of no circuit that is there

  // When it happened. A transition that was due earlier than anyone looked bears the time at which
  // it was due.
  absl::Time time;

  // Before and after the move that the event belongs to; alike where nothing moved.
  State from = State::kClosed;
  State to = State::kClosed;
  Mode mode_from = Mode::kAutomatic;
  Mode mode_to = Mode::kAutomatic;

  Cause cause = Cause::kNone;

  // For people: the rule's figures, as in "failure rate 0.62 >= 0.5 over 100 calls"; or an
  // operator's reason.
  std::string detail;

  std::string actor;  // who, for an operator's action; else empty

  // Of a rule that has opened the circuit, in its kRuleExceeded and in the transition that follows:
  // which failures those were. Absent in every other event.
  std::optional<Evidence> evidence;
};

// The last events of a registry, for those who come later.
struct EventBatch {
  std::vector<Event> events;  // by sequence number

  // How many were asked for and are no longer kept, of those up to `next`. They may have been
  // between those that are here: circuits that are added and removed have a log of their own, and
  // so have those of which no call has ever succeeded. Many new ones don't push out what has moved
  // the others.
  uint64_t missed = 0;

  // What to ask for next: the number of the last event that is here or was counted as missed.
  uint64_t next = 0;

  uint64_t last = 0;  // the number of the newest event that there has been; 0: none yet
};

// Called for each event, those of a circuit one after the other and in their order, on threads that
// cause events: when several do so at the same time, one may deliver what another has caused, of
// any circuit of the registry. Events of different circuits may come on several threads at the same
// time. Of circuits that came one after the other under one name, events may come out of order, as
// in kCircuitAdded of the second before kCircuitRemoved of the first: `sequence` is their order.
//
// No lock is held: a listener may use the circuits and the registry. An event that it causes itself
// is delivered after it has returned, or on another thread meanwhile if it is of another circuit;
// never within it. So it must not wait for one, and one that causes an event at each event never
// gets its thread back.
//
// It delays the calls of its thread, so it should be quick. Listeners that don't return hold at
// most five threads of a registry, or of a lone breaker; other threads leave their events to those
// and go on. Meanwhile the latest 256 events of a circuit wait (16,384 of all circuits of a
// registry); others are dropped and counted (`RegistryStats::dropped_events`), and an event
// `kEventsDropped` says so. The registry's log gets them all. It should not throw, and must not end
// its thread: see fusebox/user_code.h.
using EventListener = std::function<void(const Event&)>;

}  // namespace fusebox

#endif  // FUSEBOX_EVENT_H_
