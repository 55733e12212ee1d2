// SPDX-License-Identifier: Apache-2.0
#include "src/core/totals.h"

#include <cstddef>

#include "src/core/text.h"

namespace fusebox {

void LifetimeTotals::CountReturned(const CallRecord& call, const Outcome& outcome, SteadyTime now) {
  --in_flight_;
  switch (call.kind) {
    case OutcomeKind::kSuccess:
      ++totals_.success;
      break;
    case OutcomeKind::kFailure:
      ++totals_.failure;
      last_failure_ = Failure{now, outcome.code,
                              std::string(CutText(outcome.message, kMaxFailureMessageBytes))};
      break;
    case OutcomeKind::kIgnored:
      ++totals_.ignored;
      break;
  }
  totals_.slow += call.slow ? 1 : 0;
}

void LifetimeTotals::CountTransition(const Transition& transition) {
  if (transition.from == transition.to) return;
  ++totals_.transitions[static_cast<std::size_t>(transition.from)]
                       [static_cast<std::size_t>(transition.to)];
  totals_.opened += transition.to == State::kOpen ? 1 : 0;
  last_transition_ = transition.at;
}

}  // namespace fusebox
