// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/drill/figures.h"
#include "examples/drill/timeline.h"

namespace drill {
namespace {

constexpr int kMaxColumns = 90;
constexpr int kRows = 4;
constexpr int kEighths = 8;  // of a character's height
constexpr absl::string_view kMargin = "         ";

int WholeSeconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Seconds(duration));
}

int RoundedUp(int a, int b) { return (a + b - 1) / b; }

absl::string_view Block(int eighths) {
  static constexpr std::array<absl::string_view, kEighths + 1> kBlocks = {" ", "▁", "▂", "▃", "▄",
                                                                          "▅", "▆", "▇", "█"};
  return kBlocks[static_cast<std::size_t>(std::clamp(eighths, 0, kEighths))];
}

char Letter(Phase phase) {
  switch (phase) {
    case Phase::kClosed:
      return 'C';
    case Phase::kOpen:
      return 'O';
    case Phase::kProbing:
      return 'H';
    case Phase::kRamping:
      return 'r';
  }
  return '?';
}

// Writes it from a column on, over what is there.
void Put(absl::string_view text, int column, std::string& line) {
  if (column < 0) return;
  const auto at = static_cast<std::size_t>(column);
  if (line.size() < at + text.size()) line.resize(at + text.size(), ' ');
  line.replace(at, text.size(), text.data(), text.size());
}

}  // namespace

Plot::Plot(const Scenario& scenario)
    : scenario_(scenario),
      seconds_per_column_(std::max(1, RoundedUp(WholeSeconds(scenario.End()), kMaxColumns))),
      columns_(WholeSeconds(scenario.End()) / seconds_per_column_) {}

std::string Plot::Heading() const {
  std::string names;
  Put("server dies", ColumnOf(scenario_.healthy), names);
  Put("server returns, cold", ColumnOf(scenario_.Return()), names);
  std::string arrows;
  Put("v", ColumnOf(scenario_.healthy), arrows);
  Put("v", ColumnOf(scenario_.Return()), arrows);
  return absl::StrCat(kMargin, names, "\n", kMargin, arrows, "\n");
}

std::string Plot::Chart(absl::string_view title, const Play& play) const {
  std::string chart = absl::StrCat(title, "\n");
  for (int row = kRows - 1; row >= 0; --row) {
    absl::StrAppend(&chart, row == kRows - 1 ? "   100% |" : "        |");
    for (int column = 0; column < columns_; ++column) {
      const double eighths = GoodputOf(column, play) * kRows * kEighths;
      absl::StrAppend(&chart, Block(static_cast<int>(std::lround(eighths)) - row * kEighths));
    }
    absl::StrAppend(&chart, "\n");
  }
  absl::StrAppend(&chart, "     0% +", std::string(static_cast<std::size_t>(columns_), '-'), "\n");
  if (!play.timeline) return chart;
  absl::StrAppend(&chart, "circuit  ");
  for (int column = 0; column < columns_; ++column) {
    chart.push_back(LetterOf(column, *play.timeline));
  }
  return absl::StrCat(chart, "\n");
}

std::string Plot::Axis() const {
  std::string axis;
  const int server_return = WholeSeconds(scenario_.Return());
  const int step = 10 * seconds_per_column_;
  for (int at = server_return % step; at < WholeSeconds(scenario_.End()); at += step) {
    const int since = at - server_return;
    Put(since == 0 ? "0 s" : absl::StrFormat("%+d", since), ColumnOf(absl::Seconds(at)), axis);
  }
  return absl::StrCat("seconds  ", axis, "\n");
}

std::string Plot::Legend() {
  return absl::StrCat(
      kMargin, "C closed: every call goes through    O open: every call is rejected\n", kMargin,
      "H half open: a few probes go through   r half open, on the ramp: a growing "
      "share does\n");
}

int Plot::ColumnOf(absl::Duration at) const { return WholeSeconds(at) / seconds_per_column_; }

double Plot::GoodputOf(int column, const Play& play) const {
  Second sum;
  const std::size_t first =
      static_cast<std::size_t>(column) * static_cast<std::size_t>(seconds_per_column_);
  const std::size_t end = first + static_cast<std::size_t>(seconds_per_column_);
  for (std::size_t i = first; i < std::min(end, play.seconds.size()); ++i) {
    sum.offered += play.seconds[i].offered;
    sum.answered += play.seconds[i].answered;
  }
  return sum.Goodput();
}

char Plot::LetterOf(int column, const Timeline& timeline) const {
  const absl::Duration width = absl::Seconds(seconds_per_column_);
  return Letter(timeline.MostTelling(column * width, (column + 1) * width));
}

}  // namespace drill
