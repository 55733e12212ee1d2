// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_SHARE_H_
#define FUSEBOX_SRC_CORE_SHARE_H_

#include <cstdint>

#include "absl/numeric/int128.h"

namespace fusebox::internal {

// A number from 0 to 1 in steps of 2^-62, on whole numbers alone (see exact.h). Products are cut
// off.
class Share {
 public:
  constexpr Share() = default;

  // part times a whole-th, for part <= whole.
  static constexpr Share Of(uint64_t part, uint64_t whole) {
    return Share(One().bits_ / whole * part);
  }
  static constexpr Share One() { return Share(uint64_t{1} << kBits); }

  constexpr Share Complement() const { return Share(One().bits_ - bits_); }

  // The share of a number below 2^64.
  uint64_t TimesWhole(uint64_t number) const {
    return absl::Uint128Low64((absl::uint128(bits_) * number) >> kBits);
  }

  Share Power(uint64_t exponent) const {
    Share result = One();
    for (Share square = *this; exponent != 0; exponent >>= 1, square = square * square) {
      if (exponent % 2 == 1) result = result * square;
    }
    return result;
  }

  friend Share operator*(Share a, Share b) { return Share(a.TimesWhole(b.bits_)); }
  friend constexpr bool operator<(Share a, Share b) { return a.bits_ < b.bits_; }
  friend constexpr bool operator==(Share a, Share b) { return a.bits_ == b.bits_; }

  static constexpr int kBits = 62;
  constexpr uint64_t bits() const { return bits_; }

  constexpr double value() const { return static_cast<double>(bits_) * 0x1p-62; }

 private:
  constexpr explicit Share(uint64_t bits) : bits_(bits) {}

  uint64_t bits_ = 0;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_SHARE_H_
