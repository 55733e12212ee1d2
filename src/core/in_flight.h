// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_IN_FLIGHT_H_
#define FUSEBOX_SRC_CORE_IN_FLIGHT_H_

#include <algorithm>
#include <cstdint>

#include "src/base/dcheck.h"

namespace fusebox::internal {

struct CallSums {
  int64_t granted = 0;
  int64_t in_flight = 0;
};

// From sums that calls change while they are made. Returns are read first, so that what is in
// flight never comes out negative. But calls that come and go in between seem to be in flight:
// many, if this thread has to stand still there. So the least of a few looks is taken, and the
// first one in which no call has gone.
template <typename Returned, typename Granted>
CallSums SumCalls(const Returned& returned, const Granted& granted) {
  constexpr int kLooks = 4;
  CallSums sums;
  for (int look = 0; look < kLooks; ++look) {
    const int64_t before = returned();
    sums.granted = granted();
    const int64_t in_flight = sums.granted - before;
    FUSEBOX_DCHECK(in_flight >= 0);
    sums.in_flight = look == 0 ? in_flight : std::min(sums.in_flight, in_flight);
    if (in_flight == 0 || returned() == before) break;
  }
  return sums;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_IN_FLIGHT_H_
