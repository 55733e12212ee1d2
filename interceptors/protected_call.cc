// SPDX-License-Identifier: Apache-2.0
#include "interceptors/protected_call.h"

#include "fusebox/grpc/rejection_status.h"
#include "fusebox/outcome.h"

namespace fusebox {

void ProtectedCall::Start() {
  Admission admission = breaker_->TryAcquire();
  if (!admission) {
    rejection_ = ToGrpcStatus(admission.rejection());
    return;
  }
  permit_ = std::move(admission).permit();
  start_ = breaker_->clock().Now();
  if (deadline_ != absl::InfiniteFuture()) {
    // Not the breaker's clock: a deadline is gRPC's affair, and gRPC goes by the machine's.
    time_to_deadline_ = deadline_ - Clock::Real().WallNow();
  }
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
  if (outcome.kind == OutcomeKind::kFailure) outcome.message = status.error_message();
  permit_.Record(outcome);
}

}  // namespace fusebox
