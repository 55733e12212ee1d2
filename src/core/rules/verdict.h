// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_RULES_VERDICT_H_
#define FUSEBOX_SRC_CORE_RULES_VERDICT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "fusebox/event.h"
#include "fusebox/evidence.h"

namespace fusebox::internal {

// Why a circuit is to change: a rule holds, which one, and its figures in words; or the time has
// come, or an operator wants it. The state machine carries it out, if the transition table has it
// in the phase that the circuit is in.
struct Verdict {
  Cause cause = Cause::kNone;
  std::string detail;
  int64_t calls = 0;                          // that the rule has counted
  absl::Duration age = absl::ZeroDuration();  // of calls that hang: for how long at least

  // The state machine's, which knows the calls. Shared by the changes that one verdict makes.
  std::shared_ptr<const Evidence> evidence = nullptr;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_RULES_VERDICT_H_
