// SPDX-License-Identifier: Apache-2.0
//
// What a circuit's calls are usually like: how many of them fail, and how many there are a second
// (rule R15).
#ifndef FUSEBOX_SRC_CORE_CALL_AVERAGES_H_
#define FUSEBOX_SRC_CORE_CALL_AVERAGES_H_

#include <cstdint>

#include "fusebox/clock.h"
#include "src/core/share.h"

namespace fusebox::internal {

// Both averages are reckoned only where a failure asks for them. Until then successes are a number:
// so it doesn't matter in how many parts, or how late, they are told, as long as it is before the
// next failure. Not thread-safe.

// The share of calls that failed before the present run of failures: of the last 32 or so, each
// further back weighing a 32nd less. A small value: whoever may have to take something back keeps
// what it was before.
class FailureAverage {
 public:
  // A run of failures that has ended; of 0: nothing.
  void AddRun(int64_t failures);
  // Of before the present run, or with none there.
  void AddSuccesses(int64_t count) { successes_ += count; }

  Share share() const;

  // How many calls would tell as much of the share, if they all weighed the same.
  static uint64_t KnownCalls();

 private:
  Share share_;            // after the last run that has ended
  int64_t successes_ = 0;  // since then
};

// `now` must not go back.
class CallRate {
 public:
  explicit CallRate(SteadyTime now) : since_(now) {}

  void AddCalls(int64_t count) { calls_ += count; }

  // At each failure, with all calls told by then.
  void Reckon(SteadyTime now);

  // As of the last failure, in 2^-20 calls a second: over some 10 s, or since a circuit is there if
  // that is less, but over a second at least. Where failures are further apart, it is over the time
  // between them.
  uint64_t rate() const { return rate_; }

  static constexpr int kRateBits = 20;

 private:
  SteadyTime since_;       // what `calls_` counts from
  int64_t calls_ = 0;      // not yet in the rate
  bool has_rate_ = false;  // of a second at least
  uint64_t rate_ = 0;
};

struct CallAverages {
  explicit CallAverages(SteadyTime now) : rate(now) {}

  FailureAverage failures;
  CallRate rate;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CALL_AVERAGES_H_
