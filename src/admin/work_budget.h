// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_WORK_BUDGET_H_
#define FUSEBOX_SRC_ADMIN_WORK_BUDGET_H_

#include <cstdint>

namespace fusebox::internal {

// How much more a request may have done for it, in steps of about a nanosecond. It is spent on what
// is looked for, not on what is found, which pages and messages bound. Counted and not timed, so
// that the same request is always answered alike.
class WorkBudget {
 public:
  // About a millisecond: 10,000 circuits and no pattern, 2,000 and a few, or fewer and many.
  WorkBudget() = default;
  explicit WorkBudget(int64_t steps) : left_(steps) {}

  void Spend(int64_t steps) { left_ -= steps; }
  bool spent() const { return left_ <= 0; }

 private:
  int64_t left_ = 1'000'000;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_WORK_BUDGET_H_
