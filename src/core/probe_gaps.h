// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_PROBE_GAPS_H_
#define FUSEBOX_SRC_CORE_PROBE_GAPS_H_

#include "absl/time/time.h"
#include "src/core/tunable.h"

namespace fusebox::internal {

// How far two probes are apart (rule R16).
FUSEBOX_TUNABLE(absl::Duration, kLeastProbeGap, absl::Milliseconds(50));
FUSEBOX_TUNABLE(absl::Duration, kMostProbeGap, absl::Seconds(30));

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_PROBE_GAPS_H_
