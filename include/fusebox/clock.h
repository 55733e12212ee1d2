// SPDX-License-Identifier: Apache-2.0
//
// Where a circuit breaker gets its time from. A program uses `Clock::Real()` and never thinks of it
// again; a test injects `fusebox_testing::FakeClock` and moves time by hand (rule R13).
#ifndef FUSEBOX_CLOCK_H_
#define FUSEBOX_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"
#include "fusebox/export.h"

namespace fusebox {

// An instant on a clock that never goes back, as the distance from that clock's zero. It can't be
// shown to people: `Clock::WallNow()` is for that. A plain value; nanosecond resolution, good for
// 292 years in either direction. Arithmetic saturates at the ends of that range.
class SteadyTime {
 public:
  constexpr SteadyTime() = default;

  static constexpr SteadyTime FromNanos(int64_t nanos) { return SteadyTime(nanos); }
  static SteadyTime FromSinceZero(absl::Duration since_zero) {
    return SteadyTime(absl::ToInt64Nanoseconds(since_zero));
  }

  constexpr int64_t nanos() const { return nanos_; }
  absl::Duration SinceZero() const { return absl::Nanoseconds(nanos_); }

  friend SteadyTime operator+(SteadyTime t, absl::Duration d) {
    return FromSinceZero(t.SinceZero() + d);
  }
  friend absl::Duration operator-(SteadyTime a, SteadyTime b) {
    return a.SinceZero() - b.SinceZero();
  }
  friend constexpr bool operator==(SteadyTime a, SteadyTime b) { return a.nanos_ == b.nanos_; }
  friend constexpr bool operator!=(SteadyTime a, SteadyTime b) { return a.nanos_ != b.nanos_; }
  friend constexpr bool operator<(SteadyTime a, SteadyTime b) { return a.nanos_ < b.nanos_; }
  friend constexpr bool operator<=(SteadyTime a, SteadyTime b) { return a.nanos_ <= b.nanos_; }
  friend constexpr bool operator>(SteadyTime a, SteadyTime b) { return a.nanos_ > b.nanos_; }
  friend constexpr bool operator>=(SteadyTime a, SteadyTime b) { return a.nanos_ >= b.nanos_; }

 private:
  constexpr explicit SteadyTime(int64_t nanos) : nanos_(nanos) {}

  int64_t nanos_ = 0;
};

// The source of time. Every decision is made on `Now()`; `WallNow()` only dates what people read
// (snapshots, events). The deadline of a gRPC call is measured against the machine's own clock,
// since that is the one that gRPC ends it by.
//
// Thread-safety: implementations must allow calls from any thread at any time, and must not use a
// circuit themselves.
// Ownership: whoever takes a `Clock*` keeps the pointer and never deletes it; the clock must
// outlive every breaker and registry that it was given to.
class FUSEBOX_EXPORT Clock {
 public:
  virtual ~Clock() = default;

  // The present instant. Should never go back; a caller that sees it go back (two threads that race
  // for a lock) takes the later of the two for the present.
  virtual SteadyTime Now() const = 0;

  // The present instant, cheaper and up to `kCoarseLagNanos` behind: good enough to see that a
  // circuit which stays open for seconds is still open. By default `Now()`.
  virtual SteadyTime CoarseNow() const { return Now(); }
  static constexpr int64_t kCoarseLagNanos = 20'000'000;

  // The present date and time of day.
  virtual absl::Time WallNow() const = 0;

  // The machine's own clocks: CLOCK_MONOTONIC, its coarse variant where there is one, and
  // CLOCK_REALTIME. Never destroyed.
  static const Clock& Real();
};

}  // namespace fusebox

#endif  // FUSEBOX_CLOCK_H_
