// SPDX-License-Identifier: Apache-2.0
#include "src/core/open_duration.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox {
namespace {

absl::InsecureBitGen SeededBy(uint64_t seed, absl::string_view circuit) {
  std::vector<uint32_t> words = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  for (const char c : circuit) words.push_back(static_cast<unsigned char>(c));
  std::seed_seq sequence(words.begin(), words.end());
  return absl::InsecureBitGen(sequence);
}

}  // namespace

OpenDuration::OpenDuration(const Policy& policy, uint64_t seed, absl::string_view circuit)
    : policy_(policy), unjittered_(policy.open_duration), generator_(SeededBy(seed, circuit)) {}

absl::Duration OpenDuration::Next(absl::Duration pushback) {
  absl::Duration duration = unjittered_;
  unjittered_ = std::min(unjittered_ * policy_.backoff_multiplier, policy_.max_open_duration);
  if (policy_.jitter > 0) {
    duration *=
        absl::Uniform(absl::IntervalClosed, generator_, 1.0 - policy_.jitter, 1.0 + policy_.jitter);
  }
  return std::max(duration, std::min(pushback, policy_.max_open_duration));
}

}  // namespace fusebox
