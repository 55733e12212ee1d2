// SPDX-License-Identifier: Apache-2.0
//
// The command line.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_FLAGS_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "tools/fusebox_drill/drill.h"
#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

// A program that plays drills.
struct Program {
  std::string name;
  std::string about;
  std::vector<Protection> named;      // that --policy knows by name
  std::vector<std::string> policies;  // that are compared unless --policy says which
};

enum class Output { kTables, kSummary, kCsv, kPlot };

struct Flags {
  Drill drill;
  Output output = Output::kTables;
  std::string svg;  // the file to write; empty: none
  bool list = false;
  std::string show;  // the scenario to print; empty: none
};

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Either the flags, or the exit code with which to end: after --help, or after a mistake, which
// has been told then.
struct Parsed {
  Flags flags;
  std::optional<int> exit_code;
};

Parsed ParseFlags(const Program& program, int argc, const char* const* argv);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_FLAGS_H_
