// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_PHASE_H_
#define FUSEBOX_SRC_CORE_PHASE_H_

#include "fusebox/state.h"

namespace fusebox::internal {

// A state as the machine sees it: HALF_OPEN has two phases (rules R5, R6).
enum class Phase { kClosed, kOpen, kProbing, kRamping };

constexpr State StateOf(Phase phase) {
  switch (phase) {
    case Phase::kClosed:
      return State::kClosed;
    case Phase::kOpen:
      return State::kOpen;
    case Phase::kProbing:
    case Phase::kRamping:
      break;
  }
  return State::kHalfOpen;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_PHASE_H_
