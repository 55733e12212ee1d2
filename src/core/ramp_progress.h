// SPDX-License-Identifier: Apache-2.0
//
// The growing share of calls after a positive verdict (rule R6).
#ifndef FUSEBOX_SRC_CORE_RAMP_PROGRESS_H_
#define FUSEBOX_SRC_CORE_RAMP_PROGRESS_H_

#include <cstdint>

#include "fusebox/clock.h"
#include "fusebox/policy.h"

namespace fusebox::internal {

// Admits by error diffusion: each call adds the present fraction to a credit, and is admitted when
// the credit reaches one, which is then taken off. Even and repeatable, never random. Reckoned in
// whole billionths. Not thread-safe.
class RampProgress {
 public:
  RampProgress(const Ramp& policy, SteadyTime now);

  bool Admit(SteadyTime now);

  SteadyTime end() const { return since_ + duration_; }
  double Fraction(SteadyTime now) const;

 private:
  int64_t FractionBillionths(SteadyTime now) const;

  SteadyTime since_;
  absl::Duration duration_;
  int64_t initial_;
  int64_t credit_ = 0;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RAMP_PROGRESS_H_
