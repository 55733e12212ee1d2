// SPDX-License-Identifier: Apache-2.0
#include "src/core/ramp_progress.h"

#include <algorithm>

#include "absl/numeric/int128.h"
#include "src/core/exact.h"

namespace fusebox::internal {

RampProgress::RampProgress(const Ramp& policy, SteadyTime now)
    : since_(now), duration_(policy.duration), initial_(BillionthsOf(policy.initial_fraction)) {}

bool RampProgress::Admit(SteadyTime now) {
  credit_ += FractionBillionths(now);
  if (credit_ < kOne) return false;
  credit_ -= kOne;
  return true;
}

double RampProgress::Fraction(SteadyTime now) const {
  return static_cast<double>(FractionBillionths(now)) / static_cast<double>(kOne);
}

int64_t RampProgress::FractionBillionths(SteadyTime now) const {
  const absl::Duration elapsed = std::clamp(now - since_, absl::ZeroDuration(), duration_);
  const absl::int128 grown = absl::int128(kOne - initial_) * absl::ToInt64Nanoseconds(elapsed) /
                             absl::ToInt64Nanoseconds(duration_);
  return initial_ + static_cast<int64_t>(grown);
}

}  // namespace fusebox::internal
