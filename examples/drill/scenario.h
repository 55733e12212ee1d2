// SPDX-License-Identifier: Apache-2.0
//
// What happens in the drill: all of its parameters.
#ifndef FUSEBOX_EXAMPLES_DRILL_SCENARIO_H_
#define FUSEBOX_EXAMPLES_DRILL_SCENARIO_H_

#include <cstdint>

#include "absl/time/time.h"
#include "examples/drill/fleet.h"
#include "examples/drill/server.h"
#include "fusebox/policy.h"

namespace drill {

struct Scenario {
  uint64_t seed = 1;  // of the calls' arrivals and of the circuit's jitter, if it has any

  // In whole seconds, by which everything is counted.
  absl::Duration healthy = absl::Seconds(10);  // how long all is well, before the server dies
  absl::Duration outage = absl::Seconds(20);   // how long it is dead
  absl::Duration after = absl::Seconds(60);    // how long its return is watched

  Load load;
  ServerModel server;
  fusebox::Policy policy = DefaultPolicy();  // without a ramp
  fusebox::Ramp ramp;  // what the other variant has besides; by default 10 s, from 0.05

  absl::Duration Return() const { return healthy + outage; }
  absl::Duration End() const { return Return() + after; }

  fusebox::Policy PolicyWithRamp() const;

  // Half of the calls of the last 10 s failing opens it, for 10 s; 3 good probes end that. No
  // jitter: there is one circuit. The rest is as the library has it by default.
  static fusebox::Policy DefaultPolicy();
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_SCENARIO_H_
