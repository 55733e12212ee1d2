// SPDX-License-Identifier: Apache-2.0
//
// The growing share of calls after a positive verdict (rule R6).
#ifndef FUSEBOX_SRC_CORE_RAMP_PROGRESS_H_
#define FUSEBOX_SRC_CORE_RAMP_PROGRESS_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/policy.h"

namespace fusebox::internal {

// Admits by error diffusion: each call adds the present fraction to a credit, and is admitted when
// the credit reaches one, which is then taken off. Even and repeatable, never random. Reckoned in
// whole billionths.
//
// Calls that are rejected need no lock: the credit is one word, with the epoch of the ramp that it
// is of. It is written before all else of a ramp, and what else there is with release and loaded
// with acquire. So a call that has come for an earlier ramp, and has seen anything of a later one,
// finds another epoch in the word, and changes nothing. Of the epoch it holds 34 bits: before the
// same ones come again, a thread would have to stand between two instructions for as many epochs.
class RampProgress {
 public:
  RampProgress() = default;
  RampProgress(const Ramp& policy, SteadyTime now) { Start(policy, /*epoch=*/1, now); }

  // These REQUIRE the circuit's lock.
  void Start(const Ramp& policy, uint64_t epoch, SteadyTime now);
  bool Admit(SteadyTime now);

  // Takes note of a call that isn't admitted. False, and nothing has changed, if it is to be
  // admitted, or if the ramp of that epoch is over.
  bool Reject(uint64_t epoch, SteadyTime now);

  SteadyTime end() const { return SteadyTime::FromNanos(since()) + absl::Nanoseconds(duration()); }
  // Whether the coarse clock is good enough for it, until the end is near: it moves the fraction by
  // less than a hundredth.
  bool is_long() const { return duration() >= 100 * Clock::kCoarseLagNanos; }
  double Fraction(SteadyTime now) const;

 private:
  static constexpr int kCreditBits = 30;
  static constexpr uint64_t kCredit = (uint64_t{1} << kCreditBits) - 1;

  int64_t since() const { return since_.load(std::memory_order_acquire); }
  int64_t duration() const { return duration_.load(std::memory_order_acquire); }
  int64_t Elapsed(SteadyTime now, int64_t whole) const;
  int64_t FractionBillionths(SteadyTime now) const;

  std::atomic<uint64_t> credit_{0};  // behind the epoch
  std::atomic<int64_t> since_{0};
  std::atomic<int64_t> duration_{1};
  std::atomic<int64_t> initial_{0};
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RAMP_PROGRESS_H_
