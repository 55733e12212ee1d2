// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/sweep.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/drill/directions.h"

namespace drill {
namespace {

constexpr int kSeeds = 5;

constexpr absl::string_view kReading =
    "\n"
    "A ramp pays where falling back costs more than the ramp takes (a circuit that opens for at\n"
    "least as long), and where the server gets warm within it. One that is warm after a second of\n"
    "full load needs no ramp, and then it only costs time; one that needs longer than the ramp\n"
    "falls back on the ramp, too: make the ramp as long as the warming up takes.\n";

absl::string_view Verdict(const SeedStudy& study, Direction direction) {
  const double no_ramp = study.MedianNoRamp(direction);
  const double ramp = study.MedianRamp(direction);
  if (Holds(direction, no_ramp, ramp)) return "better";
  return no_ramp == ramp ? "same" : "worse";
}

std::string Pair(const SeedStudy& study, Direction direction) {
  const auto text = [](double value) {
    return std::isinf(value) ? std::string("never") : absl::StrFormat("%.0f", value);
  };
  return absl::StrFormat("%6s %6s %-6s", text(study.MedianNoRamp(direction)),
                         text(study.MedianRamp(direction)), Verdict(study, direction));
}

}  // namespace

absl::StatusOr<std::string> Sweep(const Scenario& scenario) {
  std::string table = absl::StrFormat(
      "Medians over %d seeds, each as: without a ramp, with one, what the ramp makes of it\n\n"
      "  %-9s %-10s   %-19s   %-19s   %s\n  %-9s %-10s   %-19s   %-19s   %s\n",
      kSeeds, "open for", "warm after", "full goodput", "calls", "calls answered", "", "",
      "after, seconds", "wasted", "in the minute");
  for (const int open_seconds : {5, 10, 30}) {
    absl::StrAppend(&table, "  ", std::string(85, '-'), "\n");
    for (const int64_t warm_up_calls : {250, 500, 1000, 1500, 2000, 4000}) {
      Scenario varied = scenario;
      varied.policy.open_duration = absl::Seconds(open_seconds);
      varied.server.warm_up_calls = warm_up_calls;
      const absl::StatusOr<SeedStudy> study = SeedStudy::Of(varied, kSeeds);
      if (!study.ok()) return study.status();
      absl::StrAppend(
          &table,
          absl::StrFormat("  %-9s %-10s   %s   %s   %s\n", absl::StrCat(open_seconds, " s"),
                          absl::StrCat(warm_up_calls, " calls"), Pair(*study, Direction::kSooner),
                          Pair(*study, Direction::kFewerWasted),
                          Pair(*study, Direction::kMoreAnswered)));
    }
  }
  return absl::StrCat(table, kReading);
}

}  // namespace drill
