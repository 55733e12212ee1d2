// SPDX-License-Identifier: Apache-2.0
//
// What came of it, as tables and for programs.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_REPORT_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_REPORT_H_

#include <string>
#include <vector>

#include "tools/fusebox_drill/drill.h"
#include "tools/fusebox_drill/figures.h"

namespace fusebox_drill {

// The world in a line: "200 calls/s, deadline 500ms, ...".
std::string WorldText(const Drill& drill);

// A policy, cell by cell, with the worst and the mean.
std::string CellTable(const Row& row);

// What the policy's candidate would have done, cell by cell; empty if it has none.
std::string CandidateTable(const Row& row);

// A line for each policy, the cheapest first.
std::string SummaryTable(const std::vector<Row>& rows);

// What the columns mean.
std::string Legend();

// A heading, and a line for each policy and cell.
std::string Csv(const Drill& drill, const std::vector<Row>& rows);

// What has a name.
std::string Listing(const std::vector<Protection>& protections);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_REPORT_H_
