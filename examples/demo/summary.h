// SPDX-License-Identifier: Apache-2.0
//
// The end of the demo: what the circuit breaker has saved, what it has cost, and whether it has
// done all that it is there for.
#ifndef FUSEBOX_EXAMPLES_DEMO_SUMMARY_H_
#define FUSEBOX_EXAMPLES_DEMO_SUMMARY_H_

#include <string>
#include <vector>

#include "examples/demo/director.h"
#include "examples/demo/tally.h"
#include "examples/demo/timeline.h"
#include "fusebox/snapshot.h"

namespace demo {

void PrintSummary(const Results& results, Timeline& timeline);

// The calls of the client with the circuit breaker, to the last one: what its circuit has to have
// counted. `rest` are those that ended after the last row.
void PrintAllCalls(const Results& results, const Tally& rest, Timeline& timeline);

// What a breaker has to do in this demo and has not done; empty if all is well.
std::vector<std::string> Missing(const Results& results, const fusebox::CircuitSnapshot& circuit);

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_SUMMARY_H_
