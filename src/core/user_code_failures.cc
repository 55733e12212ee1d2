// SPDX-License-Identifier: Apache-2.0
#include "src/core/user_code_failures.h"

#include "absl/strings/str_cat.h"
#include "src/base/user_code.h"

namespace fusebox::internal {
namespace {

constexpr absl::Duration TellInterval() { return absl::Seconds(1); }

// How far a clock that throws falls back at most.
constexpr absl::Duration ClockStep() { return absl::Milliseconds(1); }

absl::string_view Title(UserCode code) {
  switch (code) {
#define FUSEBOX_CASE(enumerator, number, name, title) \
  case UserCode::enumerator:                          \
    return title;
    FUSEBOX_USER_CODES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "the application's code";
}

}  // namespace

UserCodeFailures::UserCodeFailures(const Clock& clock)
    : guarded_clock_(clock, *this),
      // The machine's throws nothing: its readers need no detour.
      clock_(&clock == &Clock::Real() ? clock : guarded_clock_) {}

std::string UserCodeFailures::Count(UserCode code, absl::string_view exception, int64_t count) {
  total_.fetch_add(count, std::memory_order_relaxed);
  return Tell(code, exception, count);
}

std::string UserCodeFailures::Tell(UserCode code, absl::string_view exception, int64_t count) {
  Kind& kind = kinds_[static_cast<std::size_t>(code)];
  const int64_t untold = kind.untold.fetch_add(count, std::memory_order_relaxed) + count;
  const int64_t now = clock_.Now().nanos();
  int64_t told_at = kind.told_at.load(std::memory_order_relaxed);
  const bool first = told_at == std::numeric_limits<int64_t>::min();
  if (!first && now - told_at < absl::ToInt64Nanoseconds(TellInterval())) return {};
  if (!kind.told_at.compare_exchange_strong(told_at, now, std::memory_order_relaxed)) return {};
  kind.untold.fetch_sub(untold, std::memory_order_relaxed);
  std::string detail = absl::StrCat(Title(code), " threw ", exception);
  if (untold > 1) {
    absl::StrAppend(&detail, "; it has thrown ", untold, " times since the last such event");
  }
  return detail;
}

std::string UserCodeFailures::TakeClockFailures() {
  const int64_t failures = clock_failures_.exchange(0, std::memory_order_relaxed);
  return failures == 0 ? std::string() : Tell(UserCode::kClock, "an exception", failures);
}

template <typename Read, typename Time>
void UserCodeFailures::GuardedClock::ReadInto(const Read& read, Time& time) const {
  RunUserCode([&] { time = read(); },
              [&](const std::string&) {
                failures_.total_.fetch_add(1, std::memory_order_relaxed);
                failures_.clock_failures_.fetch_add(1, std::memory_order_relaxed);
              });
}

SteadyTime UserCodeFailures::GuardedClock::Now() const {
  SteadyTime now = SteadyTime::FromNanos(latest_.load(std::memory_order_relaxed));
  const SteadyTime before = now;
  ReadInto([&] { return clock_.Now(); }, now);
  // Not each time: all threads read it.
  if (now - before >= ClockStep() || now < before)
    latest_.store(now.nanos(), std::memory_order_relaxed);
  return now;
}

SteadyTime UserCodeFailures::GuardedClock::CoarseNow() const {
  SteadyTime now = SteadyTime::FromNanos(latest_.load(std::memory_order_relaxed));
  ReadInto([&] { return clock_.CoarseNow(); }, now);
  return now;
}

absl::Time UserCodeFailures::GuardedClock::WallNow() const {
  absl::Time now = absl::InfinitePast();
  ReadInto([&] { return clock_.WallNow(); }, now);
  return now == absl::InfinitePast() ? Clock::Real().WallNow() : now;
}

}  // namespace fusebox::internal
