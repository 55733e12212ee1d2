// SPDX-License-Identifier: Apache-2.0
//
// The command line.
#ifndef FUSEBOX_EXAMPLES_DRILL_FLAGS_H_
#define FUSEBOX_EXAMPLES_DRILL_FLAGS_H_

#include <optional>

#include "examples/drill/scenario.h"

namespace drill {

struct Flags {
  Scenario scenario;
  int seeds = 20;
  bool check = false;  // only whether the directions hold
  bool sweep = false;
};

// Either the flags, or the exit status with which to end: after --help, or after a mistake, which
// has been told then.
struct Parsed {
  Flags flags;
  std::optional<int> exit_status;
};

Parsed ParseFlags(int argc, char** argv);

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_FLAGS_H_
