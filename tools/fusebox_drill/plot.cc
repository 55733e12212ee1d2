// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tools/fusebox_drill/play.h"
#include "tools/fusebox_drill/scenario.h"
#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {
namespace {

constexpr Nanos kSecond = 1'000'000'000;
constexpr int64_t kMaxColumns = 80;
constexpr int kRows = 4;
constexpr int kEighths = 8;  // of a character's height
constexpr absl::string_view kMargin = "          ";

struct Slice {
  int offered = 0;
  int answered = 0;
  int rejected = 0;  // of those that weren't answered

  double Answered() const { return Share(answered); }
  double Rejected() const { return Share(rejected); }
  double Lost() const { return Share(offered - answered - rejected); }

 private:
  double Share(int part) const {
    return offered > 0 ? static_cast<double>(part) / static_cast<double>(offered) : 0;
  }
};

// A play in slices of whole seconds.
struct Sliced {
  Nanos width = kSecond;
  std::vector<Slice> slices;
  std::vector<StateSample> states;
};

Nanos WidthOf(const Course& course) {
  const int64_t seconds = std::max<int64_t>(1, (course.end() + kSecond - 1) / kSecond);
  return (seconds + kMaxColumns - 1) / kMaxColumns * kSecond;
}

Sliced Cut(const Course& course, const Protection& protection) {
  Sliced cut;
  cut.width = WidthOf(course);
  Play play = PlayOut(course, protection, cut.width);
  cut.slices.resize(static_cast<std::size_t>((course.end() + cut.width - 1) / cut.width));
  for (std::size_t i = 0; i < play.calls.size(); ++i) {
    Slice& slice = cut.slices[static_cast<std::size_t>(course.calls()[i] / cut.width)];
    ++slice.offered;
    slice.answered += play.calls[i].answered ? 1 : 0;
    slice.rejected += !play.calls[i].answered && play.calls[i].rejected ? 1 : 0;
  }
  cut.states = std::move(play.states);
  return cut;
}

absl::string_view Block(int eighths) {
  static constexpr std::array<absl::string_view, kEighths + 1> kBlocks = {" ", "▁", "▂", "▃", "▄",
                                                                          "▅", "▆", "▇", "█"};
  return kBlocks[static_cast<std::size_t>(std::clamp(eighths, 0, kEighths))];
}

char Letter(GuardState state) {
  switch (state) {
    case GuardState::kClosed:
      return 'C';
    case GuardState::kOpen:
      return 'O';
    case GuardState::kHalfOpen:
      return 'H';
    case GuardState::kRamping:
      return 'r';
    case GuardState::kNone:
      break;
  }
  return ' ';
}

// Writes it from a column on, over what is there.
void Put(absl::string_view text, std::size_t column, std::string& line) {
  if (line.size() < column + text.size()) line.resize(column + text.size(), ' ');
  line.replace(column, text.size(), text.data(), text.size());
}

// What a phase is, without its length.
std::string EffectsOf(const Phase& phase) {
  const std::string text = TextOf(phase);
  const std::size_t space = text.find(' ');
  return space == std::string::npos ? "well" : text.substr(space + 1);
}

// Where phases begin, and what they are; the later gives way to the earlier.
std::string PhaseLines(const Course& course) {
  const Nanos width = WidthOf(course);
  std::string names;
  std::string marks;
  for (const Stage& stage : course.stages()) {
    const auto column = static_cast<std::size_t>(stage.begin / width);
    Put("v", column, marks);
    if (names.size() < column + (column > 0 ? 0 : 1)) names.resize(column, ' ');
    if (names.size() == column) Put(absl::StrCat(EffectsOf(stage.phase), " "), column, names);
  }
  return absl::StrCat(kMargin, names, "\n", kMargin, marks, "\n");
}

std::string Chart(const Sliced& cut) {
  std::string chart;
  for (int row = kRows - 1; row >= 0; --row) {
    absl::StrAppend(&chart, row == kRows - 1 ? "answered |" : "         |");
    for (const Slice& slice : cut.slices) {
      const auto eighths = static_cast<int>(std::lround(slice.Answered() * kRows * kEighths));
      absl::StrAppend(&chart, Block(eighths - row * kEighths));
    }
    absl::StrAppend(&chart, "\n");
  }
  return chart;
}

template <typename ShareOf>
std::string Line(absl::string_view name, const Sliced& cut, ShareOf share_of) {
  std::string line = absl::StrFormat("%-9s|", name);
  for (const Slice& slice : cut.slices) {
    const double share = share_of(slice);
    // What is there at all is seen.
    const int eighths =
        share > 0 ? std::max(1, static_cast<int>(std::lround(share * kEighths))) : 0;
    absl::StrAppend(&line, Block(eighths));
  }
  return absl::StrCat(line, "\n");
}

std::string StateLine(const Sliced& cut) {
  std::string letters;
  for (const StateSample& sample : cut.states) letters.push_back(Letter(sample.most));
  if (letters.find_first_not_of(' ') == std::string::npos) return "";
  return absl::StrCat("circuit  |", letters, "\n");
}

std::string Axis(const Course& course) {
  const Nanos width = WidthOf(course);
  std::string axis;
  for (Nanos at = 0; at < course.end(); at += 10 * width) {
    Put(absl::StrCat(at / kSecond, at == 0 ? " s" : ""), static_cast<std::size_t>(at / width),
        axis);
  }
  return absl::StrCat(kMargin, axis, "\n");
}

// ---- The picture.

constexpr double kLeft = 60;
constexpr double kWidth = 800;
constexpr double kHeight = 110;
constexpr double kTop = 46;
constexpr double kPanel = kHeight + 44;

std::string Escaped(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string SvgText(double x, double y, absl::string_view text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x, y, Escaped(text));
}

// The area between two shares, each as a function of the slice.
template <typename Low, typename High>
std::string Area(const Sliced& cut, double y, absl::string_view colour, Low low, High high) {
  const double step = kWidth / static_cast<double>(cut.slices.size());
  std::string points;
  for (std::size_t i = 0; i < cut.slices.size(); ++i) {
    const double top = y + kHeight * (1 - high(cut.slices[i]));
    const double x = kLeft + step * static_cast<double>(i);
    absl::StrAppendFormat(&points, "%.1f,%.1f %.1f,%.1f ", x, top, x + step, top);
  }
  for (std::size_t i = cut.slices.size(); i > 0; --i) {
    const double bottom = y + kHeight * (1 - low(cut.slices[i - 1]));
    const double x = kLeft + step * static_cast<double>(i);
    absl::StrAppendFormat(&points, "%.1f,%.1f %.1f,%.1f ", x, bottom, x - step, bottom);
  }
  points.pop_back();
  return absl::StrFormat("<polygon fill=\"%s\" points=\"%s\"/>\n", colour, points);
}

std::string SvgPanel(const Course& course, const Protection& protection, double y) {
  constexpr absl::string_view kGood = "#2e7d32";
  constexpr absl::string_view kRejected = "#f9a825";
  constexpr absl::string_view kLost = "#c62828";
  const Sliced cut = Cut(course, protection);
  const auto none = [](const Slice& /*slice*/) { return 0.0; };
  const auto answered = [](const Slice& slice) { return slice.Answered(); };
  const auto rejected = [](const Slice& slice) { return slice.Answered() + slice.Rejected(); };
  const auto all = [](const Slice& slice) { return slice.offered > 0 ? 1.0 : 0.0; };
  std::string panel = SvgText(kLeft, y - 6, protection.name);
  absl::StrAppend(&panel, SvgText(8, y + 10, "100 %"), SvgText(24, y + kHeight, "0 %"));
  absl::StrAppend(&panel, Area(cut, y, kGood, none, answered),
                  Area(cut, y, kRejected, answered, rejected), Area(cut, y, kLost, rejected, all));
  for (const Stage& stage : course.stages()) {
    const double x =
        kLeft + kWidth * static_cast<double>(stage.begin) / static_cast<double>(course.end());
    absl::StrAppendFormat(&panel,
                          "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                          "stroke=\"#000\" stroke-dasharray=\"3 3\"/>\n",
                          x, y, x, y + kHeight);
    absl::StrAppend(&panel,
                    SvgText(x, y + kHeight + 14,
                            absl::StrCat(stage.begin / kSecond, " s: ", EffectsOf(stage.phase))));
  }
  return panel;
}

}  // namespace

std::string TextPlot(const Course& course, const std::vector<Protection>& protections) {
  std::string plot = absl::StrCat(PhaseLines(course));
  for (const Protection& protection : protections) {
    const Sliced cut = Cut(course, protection);
    absl::StrAppend(&plot, protection.name, "\n", Chart(cut),
                    Line("rejected", cut, [](const Slice& slice) { return slice.Rejected(); }),
                    Line("lost", cut, [](const Slice& slice) { return slice.Lost(); }),
                    StateLine(cut), "\n");
  }
  return absl::StrCat(plot, Axis(course), kMargin,
                      "circuit: C closed, O open, H half open, r on the ramp\n");
}

std::string SvgPlot(const Course& course, const std::vector<Protection>& protections) {
  const double height = kTop + kPanel * static_cast<double>(protections.size());
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
      "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" "
      "fill=\"#fff\"/>\n",
      kLeft + kWidth + 20, height);
  absl::StrAppend(&svg, SvgText(kLeft, 16,
                                absl::StrCat(course.scenario().name, ": ", course.scenario().about,
                                             " (green answered, yellow rejected, red lost)")));
  double y = kTop;
  for (const Protection& protection : protections) {
    absl::StrAppend(&svg, SvgPanel(course, protection, y));
    y += kPanel;
  }
  return absl::StrCat(svg, "</svg>\n");
}

}  // namespace fusebox_drill
