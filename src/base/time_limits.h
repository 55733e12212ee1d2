// SPDX-License-Identifier: Apache-2.0
//
// What lengths of time may be, wherever somebody sets one.
#ifndef FUSEBOX_SRC_BASE_TIME_LIMITS_H_
#define FUSEBOX_SRC_BASE_TIME_LIMITS_H_

#include "absl/time/time.h"

namespace fusebox::internal {

inline constexpr absl::Duration kShortestTime = absl::Milliseconds(1);
inline constexpr absl::Duration kDay = absl::Hours(24);
inline constexpr absl::Duration kYear = absl::Hours(24 * 365);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_TIME_LIMITS_H_
