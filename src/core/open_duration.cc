// SPDX-License-Identifier: Apache-2.0
#include "src/core/open_duration.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/string_view.h"

namespace fusebox {

OpenDuration::OpenDuration(uint64_t seed, absl::string_view circuit) : jitter_(seed, circuit) {}

absl::Duration OpenDuration::Next(const Policy& policy, absl::Duration pushback) {
  const double backoff =
      std::pow(policy.backoff_multiplier, static_cast<double>(openings_in_a_row_));
  ++openings_in_a_row_;
  absl::Duration duration = std::min(policy.open_duration * backoff, policy.max_open_duration);
  if (policy.jitter > 0) duration *= 1 + policy.jitter * jitter_.Draw();
  return std::max(duration, std::min(pushback, policy.max_open_duration));
}

}  // namespace fusebox
