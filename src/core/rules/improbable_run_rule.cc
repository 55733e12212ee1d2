// SPDX-License-Identifier: Apache-2.0
#include "src/core/rules/improbable_run_rule.h"

#include <algorithm>
#include <cmath>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "src/base/counted.h"
#include "src/base/text.h"
#include "src/core/exact.h"
#include "src/core/share.h"
#include "src/core/tunable.h"

namespace fusebox::internal {
namespace {

// A dependency that hasn't failed yet isn't one that never does.
FUSEBOX_TUNABLE(uint64_t, kCallsPerFailure, 20);

// From that failure of a run on, each further one is as probable as that one.
constexpr uint64_t kLearntFrom = 256;

// The chance of that many failures in a row where that share fails, as far as it is known: by 63
// calls, and by each failure of the run, which makes the next one more probable. (What Polya's urn
// of 63 balls gives; the mean of p^n over what p may be.)
Share ChanceOf(uint64_t run, Share failing) {
  const uint64_t known_calls = FailureAverage::KnownCalls();
  const Share working = failing.Complement();
  const auto next = [&](uint64_t failures) {
    return (working * Share::Of(known_calls, known_calls + failures)).Complement();
  };
  Share chance = failing;
  for (uint64_t i = 1; i < std::min(run, kLearntFrom); ++i) chance = chance * next(i);
  return run <= kLearntFrom ? chance : chance * next(kLearntFrom).Power(run - kLearntFrom);
}

// Whether rate * once_per * chance < 1: of as many runs as begin in that time, each fails whole by
// that chance.
bool IsRarer(uint64_t rate, absl::Duration once_per, Share chance) {
  if (chance == Share()) return true;
  const absl::uint128 runs =
      absl::uint128(rate) * static_cast<uint64_t>(absl::ToInt64Nanoseconds(once_per));
  // One, as many times as `runs` and the chance are, and their units.
  const absl::uint128 one = absl::uint128(kOne) << (CallRate::kRateBits + Share::kBits);
  return runs <= (one - 1) / chance.bits();
}

}  // namespace

std::optional<Verdict> ImprobableRunRule::Check(int64_t run, const CallAverages& averages) const {
  if (run < policy.min_failures) return std::nullopt;
  const Share share = averages.failures.share();
  const Share chance =
      ChanceOf(static_cast<uint64_t>(run), std::max(share, Share::Of(1, kCallsPerFailure)));
  const uint64_t rate = averages.rate.rate();
  if (!IsRarer(rate, policy.once_per, chance)) return std::nullopt;
  const double per_second = static_cast<double>(rate) / (1 << CallRate::kRateBits);
  return Verdict{
      Cause::kImprobableRun,
      absl::StrCat(Counted(run, "failure"), " in a row, where ",
                   RoundedText(std::round(1'000 * share.value()) / 10, 2), "% of ",
                   RoundedText(per_second, 3), " calls/s fail: by chance less than once in ",
                   DurationText(policy.once_per)),
      run};
}

}  // namespace fusebox::internal
