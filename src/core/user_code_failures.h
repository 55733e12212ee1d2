// SPDX-License-Identifier: Apache-2.0
//
// What code of the application's has thrown: how often, and whether an event is due that says so.
#ifndef FUSEBOX_SRC_CORE_USER_CODE_FAILURES_H_
#define FUSEBOX_SRC_CORE_USER_CODE_FAILURES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/user_code.h"

namespace fusebox::internal {

// What the circuits of a registry share. Thread-safe.
class UserCodeFailures {
 public:
  // The clock must outlive this.
  explicit UserCodeFailures(const Clock& clock);
  UserCodeFailures(const UserCodeFailures&) = delete;
  UserCodeFailures& operator=(const UserCodeFailures&) = delete;
  ~UserCodeFailures() = default;

  // The clock without its exceptions. While it throws, its time stands still, and the time of day
  // is the machine's.
  const Clock& clock() const { return clock_; }

  // `count` more. What the event says that is due now; empty if one of that kind was due less than
  // a second ago, and so for code that fails each time that it's called.
  std::string Count(UserCode code, absl::string_view exception, int64_t count = 1);

  // The same for the clock, whose failures are counted as they happen, and are told of once a
  // circuit has its lock.
  bool clock_has_failed() const { return clock_failures_.load(std::memory_order_relaxed) > 0; }
  std::string TakeClockFailures();

  int64_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  // Lets nothing through that the clock throws.
  class GuardedClock final : public Clock {
   public:
    GuardedClock(const Clock& clock, UserCodeFailures& failures)
        : clock_(clock), failures_(failures) {}

    SteadyTime Now() const override;
    SteadyTime CoarseNow() const override;
    absl::Time WallNow() const override;

   private:
    template <typename Read, typename Time>
    void ReadInto(const Read& read, Time& time) const;

    const Clock& clock_;
    UserCodeFailures& failures_;
    mutable std::atomic<int64_t> latest_{0};  // about what Now said last
  };

  // Of one kind of code. Relaxed: each is right by itself, and nothing else is published with them.
  struct Kind {
    std::atomic<int64_t> untold{0};  // since the last event
    std::atomic<int64_t> told_at{std::numeric_limits<int64_t>::min()};
  };
  static constexpr std::size_t kKinds = CountRows({FUSEBOX_USER_CODES(FUSEBOX_COUNT_ROW)});

  // What `Count` says, of failures that are part of the total.
  std::string Tell(UserCode code, absl::string_view exception, int64_t count);

  // Relaxed, as above.
  std::atomic<int64_t> clock_failures_{0};  // that `Tell` has not been told of
  std::atomic<int64_t> total_{0};
  std::array<Kind, kKinds> kinds_;

  const GuardedClock guarded_clock_;
  const Clock& clock_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_USER_CODE_FAILURES_H_
