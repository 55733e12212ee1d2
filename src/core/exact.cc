// SPDX-License-Identifier: Apache-2.0
#include "src/core/exact.h"

#include <cmath>

namespace fusebox::internal {
namespace {

constexpr int kMantissaBits = 53;
constexpr int64_t kLeastMantissa = int64_t{1} << (kMantissaBits - 1);

// A positive double: mantissa / 2^shift, with a mantissa of 53 bits.
struct Binary {
  int64_t mantissa = 0;
  int shift = 0;
};

Binary BinaryOf(double number) {
  int exponent = 0;
  const double fraction = std::frexp(number, &exponent);
  return {static_cast<int64_t>(std::ldexp(fraction, kMantissaBits)), kMantissaBits - exponent};
}

}  // namespace

int64_t BillionthsOf(double number) {
  const Binary binary = BinaryOf(number);
  if (binary.shift >= 127) return 0;
  const absl::uint128 billionths = absl::uint128(static_cast<uint64_t>(binary.mantissa)) * kOne;
  const absl::uint128 half = absl::uint128(1) << (binary.shift - 1);
  return static_cast<int64_t>((billionths + half) >> binary.shift);
}

bool RateReached(int64_t part, int64_t whole, double rate) {
  if (part == 0) return false;
  // Far from `rate`, by more than any rounding moves a quotient of doubles, nothing is to be
  // reckoned.
  constexpr double kFar = 0x1p-40;
  const double quotient_about = static_cast<double>(part) / static_cast<double>(whole);
  if (quotient_about < rate * (1 - kFar)) return false;
  if (quotient_about > rate * (1 + kFar)) return true;
  const Binary binary = BinaryOf(rate);
  // The quotient rounds to `rate` or more from halfway between `rate` and the double below it on,
  // which is a quarter of a unit away where the doubles get twice as dense. In quarters:
  const bool denser_below = binary.mantissa == kLeastMantissa;
  const int64_t halfway = 4 * binary.mantissa - (denser_below ? 1 : 2);
  // part * 4 * 2^shift against halfway * whole, the latter below 2^118.
  const int left_shift = binary.shift + 2;
  if (left_shift >= 119) return true;
  const absl::uint128 least_part =
      absl::uint128(static_cast<uint64_t>(halfway)) * static_cast<uint64_t>(whole);
  const absl::uint128 quotient = least_part >> left_shift;
  const bool whole_parts = (quotient << left_shift) == least_part;
  const absl::uint128 got = static_cast<uint64_t>(part);
  if (got != quotient) return got > quotient;
  // Just halfway, rounding is to the even one.
  return whole_parts && binary.mantissa % 2 == 0;
}

}  // namespace fusebox::internal
