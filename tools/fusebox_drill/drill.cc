// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/drill.h"

#include <cstddef>
#include <optional>

#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/play.h"

namespace fusebox_drill {
namespace {

// Adds a cell to each row.
void RunCell(const Drill& drill, const Scenario& scenario, const World& world,
             std::vector<Row>& rows) {
  std::vector<std::vector<Figures>> by_row(rows.size());
  std::vector<std::optional<CandidateFigures>> candidates(rows.size());
  for (int i = 0; i < drill.seeds; ++i) {
    const Course course(scenario, world, drill.first_seed + static_cast<uint64_t>(i));
    const std::vector<bool> could = CouldBeAnswered(course);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Protection& protection = drill.protections[row];
      const Play play = PlayOut(course, protection);
      by_row[row].push_back(FiguresOf(course, play, could));
      if (protection.candidate == nullptr) continue;
      if (!candidates[row]) candidates[row].emplace();
      const Play alone = PlayOut(course, *protection.candidate);
      candidates[row]->Add(play.counts, alone.counts, drill.seeds);
    }
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows[row].cells.push_back({scenario.name, world.clients, MeanOf(by_row[row]), candidates[row]});
  }
}

}  // namespace

std::vector<Row> RunDrill(const Drill& drill) {
  std::vector<Row> rows;
  for (const Protection& protection : drill.protections) rows.push_back({protection.name, {}});
  for (const Scenario& scenario : drill.scenarios) {
    const std::vector<int> clients =
        scenario.clients ? std::vector<int>{*scenario.clients} : drill.clients;
    for (const int count : clients) {
      World world = drill.world;
      world.clients = count;
      RunCell(drill, scenario, world.For(scenario), rows);
    }
  }
  return rows;
}

}  // namespace fusebox_drill
