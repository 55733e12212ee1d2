// SPDX-License-Identifier: Apache-2.0
//
// A play as a picture of at most 100 columns.
#ifndef FUSEBOX_EXAMPLES_DRILL_PLOT_H_
#define FUSEBOX_EXAMPLES_DRILL_PLOT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "examples/drill/scenario.h"
#include "examples/drill/simulation.h"

namespace drill {

// Draws plays of one scenario to one scale, to be put under each other.
class Plot {
 public:
  explicit Plot(const Scenario& scenario);

  // When the server dies and returns.
  std::string Heading() const;

  // The share of calls that were answered, and the phase of the circuit under it.
  std::string Chart(absl::string_view title, const Play& play) const;

  // Seconds before and after the return.
  std::string Axis() const;

  // What the letters mean.
  static std::string Legend();

 private:
  int ColumnOf(absl::Duration at) const;
  double GoodputOf(int column, const Play& play) const;
  char LetterOf(int column, const Timeline& timeline) const;

  const Scenario& scenario_;
  const int seconds_per_column_;
  const int columns_;
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_PLOT_H_
