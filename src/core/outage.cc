// SPDX-License-Identifier: Apache-2.0
#include "src/core/outage.h"

#include <algorithm>
#include <cmath>

#include "absl/numeric/int128.h"
#include "src/base/time_limits.h"
#include "src/core/exact.h"
#include "src/core/probe_gaps.h"
#include "src/core/tunable.h"

namespace fusebox::internal {
namespace {

// Of what calls usually take: two probes are no closer than that.
FUSEBOX_TUNABLE(int64_t, kLatenciesPerGap, 2);

// Towards zero, the same on every target. Below 2^50.
int64_t SquareRoot(int64_t number) {
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(number)));
  while (root * root > number) --root;
  while ((root + 1) * (root + 1) <= number) ++root;
  return root;
}

}  // namespace

absl::Duration Outage::Gap(double probe_cost, int64_t rejected, absl::Duration usual_latency,
                           SteadyTime now) const {
  // In microseconds, so that the squares fit.
  const auto micros =
      static_cast<uint64_t>(absl::ToInt64Microseconds(std::min(now - began, kYear)));
  const auto cost = static_cast<uint64_t>(2 * BillionthsOf(probe_cost));
  const auto calls = static_cast<uint64_t>(std::max<int64_t>(1, rejected - rejected_before));
  const absl::uint128 square =
      absl::uint128(micros) * micros / calls * cost / static_cast<uint64_t>(kOne);
  const int64_t most = absl::ToInt64Microseconds(kMostProbeGap);
  absl::Duration gap = kMostProbeGap;
  if (square < absl::uint128(static_cast<uint64_t>(most * most))) {
    gap = absl::Microseconds(SquareRoot(static_cast<int64_t>(absl::Uint128Low64(square))));
  }
  return std::clamp(
      gap, std::min(std::max(kLeastProbeGap, kLatenciesPerGap * usual_latency), kMostProbeGap),
      kMostProbeGap);
}

}  // namespace fusebox::internal
