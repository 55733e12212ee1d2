// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_BENCHMARKS_PROTECTION_BREAKERS_H_
#define FUSEBOX_BENCHMARKS_PROTECTION_BREAKERS_H_

#include <vector>

#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

// gobreaker, Polly, resilience4j, Hystrix, Linkerd, Envoy, brpc and Sentinel.
std::vector<Protection> Breakers();

}  // namespace fusebox_drill

#endif  // FUSEBOX_BENCHMARKS_PROTECTION_BREAKERS_H_
