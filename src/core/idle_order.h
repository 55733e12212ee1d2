// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_IDLE_ORDER_H_
#define FUSEBOX_SRC_CORE_IDLE_ORDER_H_

#include <cstdint>

namespace fusebox {

// For how long a circuit has been idle, in steps of its registry: found out by looking at its count
// of calls now and then, so that the calls themselves need not note the time.
class Idleness {
 public:
  Idleness() = default;
  explicit Idleness(int64_t made_at) : made_at_(made_at), active_at_(made_at) {}

  // It has been given so many permits by this step.
  void Observe(int64_t granted, int64_t step) {
    if (granted == granted_) return;
    granted_ = granted;
    active_at_ = step;
  }

  // Of two that were last active in the same step, the one that was made first.
  bool IsLongerThan(const Idleness& other) const {
    if (active_at_ != other.active_at_) return active_at_ < other.active_at_;
    return made_at_ < other.made_at_;
  }

 private:
  int64_t made_at_ = 0;
  int64_t active_at_ = 0;
  int64_t granted_ = 0;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_IDLE_ORDER_H_
