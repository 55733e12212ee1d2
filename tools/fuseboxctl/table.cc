// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastLastColumn = 24;  // less of it would say nothing

absl::string_view Escape(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "";
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kYellow:
      return "\x1b[33m";
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kDim:
      return "\x1b[2m";
    case Colour::kBold:
      return "\x1b[1m";
  }
  return "";
}

// Appends a line of `cells`, each but the last padded to its width.
void AppendLine(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                const Terminal& terminal, std::string& text) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    const std::string shown = last ? Shorten(cells[i].text, widths[i]) : cells[i].text;
    absl::StrAppend(&text, terminal.Paint(shown, cells[i].colour));
    if (!last) text.append(widths[i] - Columns(shown) + kGap, ' ');
  }
  text += '\n';
}

}  // namespace

std::string Terminal::Paint(absl::string_view text, Colour in) const {
  if (!colour || in == Colour::kNone || text.empty()) return std::string(text);
  return absl::StrCat(Escape(in), text, "\x1b[0m");
}

bool WantsColour(ColourWish wish, const Environment& environment) {
  if (wish != ColourWish::kAuto) return wish == ColourWish::kAlways;
  return environment.is_terminal && !environment.no_color && environment.term != "dumb";
}

Terminal StandardOutput(ColourWish wish) {
  Environment environment;
  environment.is_terminal = isatty(STDOUT_FILENO) == 1;
  environment.no_color = !EnvironmentVariable("NO_COLOR").empty();
  environment.term = EnvironmentVariable("TERM");
  Terminal terminal;
  terminal.colour = WantsColour(wish, environment);
  winsize size{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): there is no other way to ask.
  if (environment.is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    terminal.columns = size.ws_col;
  }
  return terminal;
}

std::string Table::Render(const Terminal& terminal) const {
  std::vector<std::vector<Cell>> lines;
  lines.reserve(rows_.size() + 1);
  std::vector<Cell>& heading = lines.emplace_back();
  for (const std::string& text : headings_) heading.emplace_back(text, Colour::kBold);
  for (const std::vector<Cell>& row : rows_) {
    std::vector<Cell>& line = lines.emplace_back(row);
    for (Cell& cell : line) {
      if (cell.text.empty()) cell = Cell("-", Colour::kDim);
    }
  }
  std::vector<std::size_t> widths(headings_.size(), 0);
  for (const std::vector<Cell>& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], Columns(line[i].text));
    }
  }
  if (terminal.columns > 0) {
    std::size_t before = 0;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + kGap;
    const std::size_t left = terminal.columns > before ? terminal.columns - before : 0;
    widths.back() = std::min(widths.back(), std::max(left, kLeastLastColumn));
  }
  std::string text;
  for (const std::vector<Cell>& line : lines) AppendLine(line, widths, terminal, text);
  return text;
}

}  // namespace fuseboxctl
