// SPDX-License-Identifier: Apache-2.0
//
// The legal moves, in one table (DESIGN R2, R4, R5, R8).
#ifndef FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_
#define FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_

#include <optional>

#include "fusebox/event.h"
#include "fusebox/state.h"

namespace fusebox {

struct LegalMove {
  Cause cause = Cause::kOperator;
  std::optional<State> from;  // absent: from any state
  State to = State::kClosed;
};

inline constexpr LegalMove kLegalMoves[] = {
    {Cause::kConsecutiveFailures, State::kClosed, State::kOpen},
    {Cause::kFailuresInWindow, State::kClosed, State::kOpen},
    {Cause::kFailureRate, State::kClosed, State::kOpen},
    {Cause::kSlowCallRate, State::kClosed, State::kOpen},
    {Cause::kOpenDurationElapsed, State::kOpen, State::kHalfOpen},
    {Cause::kProbeFailed, State::kHalfOpen, State::kOpen},
    {Cause::kProbeFailureRate, State::kHalfOpen, State::kOpen},
    {Cause::kProbeSlowCallRate, State::kHalfOpen, State::kOpen},
    {Cause::kProbeTimeout, State::kHalfOpen, State::kOpen},
    {Cause::kProbesSucceeded, State::kHalfOpen, State::kClosed},
    {Cause::kOperator, std::nullopt, State::kClosed},
};

// Where a cause leads from a state; empty if it can't occur there.
constexpr std::optional<State> TargetOf(Cause cause, State from) {
  for (const LegalMove& move : kLegalMoves) {
    if (move.cause == cause && (!move.from || *move.from == from)) return move.to;
  }
  return std::nullopt;
}

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_
