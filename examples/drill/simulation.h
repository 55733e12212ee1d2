// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario with the real circuit breaker, in virtual time.
#ifndef FUSEBOX_EXAMPLES_DRILL_SIMULATION_H_
#define FUSEBOX_EXAMPLES_DRILL_SIMULATION_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "examples/drill/figures.h"
#include "examples/drill/scenario.h"
#include "examples/drill/timeline.h"
#include "fusebox/policy.h"

namespace drill {

// One play of the scenario.
struct Play {
  Figures figures;
  std::vector<Second> seconds;       // from the start on
  std::optional<Timeline> timeline;  // absent without a circuit
};

// Without a policy, there is no circuit. Fails if the policy is invalid. The same scenario and
// policy always give the same play.
absl::StatusOr<Play> Simulate(const Scenario& scenario,
                              const std::optional<fusebox::Policy>& policy);

// The scenario as the three columns of the report see it.
struct Drill {
  Play no_circuit;
  Play no_ramp;
  Play ramp;
};

absl::StatusOr<Drill> SimulateAll(const Scenario& scenario);

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_SIMULATION_H_
