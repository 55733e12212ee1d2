// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_BASE_FLOOR_DIV_H_
#define FUSEBOX_SRC_BASE_FLOOR_DIV_H_

#include <cstdint>

namespace fusebox::internal {

// Division that rounds down, for a clock that may stand before its zero. The divisor is positive.
constexpr int64_t FloorDiv(int64_t dividend, int64_t divisor) {
  return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

// What FloorDiv leaves, from 0 to divisor - 1.
constexpr int64_t FloorMod(int64_t dividend, int64_t divisor) {
  const int64_t rest = dividend % divisor;
  return rest < 0 ? rest + divisor : rest;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_FLOOR_DIV_H_
