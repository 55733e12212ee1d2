// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/fleet.h"

#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"

namespace drill {

Fleet::Fleet(const Load& load, uint64_t seed, VirtualTime& time, Server& server,
             fusebox::CircuitBreaker* circuit)
    : load_(load), time_(time), server_(server), circuit_(circuit), random_(seed) {}

void Fleet::OfferUntil(absl::Duration end) {
  end_ = end;
  next_offer_ = time_.Now();
  ScheduleNext();
}

void Fleet::OnServed(int64_t id) {
  Call& call = calls_[static_cast<std::size_t>(id)];
  if (call.fate == Fate::kWaiting) {
    call.fate = Fate::kAnswered;
    call.permit.RecordSuccess();
  } else {
    call.fate = Fate::kWasted;
  }
}

void Fleet::ScheduleNext() {
  next_offer_ += NextGap();
  if (next_offer_ < end_) time_.At(next_offer_, [this] { Offer(); });
}

void Fleet::Offer() {
  const auto id = static_cast<int64_t>(calls_.size());
  calls_.emplace_back().offered_at = time_.Now();
  if (Admit(calls_.back())) {
    time_.After(load_.deadline, [this, id] { OnDeadline(id); });
    server_.Submit(id);
  }
  ScheduleNext();
}

bool Fleet::Admit(Call& call) {
  if (circuit_ == nullptr) return true;
  fusebox::Admission admission = circuit_->TryAcquire();
  if (!admission) {
    call.fate = Fate::kRejected;
    return false;
  }
  call.permit = std::move(admission).permit();
  return true;
}

void Fleet::OnDeadline(int64_t id) {
  Call& call = calls_[static_cast<std::size_t>(id)];
  if (call.fate != Fate::kWaiting) return;
  call.fate = Fate::kNeverServed;
  call.permit.Record(
      fusebox::Outcome::Failure(static_cast<int>(absl::StatusCode::kDeadlineExceeded)));
}

// Written out, so that a seed means the same with every standard library.
absl::Duration Fleet::NextGap() {
  const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;  // in [0, 1)
  return absl::Seconds(-std::log1p(-uniform) / load_.calls_per_second);
}

}  // namespace drill
