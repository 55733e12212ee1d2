// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/figures.h"

#include <algorithm>
#include <cstddef>

namespace drill {
namespace {

std::size_t WholeSeconds(absl::Duration duration) {
  return static_cast<std::size_t>(std::max<int64_t>(0, absl::ToInt64Seconds(duration)));
}

void Add(const Call& call, Second& to) {
  ++to.offered;
  switch (call.fate) {
    case Fate::kWaiting:
      break;
    case Fate::kAnswered:
      ++to.answered;
      break;
    case Fate::kWasted:
      ++to.wasted;
      break;
    case Fate::kNeverServed:
      ++to.never_served;
      break;
    case Fate::kRejected:
      ++to.rejected;
      break;
  }
}

void Add(const Second& second, Second& to) {
  to.offered += second.offered;
  to.answered += second.answered;
  to.rejected += second.rejected;
  to.wasted += second.wasted;
  to.never_served += second.never_served;
}

}  // namespace

std::vector<Second> BySecond(const std::vector<Call>& calls, absl::Duration end) {
  std::vector<Second> seconds(WholeSeconds(end));
  for (const Call& call : calls) {
    const std::size_t index = WholeSeconds(call.offered_at);
    if (index < seconds.size()) Add(call, seconds[index]);
  }
  return seconds;
}

Figures FiguresOf(const std::vector<Second>& seconds, absl::Duration server_return) {
  const std::size_t first = std::min(WholeSeconds(server_return), seconds.size());
  Figures figures;
  std::size_t full_from = seconds.size();
  while (full_from > first && seconds[full_from - 1].Goodput() >= kFullGoodput) --full_from;
  if (full_from < seconds.size()) {
    figures.seconds_to_full_goodput = static_cast<int>(full_from - first);
  }
  const std::size_t minute = std::min(first + 60, seconds.size());
  for (std::size_t i = first; i < minute; ++i) Add(seconds[i], figures.after);
  for (const Second& second : seconds) {
    figures.waited_in_vain += second.wasted + second.never_served;
  }
  return figures;
}

}  // namespace drill
