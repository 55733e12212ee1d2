// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/forgotten_cells.h"

#include "tests/end2end/async_echo_call.h"

namespace fusebox_testing {
namespace {

const std::vector<Kind>& Streams() {
  static const auto* const kStreams =
      new std::vector<Kind>{Kind::kClientStream, Kind::kServerStream, Kind::kBidi};
  return *kStreams;
}

}  // namespace

std::vector<Cell> PreparedCells(Ending ending) {
  std::vector<Cell> cells;
  for (const Style style : kStyles) {
    for (const Kind kind : kKinds) {
      if (CanBePrepared(style, kind)) cells.push_back({ending, style, kind});
    }
  }
  return cells;
}

std::vector<Cell> DroppedCells(Ending ending) {
  return Cells({ending}, {Style::kSync, Style::kCompletionQueue, Style::kGeneric}, Streams());
}

}  // namespace fusebox_testing
