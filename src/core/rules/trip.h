// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_RULES_TRIP_H_
#define FUSEBOX_SRC_CORE_RULES_TRIP_H_

#include <string>

#include "fusebox/event.h"

namespace fusebox {

// A rule holds: which one, and its figures in words. What follows is for the state machine to say.
struct Trip {
  Cause cause = Cause::kNone;
  std::string detail;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_RULES_TRIP_H_
