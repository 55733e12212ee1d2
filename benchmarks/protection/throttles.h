// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_BENCHMARKS_PROTECTION_THROTTLES_H_
#define FUSEBOX_BENCHMARKS_PROTECTION_THROTTLES_H_

#include <vector>

#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

// go-zero, Kratos, Vegas, Gradient2 and gRPC's throttling of retries (A6).
std::vector<Protection> Throttles();

}  // namespace fusebox_drill

#endif  // FUSEBOX_BENCHMARKS_PROTECTION_THROTTLES_H_
