// SPDX-License-Identifier: Apache-2.0
//
// Tables in plain text, and what a terminal can show.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_TABLE_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_TABLE_H_

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace fuseboxctl {

enum class Colour { kNone, kRed, kYellow, kGreen, kDim, kBold };

// --color.
enum class ColourWish { kAuto, kAlways, kNever };

// What standard output is.
struct Terminal {
  bool colour = false;
  std::size_t columns = 0;  // 0: as wide as needed, and all that there is to say
  std::size_t rows = 0;

  // The text in that colour, if there are any.
  std::string Paint(absl::string_view text, Colour in) const;
};

// Its beginning and its end, `columns` in all, with "…" where something is missing: of a name both
// tell something.
std::string ShortenMiddle(absl::string_view text, std::size_t columns);

// The same cut at its end, for a text with colours in it. 0 columns: as long as it is.
std::string Fit(absl::string_view painted, std::size_t columns);

// How many columns it takes, colours aside.
std::size_t PaintedColumns(absl::string_view painted);

// What the environment says of a terminal.
struct Environment {
  bool is_terminal = false;
  bool no_color = false;  // NO_COLOR is set, and not empty
  std::string term;       // TERM
};

bool WantsColour(ColourWish wish, const Environment& environment);

Terminal StandardOutput(ColourWish wish);

// A part of a row. Its text is Printable.
struct Cell {
  // Most cells are just a text.
  Cell(std::string what, Colour in = Colour::kNone)  // NOLINT(google-explicit-constructor)
      : text(std::move(what)), colour(in) {}
  Cell(const char* what)  // NOLINT(google-explicit-constructor)
      : text(what), colour(Colour::kNone) {}

  std::string text;  // empty: shown as "-"
  Colour colour;
};

// Columns that line up, two blanks apart, without blanks at the end of a line. On a terminal that
// is too narrow the last column is cut, and before it is cut to nothing those that may be shortened
// are, in the middle. If even that is too wide, lines are cut, and none is wrapped.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // As many cells as there are headings.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  // That column may be shortened, down to that many.
  void MayShorten(std::size_t column, std::size_t least) { shortest_[column] = least; }

  bool empty() const { return rows_.empty(); }

  // Whether nothing but the last column would have to be shortened.
  bool Fits(const Terminal& terminal) const;

  std::string Render(const Terminal& terminal) const;

 private:
  std::vector<std::size_t> Widths() const;
  void Narrow(std::size_t columns, std::vector<std::size_t>& widths) const;

  const std::vector<std::string> headings_;
  std::map<std::size_t, std::size_t> shortest_;  // by column
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_TABLE_H_
