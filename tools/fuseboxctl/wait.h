// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_WAIT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_WAIT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tools/fuseboxctl/action.h"
#include "tools/fuseboxctl/exit_code.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/interrupt.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

// Waits until all circuits that were touched, as `answers` has it by endpoint, are in that state,
// and says for what it waits, and what has come of it. `answers` becomes what they are in then.
// kDone, kTimedOut, kInterrupted, or kFailed if no endpoint can be watched.
ExitCode Wait(const Fleet& fleet, std::vector<EndpointResult>& answers, const std::string& state,
              absl::Duration timeout, const Screen& screen, Interrupt& interrupt);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_WAIT_H_
