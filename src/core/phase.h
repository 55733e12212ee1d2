// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_PHASE_H_
#define FUSEBOX_SRC_CORE_PHASE_H_

#include "fusebox/state.h"

namespace fusebox::internal {

// A state as the machine sees it. OPEN has two: it rejects every call, or waits for the one probe
// that decides (rule R16). HALF_OPEN has three: probes, the ramp, slow start (R5, R6, R17).
enum class Phase { kClosed, kOpen, kRetrying, kProbing, kRamping, kSlowStart };

constexpr State StateOf(Phase phase) {
  switch (phase) {
    case Phase::kClosed:
      return State::kClosed;
    case Phase::kOpen:
    case Phase::kRetrying:
      return State::kOpen;
    case Phase::kProbing:
    case Phase::kRamping:
    case Phase::kSlowStart:
      break;
  }
  return State::kHalfOpen;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_PHASE_H_
