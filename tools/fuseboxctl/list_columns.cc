// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/list_columns.h"

#include <utility>

#include "absl/strings/strip.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

constexpr ListColumn::Form kNotShown = {nullptr, nullptr};

Cell Instance(const ListRow& row, absl::Time /*now*/) { return row.instance; }
Cell Name(const ListRow& row, absl::Time /*now*/) { return Printable(row.circuit->name()); }

Cell State(const ListRow& row, absl::Time /*now*/) { return StateCell(*row.circuit); }
Cell ShortState(const ListRow& row, absl::Time /*now*/) { return ShortStateCell(*row.circuit); }

Cell Mode(const ListRow& row, absl::Time /*now*/) { return ModeCell(*row.circuit); }

Cell Since(const ListRow& row, absl::Time now) { return SinceText(*row.circuit, now); }
Cell ShortSince(const ListRow& row, absl::Time now) { return ShortSinceText(*row.circuit, now); }

Cell NextProbe(const ListRow& row, absl::Time now) { return NextProbeText(*row.circuit, now); }
Cell ShortNextProbe(const ListRow& row, absl::Time now) {
  return std::string(absl::StripPrefix(NextProbeText(*row.circuit, now), "in "));
}

Cell Failures(const ListRow& row, absl::Time /*now*/) { return FailuresText(*row.circuit); }

Cell Why(const ListRow& row, absl::Time now) { return WhyText(*row.circuit, now); }
Cell ShortWhy(const ListRow& row, absl::Time now) { return ShortWhyText(*row.circuit, now); }

constexpr ListColumn kColumns[] = {
    {{"INSTANCE", Instance},
     {"INSTANCE", Instance},
     8,
     "what the process calls itself, else its endpoint"},
    {{"CIRCUIT", Name}, {"CIRCUIT", Name}, 16, ""},
    {{"STATE", State},
     {"STATE", ShortState},
     0,
     "`CLOSED`, `OPEN` or `HALF_OPEN`; with a ramp, how large the share of admitted calls is; in "
     "slow start, and under `overload_limit`, how many calls may be in flight, or which share is "
     "let through"},
    {{"MODE", Mode},
     kNotShown,
     0,
     "`AUTOMATIC`, or what an operator has set: [modes](operating.md#modes)"},
    {{"SINCE", Since},
     {"SINCE", ShortSince},
     0,
     "how long it has been in that state. Where the mode stands in place of the state (below), how "
     "long ago an operator set it; `-` if another action has come since"},
    {{"NEXT PROBE", NextProbe},
     {"NEXT", ShortNextProbe},
     0,
     "when an open circuit lets the first probe through; of one that is forced open, when its "
     "`--ttl` ends. `-`: not by time"},
    {{"FAILURES", Failures},
     kNotShown,
     0,
     "the failures among the calls that the window holds, and how many came in a row: `62/100 run "
     "4`"},
    {{"WHY", Why},
     {"WHY", ShortWhy},
     0,
     "what opened it, with the evidence; or what an operator said"},
};

Table TableOf(const std::vector<ListRow>& rows, ListColumn::Form ListColumn::*form,
              absl::Time now) {
  std::vector<const ListColumn*> shown;
  std::vector<std::string> headings;
  for (const ListColumn& column : kColumns) {
    if ((column.*form).heading == nullptr) continue;
    shown.push_back(&column);
    headings.emplace_back((column.*form).heading);
  }
  Table table(std::move(headings));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i]->shortest > 0) table.MayShorten(i, shown[i]->shortest);
  }
  for (const ListRow& row : rows) {
    std::vector<Cell> cells;
    cells.reserve(shown.size());
    for (const ListColumn* const column : shown) cells.push_back((column->*form).cell(row, now));
    table.Add(std::move(cells));
  }
  return table;
}

}  // namespace

absl::Span<const ListColumn> ListColumns() { return kColumns; }

std::string ListText(const std::vector<ListRow>& rows, absl::Time now, const Terminal& terminal) {
  const Table wide = TableOf(rows, &ListColumn::wide, now);
  if (wide.Fits(terminal)) return wide.Render(terminal);
  return TableOf(rows, &ListColumn::narrow, now).Render(terminal);
}

}  // namespace fuseboxctl
