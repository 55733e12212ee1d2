// SPDX-License-Identifier: Apache-2.0
#include "fusebox/clock.h"

#include <chrono>
#include <ctime>

#include "absl/time/clock.h"

namespace fusebox {
namespace {

class RealClock final : public Clock {
 public:
#ifdef CLOCK_MONOTONIC_COARSE
  // std::chrono::steady_clock is the same clock, a call further away.
  SteadyTime Now() const override { return Read(CLOCK_MONOTONIC); }
  // The time of the last tick, of which there are at least 100 a second.
  SteadyTime CoarseNow() const override { return Read(CLOCK_MONOTONIC_COARSE); }
#else
  SteadyTime Now() const override { return SteadyClockNow(); }
#endif
  absl::Time WallNow() const override { return absl::Now(); }

 private:
  static SteadyTime SteadyClockNow() {
    return SteadyTime::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
  }

#ifdef CLOCK_MONOTONIC_COARSE
  static SteadyTime Read(clockid_t clock) {
    timespec now{};
    if (clock_gettime(clock, &now) != 0) return SteadyClockNow();
    return SteadyTime::FromNanos(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
  }
#endif
};

}  // namespace

const Clock& Clock::Real() {
  // Leaked on purpose: circuits may be used while static objects are being destroyed.
  static const RealClock* const kClock = new RealClock;
  return *kClock;
}

}  // namespace fusebox
