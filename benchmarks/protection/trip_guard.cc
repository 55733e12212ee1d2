// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/protection/trip_guard.h"

namespace fusebox_drill {

std::optional<Ticket> TripGuard::Admit(Nanos now, int /*attempt*/) {
  if (state_ == GuardState::kOpen && IsOver(now, until_)) MoveTo(GuardState::kHalfOpen, now);
  if (state_ == GuardState::kOpen) return std::nullopt;
  if (state_ == GuardState::kHalfOpen) {
    if (admitted_ >= probes()) return std::nullopt;
    ++admitted_;
  }
  return generation_;
}

void TripGuard::Record(Ticket ticket, const Ended& ended, Nanos now) {
  if (state_ == GuardState::kOpen) return;
  if (ticket != generation_ && !CountsLateResults()) return;
  if (state_ == GuardState::kClosed) {
    if (Trips(ended, now)) MoveTo(GuardState::kOpen, now);
    return;
  }
  ++recorded_;
  failed_ += IsGood(ended) ? 0 : 1;
  if (failed_ >= failures_to_reopen() && (recorded_ == probes() || failures_to_reopen() == 1)) {
    MoveTo(GuardState::kOpen, now);
  } else if (recorded_ == probes()) {
    MoveTo(GuardState::kClosed, now);
  }
}

void TripGuard::MoveTo(GuardState state, Nanos now) {
  state_ = state;
  ++generation_;
  admitted_ = 0;
  recorded_ = 0;
  failed_ = 0;
  if (state == GuardState::kOpen) until_ = now + OpenFor(++times_open_);
  if (state == GuardState::kClosed) {
    times_open_ = 0;
    Clear();
  }
}

}  // namespace fusebox_drill
