// SPDX-License-Identifier: Apache-2.0
#include "src/core/call_averages.h"

#include <algorithm>

#include "fusebox/clock.h"
#include "src/core/tunable.h"

namespace fusebox::internal {
namespace {

// Of how many calls the average of the failures is.
FUSEBOX_TUNABLE(uint64_t, kUsualCalls, 32);

Share OneCallLess() { return Share::Of(kUsualCalls - 1, kUsualCalls); }

// The rate is reckoned in steps of a 16th of a second, and forgets a 160th of itself in each.
constexpr int64_t kStepsPerSecond = 16;
constexpr int64_t kStepNanos = 1'000'000'000 / kStepsPerSecond;
FUSEBOX_TUNABLE(uint64_t, kRateSteps, 160);

// More than any machine makes; it keeps the arithmetic within 64 bits.
constexpr int64_t kMostCalls = int64_t{1} << 38;

}  // namespace

uint64_t FailureAverage::KnownCalls() { return 2 * kUsualCalls - 1; }

void FailureAverage::AddRun(int64_t failures) {
  if (failures == 0) return;
  const Share worked = share().Complement();
  share_ = (worked * OneCallLess().Power(static_cast<uint64_t>(failures))).Complement();
  successes_ = 0;
}

Share FailureAverage::share() const {
  return share_ * OneCallLess().Power(static_cast<uint64_t>(successes_));
}

void CallRate::Reckon(SteadyTime now) {
  const int64_t steps = (now.nanos() - since_.nanos()) / kStepNanos;
  if (has_rate_ && steps == 0) return;
  const auto calls = static_cast<uint64_t>(std::min(calls_, kMostCalls)) * kStepsPerSecond;
  const uint64_t present =
      (calls << kRateBits) / static_cast<uint64_t>(std::max(steps, kStepsPerSecond));
  if (!has_rate_) {
    rate_ = present;
    if (steps < kStepsPerSecond) return;
    has_rate_ = true;
  } else {
    const Share left = Share::Of(kRateSteps - 1, kRateSteps).Power(static_cast<uint64_t>(steps));
    const uint64_t recent = (calls << kRateBits) / static_cast<uint64_t>(steps);
    rate_ = left.TimesWhole(rate_) + left.Complement().TimesWhole(recent);
  }
  since_ = SteadyTime::FromNanos(since_.nanos() + steps * kStepNanos);
  calls_ = 0;
}

}  // namespace fusebox::internal
