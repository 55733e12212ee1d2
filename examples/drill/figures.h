// SPDX-License-Identifier: Apache-2.0
//
// What is measured.
#ifndef FUSEBOX_EXAMPLES_DRILL_FIGURES_H_
#define FUSEBOX_EXAMPLES_DRILL_FIGURES_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "examples/drill/call.h"

namespace drill {

// The calls that were offered in one second, and what became of them.
struct Second {
  int offered = 0;
  int answered = 0;      // within their deadline
  int rejected = 0;      // by the circuit
  int wasted = 0;        // served after their caller had given up
  int never_served = 0;  // given up by their caller, and served by nobody

  double Goodput() const {
    return offered == 0 ? 1 : static_cast<double>(answered) / static_cast<double>(offered);
  }
};

// From the start to `end`, in whole seconds (what's left over is cut off).
std::vector<Second> BySecond(const std::vector<Call>& calls, absl::Duration end);

// A second in which this share of the offered calls is answered counts as one of full goodput.
inline constexpr double kFullGoodput = 0.95;

struct Figures {
  // From the server's return to the first second from which on, to the end, each is one of full
  // goodput. Absent if there is none.
  std::optional<int> seconds_to_full_goodput;

  Second after;            // the sum of the minute after the return
  int waited_in_vain = 0;  // callers that gave up at their deadline, from the start to the end

  // Of the circuit: from the server's return until its probes first succeeded, and how often it
  // opened again.
  std::optional<absl::Duration> until_good_probes;
  int opened_again = 0;
};

// All but those of the circuit.
Figures FiguresOf(const std::vector<Second>& seconds, absl::Duration server_return);

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_FIGURES_H_
