// SPDX-License-Identifier: Apache-2.0
#include "src/core/open_duration.h"

#include <algorithm>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "src/core/exact.h"

namespace fusebox::internal {
namespace {

int64_t Nanos(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration); }

}  // namespace

OpenDuration::OpenDuration(Seed seed, absl::string_view circuit) : jitter_(seed, circuit) {}

absl::Duration OpenDuration::Next(const Policy& policy, absl::Duration pushback) {
  const int64_t backed_off = BackedOff(policy, in_a_row_.Add());
  return Spread(policy, backed_off, pushback, BillionthsOf(policy.jitter));
}

absl::Duration OpenDuration::NextGap(const Policy& policy, absl::Duration gap,
                                     absl::Duration pushback) {
  return Spread(policy, Nanos(gap), pushback, policy.jitter == 0 ? 0 : kOne / 4);
}

absl::Duration OpenDuration::Spread(const Policy& policy, int64_t nanos, absl::Duration pushback,
                                    int64_t jitter) {
  const int64_t asked = std::clamp<int64_t>(Nanos(pushback), 0, Nanos(policy.max_open_duration));
  if (jitter == 0) return absl::Nanoseconds(std::max(nanos, asked));
  const int64_t drawn = jitter_.Draw();
  // What was asked for is a least: it's spread over [1, 1 + jitter].
  return absl::Nanoseconds(std::max(Scaled(nanos, kOne + Scaled(jitter, drawn)),
                                    Scaled(asked, kOne + Scaled(jitter, (drawn + kOne) / 2))));
}

absl::Duration OpenDuration::Lateness(const Policy& policy, absl::Duration ttl) {
  if (policy.jitter == 0) return absl::ZeroDuration();
  const int64_t most = Nanos(std::min(ttl / 10, absl::Seconds(30)));
  return absl::Nanoseconds(Scaled(most, (jitter_.Draw() + kOne) / 2));
}

// open_duration * backoff_multiplier^openings_before, as far as max_open_duration. Of a policy that
// has one: adaptive_recovery has none.
int64_t OpenDuration::BackedOff(const Policy& policy, int64_t openings_before) {
  const int64_t multiplier = BillionthsOf(policy.backoff_multiplier);
  // With 32 bits after the point, so that nothing adds up from step to step.
  absl::uint128 duration = absl::uint128(static_cast<uint64_t>(Nanos(*policy.open_duration))) << 32;
  const absl::uint128 longest =
      absl::uint128(static_cast<uint64_t>(Nanos(policy.max_open_duration))) << 32;
  if (multiplier > kOne) {
    for (int64_t i = 0; i < openings_before && duration < longest; ++i) {
      duration = duration * static_cast<uint64_t>(multiplier) / kOne;
    }
  }
  return static_cast<int64_t>(std::min(duration, longest) >> 32);
}

}  // namespace fusebox::internal
