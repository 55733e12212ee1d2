// SPDX-License-Identifier: Apache-2.0
//
// What a ramp is expected to be good for, and whether it was.
#ifndef FUSEBOX_EXAMPLES_DRILL_DIRECTIONS_H_
#define FUSEBOX_EXAMPLES_DRILL_DIRECTIONS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/drill/figures.h"
#include "examples/drill/scenario.h"

namespace drill {

enum class Direction { kSooner, kFewerWasted, kMoreAnswered };

inline constexpr std::array<Direction, 3> kDirections = {
    Direction::kSooner, Direction::kFewerWasted, Direction::kMoreAnswered};

// "with the ramp, full goodput is back sooner" and so on.
absl::string_view Claim(Direction direction);

// The figure that it is about. Full goodput that does not come back takes forever.
double FigureFor(Direction direction, const Figures& figures);

// Strictly better with the ramp than without.
bool Holds(Direction direction, double no_ramp, double ramp);

// The same scenario with one seed after the other, and with outages that grow from the scenario's
// own by up to one opening: the server's return meets the circuit at every moment of its waiting.
class SeedStudy {
 public:
  // Seeds 1 to `seeds`, of at least 1. Without the variant that has no circuit.
  static absl::StatusOr<SeedStudy> Of(Scenario scenario, int seeds);

  int seeds() const { return static_cast<int>(no_ramp_.size()); }
  int HoldsIn(Direction direction) const;
  double MedianNoRamp(Direction direction) const { return Median(direction, no_ramp_); }
  double MedianRamp(Direction direction) const { return Median(direction, ramp_); }
  bool HoldsInTheMedian(Direction direction) const;

 private:
  static double Median(Direction direction, const std::vector<Figures>& all);

  std::vector<Figures> no_ramp_;
  std::vector<Figures> ramp_;
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_DIRECTIONS_H_
