// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_DRILL_MAIN_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_DRILL_MAIN_H_

#include "tools/fusebox_drill/flags.h"

namespace fusebox_drill {

// All of a program: its exit code.
int DrillMain(const Program& program, int argc, const char* const* argv);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_DRILL_MAIN_H_
