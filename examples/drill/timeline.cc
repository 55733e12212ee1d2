// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/timeline.h"

#include <algorithm>
#include <cstddef>

#include "fusebox/state.h"

namespace drill {
namespace {

Phase PhaseOf(fusebox::State state) {
  switch (state) {
    case fusebox::State::kClosed:
      return Phase::kClosed;
    case fusebox::State::kOpen:
      return Phase::kOpen;
    case fusebox::State::kHalfOpen:
      return Phase::kProbing;
    case fusebox::State::kUnknown:
      break;
  }
  return Phase::kClosed;
}

int Rarity(Phase phase) {
  switch (phase) {
    case Phase::kClosed:
      return 0;
    case Phase::kRamping:
      return 1;
    case Phase::kOpen:
      return 2;
    case Phase::kProbing:
      return 3;
  }
  return 0;
}

}  // namespace

void Timeline::OnEvent(const fusebox::Event& event) {
  if (event.kind == fusebox::EventKind::kTransition) {
    changes_.push_back({event.time - zero_, PhaseOf(event.to)});
  } else if (event.kind == fusebox::EventKind::kRampStarted) {
    changes_.push_back({event.time - zero_, Phase::kRamping});
  }
}

std::optional<absl::Duration> Timeline::FirstSatisfiedSince(absl::Duration since) const {
  for (const Change& change : changes_) {
    const bool satisfied = change.to == Phase::kClosed || change.to == Phase::kRamping;
    if (satisfied && change.at >= since) return change.at;
  }
  return std::nullopt;
}

int Timeline::OpenedSince(absl::Duration since) const {
  return static_cast<int>(std::count_if(
      changes_.begin(), changes_.end(),
      [since](const Change& change) { return change.to == Phase::kOpen && change.at >= since; }));
}

Phase Timeline::MostTelling(absl::Duration from, absl::Duration to) const {
  std::size_t last = 0;
  while (last + 1 < changes_.size() && changes_[last + 1].at <= from) ++last;
  Phase shown = changes_[last].to;
  for (++last; last < changes_.size() && changes_[last].at < to; ++last) {
    if (Rarity(changes_[last].to) > Rarity(shown)) shown = changes_[last].to;
  }
  return shown;
}

}  // namespace drill
