// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_OPENING_H_
#define FUSEBOX_SRC_CORE_OPENING_H_

#include <cstdint>
#include <optional>

#include "fusebox/clock.h"
#include "fusebox/snapshot.h"
#include "src/core/outage.h"

namespace fusebox::internal {

// An opening that isn't over, as far as it matters to a circuit that takes it up again.
struct Opening {
  SteadyTime until;      // then, or if that has passed, HALF_OPEN
  int64_t in_a_row = 0;  // which one it is, from 1 on; 0: an operator's

  // The outage that it is part of, as if the circuit had begun to count its rejections now (R16).
  std::optional<Outage> outage;

  // What its probes have come to, if it was HALF_OPEN.
  WindowCounts probed;

  // Calls have come since it began, or since one before it in the row: its circuit has taken it up
  // before, or has opened again after probes.
  bool came_back = false;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OPENING_H_
