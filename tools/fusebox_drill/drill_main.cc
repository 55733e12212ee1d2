// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/drill_main.h"

#include <cstddef>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/fusebox_drill/builtin_scenarios.h"
#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/plot.h"
#include "tools/fusebox_drill/report.h"
#include "tools/fuseboxctl/text.h"

namespace fusebox_drill {
namespace {

int Fail(const Program& program, absl::string_view what, int exit_code) {
  std::cerr << program.name << ": " << what << "\n";
  return exit_code;
}

int Show(const Program& program, absl::string_view name) {
  for (const BuiltinScenario& builtin : BuiltinScenarios()) {
    if (builtin.name != name) continue;
    std::cout << builtin.text;
    return kDone;
  }
  return Fail(program, "there is no scenario \"" + fuseboxctl::Printable(name) + "\"; see --list",
              kUsage);
}

int PlotOne(const Program& program, const Flags& flags) {
  const Scenario& scenario = flags.drill.scenarios.front();
  World world = flags.drill.world;
  world.clients = flags.drill.clients.front();
  const Course course(scenario, world.For(scenario), flags.drill.first_seed);
  if (flags.svg.empty()) {
    std::cout << TextPlot(course, flags.drill.protections);
    return kDone;
  }
  std::ofstream file(flags.svg);
  file << SvgPlot(course, flags.drill.protections);
  file.close();
  return file ? kDone : Fail(program, "cannot write " + fuseboxctl::Printable(flags.svg), kFailed);
}

int Compare(const Flags& flags) {
  const std::vector<Row> rows = RunDrill(flags.drill);
  if (flags.output == Output::kCsv) {
    std::cout << Csv(flags.drill, rows);
    return kDone;
  }
  std::cout << WorldText(flags.drill) << "\n";
  if (flags.output == Output::kTables) {
    for (const Row& row : rows) std::cout << CellTable(row) << "\n";
  }
  if (rows.size() > 1 || flags.output == Output::kSummary) std::cout << SummaryTable(rows) << "\n";
  for (const Row& row : rows) {
    if (const std::string table = CandidateTable(row); !table.empty()) std::cout << table << "\n";
  }
  std::cout << Legend();
  return kDone;
}

}  // namespace

int DrillMain(const Program& program, int argc, const char* const* argv) {
  const Parsed parsed = ParseFlags(program, argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  const Flags& flags = parsed.flags;
  int exit_code = kDone;
  if (flags.list) {
    std::cout << Listing(program.named);
  } else if (!flags.show.empty()) {
    exit_code = Show(program, flags.show);
  } else if (flags.output == Output::kPlot) {
    exit_code = PlotOne(program, flags);
  } else {
    exit_code = Compare(flags);
  }
  std::cout.flush();
  if (!std::cout && exit_code == kDone) {
    return Fail(program, "cannot write to standard output", kFailed);
  }
  return exit_code;
}

}  // namespace fusebox_drill
