// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/directions.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "examples/drill/simulation.h"

namespace drill {
namespace {

absl::Duration WholeSeconds(absl::Duration duration) {
  return absl::Floor(duration, absl::Seconds(1));
}

}  // namespace

absl::string_view Claim(Direction direction) {
  switch (direction) {
    case Direction::kSooner:
      return "with the ramp, full goodput is back sooner";
    case Direction::kFewerWasted:
      return "with the ramp, fewer calls are wasted";
    case Direction::kMoreAnswered:
      return "with the ramp, more calls are answered in the minute after";
  }
  return "";
}

double FigureFor(Direction direction, const Figures& figures) {
  switch (direction) {
    case Direction::kSooner:
      return figures.seconds_to_full_goodput ? *figures.seconds_to_full_goodput
                                             : std::numeric_limits<double>::infinity();
    case Direction::kFewerWasted:
      return figures.after.wasted;
    case Direction::kMoreAnswered:
      return figures.after.answered;
  }
  return 0;
}

bool Holds(Direction direction, double no_ramp, double ramp) {
  return direction == Direction::kMoreAnswered ? ramp > no_ramp : ramp < no_ramp;
}

absl::StatusOr<SeedStudy> SeedStudy::Of(Scenario scenario, int seeds) {
  SeedStudy study;
  const absl::Duration shortest = scenario.outage;
  const absl::Duration longer = scenario.policy.open_duration;
  for (int seed = 1; seed <= seeds; ++seed) {
    scenario.seed = static_cast<uint64_t>(seed);
    scenario.outage = shortest + WholeSeconds(longer * (seed - 1) / seeds);
    absl::StatusOr<Play> no_ramp = Simulate(scenario, scenario.policy);
    if (!no_ramp.ok()) return no_ramp.status();
    absl::StatusOr<Play> ramp = Simulate(scenario, scenario.PolicyWithRamp());
    if (!ramp.ok()) return ramp.status();
    study.no_ramp_.push_back(no_ramp->figures);
    study.ramp_.push_back(ramp->figures);
  }
  return study;
}

int SeedStudy::HoldsIn(Direction direction) const {
  int holds = 0;
  for (std::size_t i = 0; i < ramp_.size(); ++i) {
    holds +=
        Holds(direction, FigureFor(direction, no_ramp_[i]), FigureFor(direction, ramp_[i])) ? 1 : 0;
  }
  return holds;
}

bool SeedStudy::HoldsInTheMedian(Direction direction) const {
  return Holds(direction, MedianNoRamp(direction), MedianRamp(direction));
}

double SeedStudy::Median(Direction direction, const std::vector<Figures>& all) {
  std::vector<double> values;
  values.reserve(all.size());
  for (const Figures& figures : all) values.push_back(FigureFor(direction, figures));
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace drill
