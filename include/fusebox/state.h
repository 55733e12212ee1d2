// SPDX-License-Identifier: Apache-2.0
//
// The states of a circuit and its modes (rule R8): docs/rules.md says what moves them.
#ifndef FUSEBOX_STATE_H_
#define FUSEBOX_STATE_H_

#include <cstddef>
#include <iosfwd>

#include "absl/strings/string_view.h"
#include "fusebox/enum_table.h"
#include "fusebox/export.h"

namespace fusebox {

// The states, as X(enumerator, number, name).
#define FUSEBOX_STATES(X)                                                   \
  /* Healthy: every call is admitted, and outcomes are watched. */          \
  X(kClosed, 0, CLOSED)                                                     \
  /* Failing: every call is rejected until the open duration has passed. */ \
  X(kOpen, 1, OPEN)                                                         \
  /* On trial: a few probes are admitted, and their outcomes decide. */     \
  X(kHalfOpen, 2, HALF_OPEN)

// What the state machine has decided about a dependency.
enum class State {
  // None of those that this version knows. No circuit is in it; only a `Rejection` can say so, of
  // which another process that runs a newer version is the author.
  kUnknown = -1,

  FUSEBOX_STATES(FUSEBOX_ENUMERATOR)
};

// How many there are, without kUnknown: their numbers are 0 to kStateCount - 1.
inline constexpr std::size_t kStateCount = internal::CountRows({FUSEBOX_STATES(FUSEBOX_COUNT_ROW)});

// "CLOSED", "OPEN" or "HALF_OPEN"; else "UNKNOWN".
constexpr absl::string_view StateName(State state) {
  switch (state) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case State::enumerator:                      \
    return #name;
    FUSEBOX_STATES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case State::kUnknown:
      break;
  }
  return "UNKNOWN";
}

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, State state);

// The modes, as X(enumerator, number, name).
#define FUSEBOX_MODES(X)                                                     \
  /* The state machine rules. */                                             \
  X(kAutomatic, 0, AUTOMATIC)                                                \
  /* Every call is rejected, until released or until a time to live ends. */ \
  X(kForcedOpen, 1, FORCED_OPEN)                                             \
  /* Every call is admitted; only the totals go on. */                       \
  X(kDisabled, 2, DISABLED)                                                  \
  /* The state machine runs, but nothing is rejected. */                     \
  X(kShadow, 3, SHADOW)

// What the operator has decided about a circuit (rule R8).
enum class Mode { FUSEBOX_MODES(FUSEBOX_ENUMERATOR) };

// How many there are: their numbers are 0 to kModeCount - 1.
inline constexpr std::size_t kModeCount = internal::CountRows({FUSEBOX_MODES(FUSEBOX_COUNT_ROW)});

// "AUTOMATIC", "FORCED_OPEN", "DISABLED" or "SHADOW".
constexpr absl::string_view ModeName(Mode mode) {
  switch (mode) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case Mode::enumerator:                       \
    return #name;
    FUSEBOX_MODES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "UNKNOWN";
}

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, Mode mode);

}  // namespace fusebox

#endif  // FUSEBOX_STATE_H_
