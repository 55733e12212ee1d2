// SPDX-License-Identifier: Apache-2.0
//
// One call and what became of it: all that the figures are made of.
#ifndef FUSEBOX_EXAMPLES_DRILL_CALL_H_
#define FUSEBOX_EXAMPLES_DRILL_CALL_H_

#include "absl/time/time.h"
#include "fusebox/permit.h"

namespace drill {

enum class Fate {
  kWaiting,
  kAnswered,     // within its deadline
  kWasted,       // served, but after its caller had given up
  kNeverServed,  // its caller gave up, and nobody did the work either
  kRejected,     // by the circuit
};

struct Call {
  absl::Duration offered_at;
  Fate fate = Fate::kWaiting;
  fusebox::Permit permit;  // empty without a circuit
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_CALL_H_
