// SPDX-License-Identifier: Apache-2.0
//
// How well a policy does: what it costs, and in what.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_FIGURES_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_FIGURES_H_

#include <optional>
#include <string>
#include <vector>

#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/guard.h"
#include "tools/fusebox_drill/play.h"

namespace fusebox_drill {

// What a wasted call costs, in lost answers.
inline constexpr double kWasteCost = 0.2;

struct Figures {
  double offered = 0;           // calls
  double good_percent = 0;      // answers, of those that could have been given
  double wasted_percent = 0;    // attempts that brought no good answer, of the calls offered
  double false_percent = 0;     // calls that a rejection cost the answer, of the calls offered
  double recovery_seconds = 0;  // after the fault, until answers are what they could be
  double cost = 0;              // lost answers and kWasteCost x wasted, in % of the calls offered
};

Figures FiguresOf(const Course& course, const Play& play, const std::vector<bool>& could);

// The mean of each.
Figures MeanOf(const std::vector<Figures>& all);

// What a policy's candidate would have done, beside what it does as the policy in force. Means over
// the seeds.
struct CandidateFigures {
  double opened = 0;  // by the policy in force
  double rejected = 0;
  double would_open = 0;
  double would_reject = 0;
  double would_admit = 0;
  double alone_opened = 0;  // the candidate, in force
  double alone_rejected = 0;

  // Of one more play out of `plays`.
  void Add(const GuardCounts& beside, const GuardCounts& alone, int plays);
};

// A scenario from that many clients, over all seeds.
struct Cell {
  std::string scenario;
  int clients = 1;
  Figures figures;
  std::optional<CandidateFigures> candidate = std::nullopt;  // of a policy that has one
};

// A policy over all cells.
struct Row {
  std::string policy;
  std::vector<Cell> cells;

  Figures Mean() const;
  // That with the least share of good answers.
  const Cell& Worst() const;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_FIGURES_H_
