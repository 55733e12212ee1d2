// SPDX-License-Identifier: Apache-2.0
#include "fusebox/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace fusebox {
namespace {

class RealClock final : public Clock {
 public:
  SteadyTime Now() const override {
    return SteadyTime::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
  }
  absl::Time WallNow() const override { return absl::Now(); }
};

}  // namespace

const Clock& Clock::Real() {
  // Leaked on purpose: circuits may be used while static objects are being destroyed.
  static const RealClock* const kClock = new RealClock;
  return *kClock;
}

}  // namespace fusebox
