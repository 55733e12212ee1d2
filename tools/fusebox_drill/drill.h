// SPDX-License-Identifier: Apache-2.0
//
// Scenarios, policies and seeds, each with each.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_DRILL_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_DRILL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tools/fusebox_drill/figures.h"
#include "tools/fusebox_drill/guard.h"
#include "tools/fusebox_drill/scenario.h"
#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

struct Drill {
  std::vector<Scenario> scenarios;
  std::vector<Protection> protections;
  World world;  // except for its clients
  std::vector<int>
      clients;  // each scenario from each of these, unless it says itself from how many
  int seeds = 20;
  uint64_t first_seed = 1;  // the others count up from it
  std::string seeds_from;   // the text that it stands for; empty: it was given itself
};

// A row for each protection, in their order. All meet the same calls.
std::vector<Row> RunDrill(const Drill& drill);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_DRILL_H_
