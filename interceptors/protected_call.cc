// SPDX-License-Identifier: Apache-2.0
#include "interceptors/protected_call.h"

#include "fusebox/grpc/rejection_status.h"
#include "fusebox/outcome.h"

namespace fusebox {

bool ProtectedCall::Start() {
  if (decided_) return !rejected();
  decided_ = true;
  Admission admission = breaker_->TryAcquire();
  if (!admission) {
    rejection_ = ToGrpcStatus(admission.rejection());
    return false;
  }
  permit_ = std::move(admission).permit();
  start_ = breaker_->clock().Now();
  if (deadline_ != absl::InfiniteFuture()) {
    time_to_deadline_ = deadline_ - breaker_->clock().WallNow();
  }
  return true;
}

void ProtectedCall::Finish(const grpc::Status& status,
                           const CallResult::Metadata& trailing_metadata) {
  if (!permit_) return;
  const absl::Duration latency = breaker_->clock().Now() - start_;
  Outcome outcome;
  outcome.kind =
      classifier_->Classify({method_, status, trailing_metadata, latency, time_to_deadline_});
  outcome.latency = latency;
  outcome.timed = timed_;
  outcome.code = status.error_code();
  outcome.message = status.error_message();
  permit_.Record(outcome);
}

}  // namespace fusebox
