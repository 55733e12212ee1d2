// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves only when told to: tests of anything that waits for a circuit need no sleep.
//
//   fusebox_testing::FakeClock clock;
//   fusebox::CircuitRegistry::Options options;
//   options.clock = &clock;
//   ...                                  // make the circuit open
//   clock.Advance(absl::Seconds(30));    // and it is HALF_OPEN
//
// What waits for it: all that a circuit decides by time, the length of an opening before all (its
// `jitter` included: a test that wants to know the instant sets that to 0), and the latencies that
// it records. What doesn't: the deadline of a gRPC call, which gRPC keeps by the machine's clock.
#ifndef FUSEBOX_TESTING_FAKE_CLOCK_H_
#define FUSEBOX_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox_testing {

// Thread-safety: any thread may read or move it at any time. Nothing is woken by that: a circuit
// looks at the clock when it is next used (rule R1).
// Ownership: the test's. It must outlive the registries and breakers that it was given to.
class FakeClock final : public fusebox::Clock {
 public:
  // Starts `since_zero` after the clock's zero, on 1 January 2030, 00:00 UTC.
  explicit FakeClock(absl::Duration since_zero = absl::Seconds(1000))
      : nanos_(absl::ToInt64Nanoseconds(since_zero)),
        wall_at_zero_(absl::FromUnixSeconds(1893456000) - since_zero) {}

  fusebox::SteadyTime Now() const override {
    return fusebox::SteadyTime::FromNanos(nanos_.load(std::memory_order_acquire));
  }
  absl::Time WallNow() const override { return wall_at_zero_ + Now().SinceZero(); }

  // Moves both the steady and the wall clock. Negative durations move them back, as no steady clock
  // does: to test what happens if one did. Infinite ones move them to the end of SteadyTime's
  // range.
  void Advance(absl::Duration by) {
    int64_t was = nanos_.load(std::memory_order_acquire);
    while (!nanos_.compare_exchange_weak(was, (fusebox::SteadyTime::FromNanos(was) + by).nanos(),
                                         std::memory_order_acq_rel, std::memory_order_acquire)) {
    }
  }

  // Moves it to an instant, however far ahead.
  void Set(fusebox::SteadyTime now) { nanos_.store(now.nanos(), std::memory_order_release); }

 private:
  std::atomic<int64_t> nanos_;
  const absl::Time wall_at_zero_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTING_FAKE_CLOCK_H_
