// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/scenario.h"

namespace drill {

fusebox::Policy Scenario::PolicyWithRamp() const {
  fusebox::Policy with_ramp = policy;
  with_ramp.ramp = ramp;
  return with_ramp;
}

fusebox::Policy Scenario::DefaultPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures.reset();
  policy.failure_rate = 0.5;
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  policy.open_duration = absl::Seconds(10);
  policy.jitter = 0;
  return policy;
}

}  // namespace drill
