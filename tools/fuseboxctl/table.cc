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
constexpr std::size_t kLeastLastColumn = 20;  // less of it would say nothing

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
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    const std::string shown =
        last ? Shorten(cells[i].text, widths[i]) : ShortenMiddle(cells[i].text, widths[i]);
    absl::StrAppend(&line, terminal.Paint(shown, cells[i].colour));
    if (!last) line.append(widths[i] - Columns(shown) + kGap, ' ');
  }
  absl::StrAppend(&text, Fit(line, terminal.columns), "\n");
}

// What of it is no more than a colour: an escape sequence of ours, since a Printable text has none.
std::size_t BytesOfColour(absl::string_view painted) {
  if (painted.empty() || painted[0] != '\x1b') return 0;
  const std::size_t end = painted.find('m');
  return end == absl::string_view::npos ? painted.size() : end + 1;
}

}  // namespace

std::string Terminal::Paint(absl::string_view text, Colour in) const {
  if (!colour || in == Colour::kNone || text.empty()) return std::string(text);
  return absl::StrCat(Escape(in), text, "\x1b[0m");
}

std::string ShortenMiddle(absl::string_view text, std::size_t columns) {
  const std::size_t has = Columns(text);
  if (has <= columns) return std::string(text);
  if (columns < 3) return Shorten(text, columns);
  const std::size_t tail = (columns - 1) * 3 / 5;  // of a circuit's name that's the method
  const std::size_t head = columns - 1 - tail;
  std::size_t end = BytesWithin(text, has - tail);
  if (Columns(text.substr(end)) > tail) end += FirstCharacter(text.substr(end)).bytes;
  // An accent would be set on what comes before it by now.
  while (end < text.size() && FirstCharacter(text.substr(end)).columns == 0) {
    end += FirstCharacter(text.substr(end)).bytes;
  }
  return absl::StrCat(text.substr(0, BytesWithin(text, head)), "…", text.substr(end));
}

std::size_t PaintedColumns(absl::string_view painted) {
  std::size_t columns = 0;
  while (!painted.empty()) {
    if (const std::size_t colour = BytesOfColour(painted)) {
      painted.remove_prefix(colour);
    } else {
      const Character first = FirstCharacter(painted);
      painted.remove_prefix(first.bytes);
      columns += first.columns;
    }
  }
  return columns;
}

std::string Fit(absl::string_view painted, std::size_t columns) {
  if (columns == 0 || PaintedColumns(painted) <= columns) return std::string(painted);
  std::string text;
  bool coloured = false;
  for (std::size_t left = columns - 1; !painted.empty();) {  // the last one is for "…"
    std::size_t bytes = BytesOfColour(painted);
    if (bytes == 0) {
      const Character first = FirstCharacter(painted);
      if (first.columns > left) break;
      left -= first.columns;
      bytes = first.bytes;
    }
    coloured |= painted[0] == '\x1b';
    absl::StrAppend(&text, painted.substr(0, bytes));
    painted.remove_prefix(bytes);
  }
  return absl::StrCat(text, "…", coloured ? "\x1b[0m" : "");
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
    terminal.rows = size.ws_row;
  }
  return terminal;
}

std::vector<std::size_t> Table::Widths() const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(Columns(heading));
  for (const std::vector<Cell>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max({widths[i], Columns(row[i].text), std::size_t{1}});
    }
  }
  return widths;
}

bool Table::Fits(const Terminal& terminal) const {
  if (terminal.columns == 0) return true;
  const std::vector<std::size_t> widths = Widths();
  std::size_t columns = std::min(widths.back(), kLeastLastColumn);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) columns += widths[i] + kGap;
  return columns <= terminal.columns;
}

// Takes from the widest columns until the last one has room.
void Table::Narrow(std::size_t columns, std::vector<std::size_t>& widths) const {
  const std::size_t least_last = std::min(widths.back(), kLeastLastColumn);
  const auto left = [&] {  // for the last one
    std::size_t before = 0;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + kGap;
    return columns > before ? columns - before : 0;
  };
  while (left() < least_last) {
    std::size_t* widest = nullptr;
    for (const auto& [column, least] : shortest_) {
      if (widths[column] > least && (widest == nullptr || widths[column] > *widest)) {
        widest = &widths[column];
      }
    }
    if (widest == nullptr) break;
    *widest -= 1;
  }
  widths.back() = std::min(widths.back(), std::max(left(), least_last));
}

std::string Table::Render(const Terminal& terminal) const {
  std::vector<std::size_t> widths = Widths();
  if (terminal.columns > 0) Narrow(terminal.columns, widths);
  std::string text;
  std::vector<Cell> heading;
  for (const std::string& name : headings_) heading.emplace_back(name, Colour::kBold);
  AppendLine(heading, widths, terminal, text);
  for (std::vector<Cell> row : rows_) {
    for (Cell& cell : row) {
      if (cell.text.empty()) cell = Cell("-", Colour::kDim);
    }
    AppendLine(row, widths, terminal, text);
  }
  return text;
}

}  // namespace fuseboxctl
