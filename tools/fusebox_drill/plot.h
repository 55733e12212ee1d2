// SPDX-License-Identifier: Apache-2.0
//
// A scenario over time, for people to look at.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_PLOT_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_PLOT_H_

#include <string>
#include <vector>

#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

// Of the calls offered in each slice of time, the shares that were answered, rejected and lost, and
// what the breakers were doing; one chart for each protection. In text, of at most 90 columns.
std::string TextPlot(const Course& course, const std::vector<Protection>& protections);

// The same as a picture.
std::string SvgPlot(const Course& course, const std::vector<Protection>& protections);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_PLOT_H_
