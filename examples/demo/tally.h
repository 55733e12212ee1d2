// SPDX-License-Identifier: Apache-2.0
//
// What became of a number of calls, as their callers saw it.
#ifndef FUSEBOX_EXAMPLES_DEMO_TALLY_H_
#define FUSEBOX_EXAMPLES_DEMO_TALLY_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace demo {

struct Tally {
  int64_t ok = 0;
  int64_t failed = 0;
  int64_t rejected = 0;                   // by the circuit breaker, without being sent
  int64_t reached = 0;                    // arrived at the server: its own count
  absl::Duration waited;                  // by all callers together
  std::vector<absl::Duration> latencies;  // of every call, rejected ones included

  int64_t calls() const { return ok + failed + rejected; }

  void Add(const Tally& other) {
    ok += other.ok;
    failed += other.failed;
    rejected += other.rejected;
    reached += other.reached;
    waited += other.waited;
    latencies.insert(latencies.end(), other.latencies.begin(), other.latencies.end());
  }

  // The latency that `percent` of the calls did not exceed (nearest rank); zero if there were none.
  absl::Duration Percentile(double percent) const {
    if (latencies.empty()) return absl::ZeroDuration();
    std::vector<absl::Duration> sorted = latencies;
    std::sort(sorted.begin(), sorted.end());
    const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  }
};

// The same seconds, for the two clients.
struct Pair {
  Tally with;     // the channel with the circuit breaker
  Tally without;  // the plain one

  void Add(const Pair& other) {
    with.Add(other.with);
    without.Add(other.without);
  }
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_TALLY_H_
