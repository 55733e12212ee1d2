// SPDX-License-Identifier: Apache-2.0
//
// The legal moves, in one table (rules R2, R4-R6, R8, R10, R14).
#ifndef FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_
#define FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_

#include <optional>

#include "fusebox/event.h"
#include "fusebox/state.h"
#include "src/core/phase.h"

namespace fusebox {

struct LegalMove {
  Cause cause;
  std::optional<Phase> from;  // absent: from any
  Phase to;
  std::optional<Mode> mode;  // absent: as before
};

inline constexpr LegalMove kLegalMoves[] = {
    {Cause::kConsecutiveFailures, Phase::kClosed, Phase::kOpen, {}},
    {Cause::kConsecutiveFailures, Phase::kRamping, Phase::kOpen, {}},
    {Cause::kFailuresInWindow, Phase::kClosed, Phase::kOpen, {}},
    {Cause::kFailuresInWindow, Phase::kRamping, Phase::kOpen, {}},
    {Cause::kFailureRate, Phase::kClosed, Phase::kOpen, {}},
    {Cause::kFailureRate, Phase::kRamping, Phase::kOpen, {}},
    {Cause::kSlowCallRate, Phase::kClosed, Phase::kOpen, {}},
    {Cause::kSlowCallRate, Phase::kRamping, Phase::kOpen, {}},
    {Cause::kHungCalls, Phase::kClosed, Phase::kOpen, {}},
    {Cause::kHungCalls, Phase::kRamping, Phase::kOpen, {}},
    {Cause::kOpenDurationElapsed, Phase::kOpen, Phase::kProbing, {}},
    {Cause::kProbeFailed, Phase::kProbing, Phase::kOpen, {}},
    {Cause::kProbeFailureRate, Phase::kProbing, Phase::kOpen, {}},
    {Cause::kProbeSlowCallRate, Phase::kProbing, Phase::kOpen, {}},
    {Cause::kProbeTimeout, Phase::kProbing, Phase::kOpen, {}},
    {Cause::kProbesSucceeded, Phase::kProbing, Phase::kClosed, {}},  // or to kRamping, see there
    {Cause::kRampEnded, Phase::kRamping, Phase::kClosed, {}},
    {Cause::kReset, {}, Phase::kClosed, Mode::kAutomatic},
    {Cause::kForcedOpen, {}, Phase::kOpen, Mode::kForcedOpen},
    {Cause::kReleased, Phase::kOpen, Phase::kProbing, Mode::kAutomatic},
    {Cause::kForcedOpenEnded, Phase::kOpen, Phase::kProbing, Mode::kAutomatic},
    {Cause::kAutomated, {}, Phase::kClosed, Mode::kAutomatic},
    {Cause::kDisabled, {}, Phase::kClosed, Mode::kDisabled},
    {Cause::kShadowed, {}, Phase::kClosed, Mode::kShadow},
};

// What a cause does in a phase; empty if it can't occur there.
constexpr std::optional<LegalMove> MoveFor(Cause cause, Phase from) {
  for (const LegalMove& move : kLegalMoves) {
    if (move.cause == cause && (!move.from || *move.from == from)) return move;
  }
  return std::nullopt;
}

// Whether somebody did it, and is named in the event.
constexpr bool IsOperatorCause(Cause cause) {
  switch (cause) {
    case Cause::kReset:
    case Cause::kForcedOpen:
    case Cause::kReleased:
    case Cause::kAutomated:
    case Cause::kDisabled:
    case Cause::kShadowed:
    case Cause::kPolicyChanged:
      return true;
    default:
      return false;
  }
}

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_
