// SPDX-License-Identifier: Apache-2.0
#include "src/core/open_duration.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace fusebox {

OpenDuration::OpenDuration(const Policy& policy, uint64_t seed, absl::string_view circuit)
    : policy_(policy), unjittered_(policy.open_duration), jitter_(seed, circuit) {}

absl::Duration OpenDuration::Next(absl::Duration pushback) {
  absl::Duration duration = unjittered_;
  unjittered_ = std::min(unjittered_ * policy_.backoff_multiplier, policy_.max_open_duration);
  if (policy_.jitter > 0) duration *= 1 + policy_.jitter * jitter_.Draw();
  return std::max(duration, std::min(pushback, policy_.max_open_duration));
}

}  // namespace fusebox
