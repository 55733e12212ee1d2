// SPDX-License-Identifier: Apache-2.0
//
// Whichever window the policy asks for.
#ifndef FUSEBOX_SRC_CORE_WINDOW_CALL_WINDOW_H_
#define FUSEBOX_SRC_CORE_WINDOW_CALL_WINDOW_H_

#include <cstdint>
#include <variant>

#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/window/count_window.h"
#include "src/core/window/time_window.h"
#include "src/core/window/window_entry.h"

namespace fusebox::internal {

// Not thread-safe.
class CallWindow {
 public:
  CallWindow(const Window& policy, SteadyTime now) : window_(Make(policy, now)) {}

  void Add(WindowEntry entry, SteadyTime now) {
    std::visit([&](auto& window) { window.Add(entry, now); }, window_);
  }
  WindowCounts Counts(SteadyTime now) {
    return std::visit([&](auto& window) { return window.Counts(now); }, window_);
  }

  // Where the next entry goes, for `TurnIntoFailure`.
  int64_t PlaceAt(SteadyTime now) const {
    return std::visit([&](const auto& window) { return window.PlaceAt(now); }, window_);
  }

  // The success that was added there is a failure after all. False if the window has let go of it.
  bool TurnIntoFailure(int64_t place, SteadyTime now) {
    return std::visit([&](auto& window) { return window.TurnIntoFailure(place, now); }, window_);
  }

  // Successes that were recorded without the window being told at once: where they belong is the
  // slice that `SliceAt` gave then.
  void AddSuccesses(int64_t count, int64_t slice, SteadyTime now) {
    std::visit([&](auto& window) { window.AddSuccesses(count, slice, now); }, window_);
  }
  int64_t SliceAt(SteadyTime now) const {
    return std::visit([&](const auto& window) { return window.SliceAt(now); }, window_);
  }

 private:
  using AnyWindow = std::variant<CountWindowRing, TimeWindowBuckets>;

  static AnyWindow Make(const Window& policy, SteadyTime now) {
    if (const auto* time = std::get_if<TimeWindow>(&policy)) return TimeWindowBuckets(*time, now);
    return CountWindowRing(std::get<CountWindow>(policy));
  }

  AnyWindow window_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_WINDOW_CALL_WINDOW_H_
