// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/virtual_time.h"

#include <utility>

#include "fusebox/clock.h"

namespace drill {

void VirtualTime::At(absl::Duration at, std::function<void()> event) {
  events_.push({absl::ToInt64Nanoseconds(at), scheduled_++, std::move(event)});
}

void VirtualTime::Run() {
  while (!events_.empty()) {
    const Scheduled next = events_.top();
    events_.pop();
    clock_.Set(fusebox::SteadyTime::FromNanos(next.at_nanos));
    next.event();
  }
}

}  // namespace drill
