// SPDX-License-Identifier: Apache-2.0
//
// How far the drill's result carries: other servers, and other circuits.
#ifndef FUSEBOX_EXAMPLES_DRILL_SWEEP_H_
#define FUSEBOX_EXAMPLES_DRILL_SWEEP_H_

#include <string>

#include "absl/status/statusor.h"
#include "examples/drill/scenario.h"

namespace drill {

// The scenario with servers that warm up sooner and later, and circuits that stay open for shorter
// and longer: a table of medians over a few seeds.
absl::StatusOr<std::string> Sweep(const Scenario& scenario);

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_SWEEP_H_
