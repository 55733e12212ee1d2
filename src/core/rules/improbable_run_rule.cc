// SPDX-License-Identifier: Apache-2.0
#include "src/core/rules/improbable_run_rule.h"

#include <algorithm>
#include <cmath>

#include "absl/numeric/int128.h"
#include "absl/strings/str_format.h"
#include "src/base/text.h"
#include "src/core/exact.h"
#include "src/core/share.h"

namespace fusebox::internal {
namespace {

// A dependency that hasn't failed yet isn't one that never does.
constexpr Share kLeastFailureShare = Share::Of(1, 20);

// Whether rate * once_per * chance < 1: of as many runs as begin in that time, each fails whole by
// that chance.
bool IsRarer(uint64_t rate, absl::Duration once_per, Share chance) {
  if (chance == Share()) return true;
  const absl::uint128 runs =
      absl::uint128(rate) * static_cast<uint64_t>(absl::ToInt64Nanoseconds(once_per));
  // One, as many times as `runs` and the chance are, and their units.
  const absl::uint128 one = absl::uint128(kOne) << (CallAverages::kRateBits + Share::kBits);
  return runs <= (one - 1) / chance.bits();
}

}  // namespace

std::optional<Verdict> ImprobableRunRule::Check(int64_t run, const CallAverages& averages) const {
  if (run < policy.min_failures) return std::nullopt;
  const Share share = averages.FailureShare();
  const Share chance = std::max(share, kLeastFailureShare).Power(static_cast<uint64_t>(run));
  if (!IsRarer(averages.rate(), policy.once_per, chance)) return std::nullopt;
  const double rate = static_cast<double>(averages.rate()) / (1 << CallAverages::kRateBits);
  return Verdict{
      Cause::kImprobableRun,
      absl::StrFormat("%d failures in a row, where %.2g%% of %.3g calls/s fail: by chance "
                      "less than once in %s",
                      run, std::round(1'000 * share.value()) / 10, rate, DurationText(policy.once_per)),
      run};
}

}  // namespace fusebox::internal
