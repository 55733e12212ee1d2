// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on whole numbers alone: the same to the last digit on every target. (The i387 computes
// doubles with 64 bits of precision, and rounds them twice.)
#ifndef FUSEBOX_SRC_CORE_EXACT_H_
#define FUSEBOX_SRC_CORE_EXACT_H_

#include <cstdint>

#include "absl/numeric/int128.h"

namespace fusebox::internal {

// One, in billionths.
inline constexpr int64_t kOne = 1'000'000'000;

// The number to the nearest billionth, in whole billionths. From 0 to 1,000.
int64_t BillionthsOf(double number);

// `nanos * billionths / kOne`, towards zero. The result must fit.
inline int64_t Scaled(int64_t nanos, int64_t billionths) {
  return static_cast<int64_t>(absl::int128(nanos) * billionths / kOne);
}

// part / whole >= rate (R2), for 0 <= part, 0 < whole and 0 < rate. Exact in this sense: whenever
// `rate` is the double nearest to a quotient a / b, it holds at a of b and not just below. It is
// what IEEE division of the two as doubles gives.
bool RateReached(int64_t part, int64_t whole, double rate);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_EXACT_H_
