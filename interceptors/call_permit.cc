// SPDX-License-Identifier: Apache-2.0
#include "interceptors/call_permit.h"

namespace fusebox::internal {

void CallPermit::ReceiveMessage(const Outcome& message, bool gives_back) {
  Step step = Step::kOut;
  if (!step_.compare_exchange_strong(step, Step::kAtMessage, std::memory_order_acquire)) return;
  if (gives_back) {
    first_message_ = permit_.RecordFirstMessage(message);
  } else {
    permit_.ReceiveMessage(message);
  }
  const Step after = gives_back ? Step::kGivenBack : Step::kOut;
  step = Step::kAtMessage;
  if (step_.compare_exchange_strong(step, after, std::memory_order_acq_rel)) return;
  GiveBack(after, *left_end_);
}

void CallPermit::End(const Outcome& outcome) {
  for (Step step = step_.load(std::memory_order_acquire);;) {
    switch (step) {
      case Step::kOut:
      case Step::kGivenBack: {
        const Step before = step;
        if (!step_.compare_exchange_weak(step, Step::kEnded, std::memory_order_acq_rel)) continue;
        return GiveBack(before, outcome);
      }
      case Step::kAtMessage:
        left_end_ = std::make_unique<const Outcome>(outcome);
        if (!step_.compare_exchange_weak(step, Step::kEndedAtMessage, std::memory_order_acq_rel)) {
          continue;
        }
        return;
      case Step::kEnded:
      case Step::kEndedAtMessage:
        return;
    }
  }
}

void CallPermit::GiveBack(Step before, const Outcome& outcome) {
  if (before == Step::kOut) {
    permit_.Record(outcome);
  } else if (IsFailure(outcome.kind)) {
    ReportFailure(outcome);
  }
}

// Of a call that has given its permit back. Meanwhile its circuit was idle, and may have been taken
// out of the registry: then the failure is the business of the circuit that has its name now. The
// success that it would take back is none of that circuit's.
void CallPermit::ReportFailure(const Outcome& outcome) {
  if (!breaker_->removed()) return breaker_->ReportFailure(outcome, first_message_);
  if (const auto present = registry_->Find(breaker_->name())) present->ReportFailure(outcome);
}

}  // namespace fusebox::internal
