// SPDX-License-Identifier: Apache-2.0
#include "src/core/ramp_progress.h"

#include <algorithm>

#include "src/core/exact.h"

namespace fusebox::internal {

static_assert(kOne < int64_t{1} << 30, "a credit is below one");

void RampProgress::Start(const Ramp& policy, uint64_t epoch, SteadyTime now) {
  credit_.store(epoch << kCreditBits, std::memory_order_release);
  since_.store(now.nanos(), std::memory_order_release);
  duration_.store(absl::ToInt64Nanoseconds(policy.duration), std::memory_order_release);
  initial_.store(BillionthsOf(policy.initial_fraction), std::memory_order_release);
}

bool RampProgress::Admit(SteadyTime now) {
  const auto fraction = static_cast<uint64_t>(FractionBillionths(now));
  constexpr auto kWhole = static_cast<uint64_t>(kOne);
  uint64_t word = credit_.load(std::memory_order_acquire);
  bool admits = false;
  uint64_t next = 0;
  do {
    next = word + fraction;
    admits = (word & kCredit) + fraction >= kWhole;
    if (admits) next -= kWhole;
  } while (!credit_.compare_exchange_weak(word, next, std::memory_order_acq_rel));
  return admits;
}

bool RampProgress::Reject(uint64_t epoch, SteadyTime now) {
  const auto fraction = static_cast<uint64_t>(FractionBillionths(now));
  uint64_t word = credit_.load(std::memory_order_acquire);
  do {
    const bool other = (word ^ epoch << kCreditBits) >> kCreditBits != 0;
    if (other || (word & kCredit) + fraction >= static_cast<uint64_t>(kOne)) return false;
  } while (!credit_.compare_exchange_weak(word, word + fraction, std::memory_order_acq_rel));
  return true;
}

double RampProgress::Fraction(SteadyTime now) const {
  return static_cast<double>(FractionBillionths(now)) / static_cast<double>(kOne);
}

// From 0 to all of it. The two times may lie further apart than a number can say.
int64_t RampProgress::Elapsed(SteadyTime now, int64_t whole) const {
  const int64_t start = since();
  if (now.nanos() <= start) return 0;
  const uint64_t apart = static_cast<uint64_t>(now.nanos()) - static_cast<uint64_t>(start);
  return static_cast<int64_t>(std::min(apart, static_cast<uint64_t>(whole)));
}

// initial + (1 - initial) * elapsed / duration, cut off. The quotient by doubles is right, or one
// more or less; what is left of the division tells which. That is small, so it doesn't matter that
// the products may not fit.
int64_t RampProgress::FractionBillionths(SteadyTime now) const {
  const int64_t whole = duration();
  const int64_t elapsed = Elapsed(now, whole);
  const int64_t initial = initial_.load(std::memory_order_acquire);
  const int64_t rest = kOne - initial;
  auto grown = static_cast<int64_t>(static_cast<double>(rest) * static_cast<double>(elapsed) /
                                    static_cast<double>(whole));
  const auto left =
      static_cast<int64_t>(static_cast<uint64_t>(rest) * static_cast<uint64_t>(elapsed) -
                           static_cast<uint64_t>(grown) * static_cast<uint64_t>(whole));
  if (left < 0) --grown;
  if (left >= whole) ++grown;
  return initial + grown;
}

}  // namespace fusebox::internal
