// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/report.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/fusebox_drill/sources.h"
#include "tools/fuseboxctl/table.h"
#include "tools/fuseboxctl/text.h"

namespace fusebox_drill {
namespace {

using fuseboxctl::Table;
using Texts = std::vector<fuseboxctl::Cell>;  // of a row

// As wide as needed: what is piped isn't cut, and what is on a terminal fits.
std::string Render(const Table& table) { return table.Render(fuseboxctl::Terminal()); }

// So that decimal points stand below each other.
std::string Number(double value) { return absl::StrFormat("%6.1f", value); }
std::string Cost(double value) { return absl::StrFormat("%6.2f", value); }

void AddFigures(const Figures& figures, Texts& row) {
  row.emplace_back(Number(figures.good_percent));
  row.emplace_back(Number(figures.wasted_percent));
  row.emplace_back(Number(figures.false_percent));
  row.emplace_back(Number(figures.recovery_seconds));
  row.emplace_back(Cost(figures.cost));
}

// Of what is played: a scenario may say itself how many calls there are.
std::string RateText(const Drill& drill) {
  std::set<double> rates;
  for (const Scenario& scenario : drill.scenarios) rates.insert(drill.world.For(scenario).rate);
  if (rates.empty()) rates.insert(drill.world.rate);
  return rates.size() == 1 ? absl::StrCat(*rates.begin(), " calls/s")
                           : absl::StrCat(*rates.begin(), " to ", *rates.rbegin(), " calls/s");
}

std::string NameOf(const Cell& cell) { return absl::StrCat(cell.scenario, " from ", cell.clients); }

}  // namespace

std::string WorldText(const Drill& drill) {
  const World& world = drill.world;
  std::string text =
      absl::StrCat(RateText(drill), ", deadline ", fuseboxctl::DurationText(world.deadline), ", ");
  absl::StrAppend(&text, fuseboxctl::Count(world.Workers(), "worker"), " of ",
                  fuseboxctl::DurationText(world.service), " a call, ",
                  world.order == Order::kOldestFirst ? "oldest first" : "newest first");
  if (world.queue_limit) absl::StrAppend(&text, ", at most ", *world.queue_limit, " waiting");
  if (world.drop_dead) absl::StrAppend(&text, ", dead calls dropped");
  if (world.hide_deadline) absl::StrAppend(&text, ", deadline hidden");
  const std::string first = drill.seeds_from.empty()
                                ? absl::StrCat(drill.first_seed)
                                : absl::StrCat("\"", fuseboxctl::Printable(drill.seeds_from), "\"");
  return absl::StrCat(text, "; ", fuseboxctl::Count(drill.seeds, "seed"), " from ", first, "\n");
}

std::string CellTable(const Row& row) {
  Table table({"SCENARIO", "CLIENTS", "GOOD %", "WASTED %", "FALSE %", "RECOVERY s", "COST"});
  for (const Cell& cell : row.cells) {
    Texts cells = {cell.scenario, absl::StrFormat("%7d", cell.clients)};
    AddFigures(cell.figures, cells);
    table.Add(std::move(cells));
  }
  if (row.cells.size() > 1) {
    Texts mean = {absl::StrCat("mean of ", row.cells.size()), " "};
    AddFigures(row.Mean(), mean);
    table.Add(std::move(mean));
  }
  std::string text = absl::StrCat("policy ", row.policy, "\n", Render(table));
  if (row.cells.size() > 1) {
    absl::StrAppend(&text, "worst: ", NameOf(row.Worst()), "\n");
  }
  return text;
}

std::string CandidateTable(const Row& row) {
  Table table({"SCENARIO", "CLIENTS", "OPENED", "REJECTED", "WOULD OPEN", "WOULD REJECT",
               "WOULD ADMIT", "ALONE OPENED", "REJECTED"});
  bool has_one = false;
  for (const Cell& cell : row.cells) {
    if (!cell.candidate) continue;
    has_one = true;
    const CandidateFigures& counts = *cell.candidate;
    Texts cells = {cell.scenario, absl::StrFormat("%7d", cell.clients)};
    for (const double count :
         {counts.opened, counts.rejected, counts.would_open, counts.would_reject,
          counts.would_admit, counts.alone_opened, counts.alone_rejected}) {
      cells.emplace_back(absl::StrFormat("%8.1f", count));
    }
    table.Add(std::move(cells));
  }
  if (!has_one) return "";
  return absl::StrCat(
      "the candidate of ", row.policy, ", beside it and alone\n", Render(table),
      "WOULD REJECT: of the calls that ", row.policy,
      " admitted; WOULD ADMIT: of those that it "
      "rejected\nALONE: the candidate as the policy in force, with the same calls\n");
}

std::string SummaryTable(const std::vector<Row>& rows) {
  std::vector<const Row*> sorted;
  for (const Row& row : rows) {
    if (!row.cells.empty()) sorted.push_back(&row);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Row* a, const Row* b) { return a->Mean().cost < b->Mean().cost; });
  Table table({"POLICY", "GOOD %", "WASTED %", "FALSE %", "RECOVERY s", "COST", "WORST %", "IN"});
  for (const Row* row : sorted) {
    Texts cells = {row->policy};
    AddFigures(row->Mean(), cells);
    cells.emplace_back(Number(row->Worst().figures.good_percent));
    cells.emplace_back(NameOf(row->Worst()));
    table.Add(std::move(cells));
  }
  return Render(table);
}

std::string Legend() {
  return "GOOD: answers in time, of those that a caller who knows all would get\n"
         "WASTED: calls that went out and brought no good answer, of the calls offered\n"
         "FALSE: calls rejected that could have been answered, of the calls offered\n"
         "RECOVERY: after the fault, until answers are what they could be\n"
         "COST: lost answers and 0.2 x wasted calls, in % of the calls offered\n";
}

std::string Csv(const Drill& drill, const std::vector<Row>& rows) {
  std::string text =
      "policy,scenario,clients,seeds,offered,good_percent,wasted_percent,"
      "false_rejection_percent,recovery_seconds,cost\n";
  for (const Row& row : rows) {
    for (const Cell& cell : row.cells) {
      const Figures& figures = cell.figures;
      // A file may be called anything.
      std::string policy = row.policy;
      std::replace_if(
          policy.begin(), policy.end(), [](char c) { return c == ',' || c == '"'; }, '_');
      absl::StrAppendFormat(&text, "%s,%s,%d,%d,%.1f,%.4f,%.4f,%.4f,%.4f,%.4f\n", policy,
                            cell.scenario, cell.clients, drill.seeds, figures.offered,
                            figures.good_percent, figures.wasted_percent, figures.false_percent,
                            figures.recovery_seconds, figures.cost);
    }
  }
  return text;
}

std::string Listing(const std::vector<Protection>& protections) {
  Table table({"SCENARIO", "WHAT HAPPENS"});
  for (const Scenario& scenario : AllScenarios()) table.Add({scenario.name, scenario.about});
  std::string text = absl::StrCat(Render(table), "\nPOLICY\n");
  for (const Protection& protection : protections) absl::StrAppend(&text, protection.name, "\n");
  return text;
}

}  // namespace fusebox_drill
