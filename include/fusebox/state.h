// SPDX-License-Identifier: Apache-2.0
//
// The states of a circuit (rules R1-R6) and its modes (rule R8).
#ifndef FUSEBOX_STATE_H_
#define FUSEBOX_STATE_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace fusebox {

// What the state machine has decided about a dependency.
enum class State {
  kClosed,    // healthy: every call is admitted, and outcomes are watched
  kOpen,      // failing: every call is rejected until the open duration has passed
  kHalfOpen,  // on trial: a few probes are admitted, and their outcomes decide
};

inline constexpr std::size_t kStateCount = 3;

// "CLOSED", "OPEN" or "HALF_OPEN".
constexpr absl::string_view StateName(State state) {
  switch (state) {
    case State::kClosed:
      return "CLOSED";
    case State::kOpen:
      return "OPEN";
    case State::kHalfOpen:
      return "HALF_OPEN";
  }
  return "UNKNOWN";
}

// What the operator has decided about a circuit (rule R8).
enum class Mode {
  kAutomatic,   // the state machine rules
  kForcedOpen,  // every call is rejected, until released or until a time to live ends
  kDisabled,    // every call is admitted; only the totals go on
  kShadow,      // the state machine runs, but nothing is rejected
};

// "AUTOMATIC", "FORCED_OPEN", "DISABLED" or "SHADOW".
constexpr absl::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kAutomatic:
      return "AUTOMATIC";
    case Mode::kForcedOpen:
      return "FORCED_OPEN";
    case Mode::kDisabled:
      return "DISABLED";
    case Mode::kShadow:
      return "SHADOW";
  }
  return "UNKNOWN";
}

}  // namespace fusebox

#endif  // FUSEBOX_STATE_H_
