// SPDX-License-Identifier: Apache-2.0
//
// The states of a circuit (DESIGN R1-R5).
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

}  // namespace fusebox

#endif  // FUSEBOX_STATE_H_
