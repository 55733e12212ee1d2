// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_BASE_OPERATOR_VERBS_H_
#define FUSEBOX_SRC_BASE_OPERATOR_VERBS_H_

// What an operator can do to a circuit's mode and state, as X(verb, field, cause, repeated, word,
// help, manual):
//   verb      its method of CircuitBreaker, and with "Circuit" behind it its RPC
//   field     its name in the `action` of ApplyToCircuitsRequest: the verb in snake_case
//   cause     of the moves that it makes (fusebox/event.h says which those are)
//   repeated  whether it does something if the mode that it asks for is on: kAgain or kOnce
//   word      its subcommand of fuseboxctl
//   help      what that says of itself
//   manual    what its manual says of it, in troff
// Whoever has a `ttl` in its request is ForceOpen. A policy change is no such verb: it has a policy
// with it, and leaves the mode alone.
#define FUSEBOX_OPERATOR_VERBS(X)                                                          \
  X(Reset, reset, kReset, kAgain, "reset", "Close circuits and start them over",           \
    "Automatic mode, CLOSED, with an empty window; the totals stay.")                      \
  X(ForceOpen, force_open, kForcedOpen, kAgain, "open", "Make circuits reject every call", \
    "Rejects every call, until\n.B auto\nor for\n.BR \\-\\-ttl ;\nthen HALF_OPEN.")        \
  X(Disable, disable, kDisabled, kOnce, "disable", "Make circuits admit every call",       \
    "Admits every call, whatever its outcome.")                                            \
  X(Shadow, shadow, kShadowed, kOnce, "shadow",                                            \
    "Make circuits admit every call and count what they would reject",                     \
    "Runs the state machine and rejects nothing.")                                         \
  X(Automate, automate, kAutomated, kOnce, "auto", "Return circuits to their policies",    \
    "Back to automatic mode: from forced open HALF_OPEN, else CLOSED.")

#endif  // FUSEBOX_SRC_BASE_OPERATOR_VERBS_H_
