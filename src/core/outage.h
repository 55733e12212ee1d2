// SPDX-License-Identifier: Apache-2.0
//
// When the next call of an OPEN circuit is let through to see whether the dependency is back (rule
// R16).
#ifndef FUSEBOX_SRC_CORE_OUTAGE_H_
#define FUSEBOX_SRC_CORE_OUTAGE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox::internal {

// One failed recovery after the other, up to one that lasts.
struct Outage {
  SteadyTime began;
  int64_t rejected_before = 0;  // calls that the circuit had rejected by then

  // How long to wait between two probes, if the outage has lasted until `now` and the circuit has
  // rejected `rejected` calls in its life. It makes the cost of probes and of answers that are lost
  // while the dependency is back the least, as long as nothing is known of when that will be: t *
  // sqrt(2c / n), for n calls that were rejected in t. From twice the usual latency, or 50 ms if
  // that is more, to 30 s.
  absl::Duration Gap(double probe_cost, int64_t rejected, absl::Duration usual_latency,
                     SteadyTime now) const;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OUTAGE_H_
