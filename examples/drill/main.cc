// SPDX-License-Identifier: Apache-2.0
//
// recovery_drill: what a recovery ramp is good for (rule R6), shown in virtual time.
//
//   recovery_drill            # a picture, the figures, and the same over 20 seeds and outages
//   recovery_drill --check    # only the exit status: 1 if the ramp is not better, and in what
//   recovery_drill --sweep    # where it stops being better
//   recovery_drill --help     # every parameter
#include <cstdlib>
#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/drill/directions.h"
#include "examples/drill/flags.h"
#include "examples/drill/report.h"
#include "examples/drill/simulation.h"
#include "examples/drill/sweep.h"

namespace drill {
namespace {

int Refuse(const absl::Status& status) {
  std::cerr << status.message() << "\n";
  return EXIT_FAILURE;
}

// Tells what does not hold, with this seed or in the median of all.
bool AllHold(const Drill& drill, const SeedStudy& study) {
  bool all = true;
  for (const Direction direction : kDirections) {
    const double no_ramp = FigureFor(direction, drill.no_ramp.figures);
    const double ramp = FigureFor(direction, drill.ramp.figures);
    if (Holds(direction, no_ramp, ramp) && study.HoldsInTheMedian(direction)) continue;
    std::cout << "does not hold: " << Claim(direction) << "; without " << no_ramp << ", with "
              << ramp << "; median over " << study.seeds() << " seeds without "
              << study.MedianNoRamp(direction) << ", with " << study.MedianRamp(direction) << "\n";
    all = false;
  }
  return all;
}

int RunSweep(const Scenario& scenario) {
  const absl::StatusOr<std::string> table = Sweep(scenario);
  if (!table.ok()) return Refuse(table.status());
  std::cout << Assumptions(scenario) << "\n" << *table;
  return EXIT_SUCCESS;
}

int RunDrill(const Flags& flags) {
  const absl::StatusOr<Drill> drill = SimulateAll(flags.scenario);
  if (!drill.ok()) return Refuse(drill.status());
  const absl::StatusOr<SeedStudy> study = SeedStudy::Of(flags.scenario, flags.seeds);
  if (!study.ok()) return Refuse(study.status());
  if (!flags.check) {
    std::cout << Assumptions(flags.scenario) << "\n"
              << Picture(flags.scenario, *drill) << "\n"
              << Table(*drill) << "\n"
              << SeedTable(*study);
    return EXIT_SUCCESS;
  }
  if (!AllHold(*drill, *study)) return EXIT_FAILURE;
  std::cout << "all directions hold\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace drill

int main(int argc, char** argv) {
  const drill::Parsed parsed = drill::ParseFlags(argc, argv);
  if (parsed.exit_status) return *parsed.exit_status;
  return parsed.flags.sweep ? drill::RunSweep(parsed.flags.scenario)
                            : drill::RunDrill(parsed.flags);
}
