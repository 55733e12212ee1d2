// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/figures.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace fusebox_drill {
namespace {

constexpr std::array<double Figures::*, 6> kFigures = {
    &Figures::offered,       &Figures::good_percent,     &Figures::wasted_percent,
    &Figures::false_percent, &Figures::recovery_seconds, &Figures::cost};

// Recovered: of the calls of a second (and at least of that many) this share has what it could.
constexpr std::size_t kLeastCalls = 20;
constexpr double kRecovered = 0.95;

// From when on, after the fault, answers are what they could be.
double RecoverySeconds(const Course& course, const Play& play, const std::vector<bool>& could) {
  const std::vector<Nanos>& calls = course.calls();
  std::vector<std::size_t> after;  // those that could be answered
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i] >= course.after() && could[i]) after.push_back(i);
  }
  if (after.empty()) return 0;
  const std::size_t looked_at =
      std::min(after.size(), std::max(kLeastCalls, static_cast<std::size_t>(course.world().rate)));
  const auto needed = static_cast<std::size_t>(kRecovered * static_cast<double>(looked_at));
  std::size_t good = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    good += play.calls[after[i]].answered ? 1 : 0;
    if (i >= looked_at) good -= play.calls[after[i - looked_at]].answered ? 1 : 0;
    if (i + 1 < looked_at) continue;
    const std::size_t first = i + 1 - looked_at;
    if (good >= needed && play.calls[after[first]].answered) {
      return first == 0 ? 0 : SecondsOf(calls[after[first]] - course.after());
    }
  }
  return SecondsOf(course.end() - course.after());
}

}  // namespace

Figures FiguresOf(const Course& course, const Play& play, const std::vector<bool>& could) {
  double possible = 0;
  double good = 0;
  double wasted = 0;
  double falsely = 0;
  for (std::size_t i = 0; i < play.calls.size(); ++i) {
    const CallResult& call = play.calls[i];
    possible += could[i] ? 1 : 0;
    good += call.answered ? 1 : 0;
    wasted += call.wasted;
    falsely += could[i] && call.rejected && !call.answered ? 1 : 0;
  }
  // Chance can give a little more than the fluid queue does.
  possible = std::max(possible, good);
  Figures figures;
  figures.offered = static_cast<double>(play.calls.size());
  figures.good_percent = possible > 0 ? 100 * good / possible : 100;
  if (figures.offered > 0) {
    figures.wasted_percent = 100 * wasted / figures.offered;
    figures.false_percent = 100 * falsely / figures.offered;
    figures.cost = 100 * (possible - good + kWasteCost * wasted) / figures.offered;
  }
  figures.recovery_seconds = RecoverySeconds(course, play, could);
  return figures;
}

Figures MeanOf(const std::vector<Figures>& all) {
  Figures mean;
  for (const auto figure : kFigures) {
    for (const Figures& figures : all) mean.*figure += figures.*figure;
    if (!all.empty()) mean.*figure /= static_cast<double>(all.size());
  }
  return mean;
}

void CandidateFigures::Add(const GuardCounts& beside, const GuardCounts& alone, int plays) {
  const auto add = [plays](int64_t count, double& mean) {
    mean += static_cast<double>(count) / plays;
  };
  add(beside.opened, opened);
  add(beside.rejected, rejected);
  add(beside.would_open, would_open);
  add(beside.would_reject, would_reject);
  add(beside.would_admit, would_admit);
  add(alone.opened, alone_opened);
  add(alone.rejected, alone_rejected);
}

Figures Row::Mean() const {
  std::vector<Figures> all;
  all.reserve(cells.size());
  for (const Cell& cell : cells) all.push_back(cell.figures);
  return MeanOf(all);
}

const Cell& Row::Worst() const {
  return *std::min_element(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return a.figures.good_percent < b.figures.good_percent;
  });
}

}  // namespace fusebox_drill
