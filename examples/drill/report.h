// SPDX-License-Identifier: Apache-2.0
//
// The drill in words and figures.
#ifndef FUSEBOX_EXAMPLES_DRILL_REPORT_H_
#define FUSEBOX_EXAMPLES_DRILL_REPORT_H_

#include <string>

#include "examples/drill/directions.h"
#include "examples/drill/scenario.h"
#include "examples/drill/simulation.h"

namespace drill {

// What is played, with every parameter.
std::string Assumptions(const Scenario& scenario);

// The plays, drawn under each other.
std::string Picture(const Scenario& scenario, const Drill& drill);

// The figures of the plays beside each other, and what they mean.
std::string Table(const Drill& drill);

// Whether the directions hold over the seeds.
std::string SeedTable(const SeedStudy& study);

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_REPORT_H_
