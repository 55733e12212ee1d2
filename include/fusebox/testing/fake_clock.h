// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves only when told to: tests of anything that waits for a circuit need no sleep.
//
//   fusebox_testing::FakeClock clock;
//   fusebox::CircuitRegistry::Options options;
//   options.clock = &clock;
//   ...                                  // make the circuit open
//   clock.Advance(absl::Seconds(30));    // and it is HALF_OPEN
#ifndef FUSEBOX_TESTING_FAKE_CLOCK_H_
#define FUSEBOX_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "fusebox/clock.h"

namespace fusebox_testing {

// Thread-safety: any thread may read or move it at any time.
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
  // does: to test what happens if one did.
  void Advance(absl::Duration by) {
    nanos_.fetch_add(absl::ToInt64Nanoseconds(by), std::memory_order_acq_rel);
  }

  // Moves it to an instant, however far ahead.
  void Set(fusebox::SteadyTime now) { nanos_.store(now.nanos(), std::memory_order_release); }

 private:
  std::atomic<int64_t> nanos_;
  const absl::Time wall_at_zero_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTING_FAKE_CLOCK_H_
