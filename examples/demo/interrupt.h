// SPDX-License-Identifier: Apache-2.0
//
// For a demo that goes on until it is interrupted: SIGINT and SIGTERM, to be waited for.
#ifndef FUSEBOX_EXAMPLES_DEMO_INTERRUPT_H_
#define FUSEBOX_EXAMPLES_DEMO_INTERRUPT_H_

#include "absl/time/time.h"

namespace demo {

// From here on these signals no longer end this process, nor those that it starts. To be called
// before the first thread is started, which they would otherwise end anyway.
void HoldInterrupts();

// Waits for one, for so long. False if none came.
bool AwaitInterrupt(absl::Duration time);

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_INTERRUPT_H_
