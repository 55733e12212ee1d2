// SPDX-License-Identifier: Apache-2.0
#include "interceptors/protected_call.h"

#include "fusebox/grpc/rejection_status.h"
#include "fusebox/outcome.h"

namespace fusebox {

void ProtectedCall::Start(const CallInfo::Metadata* metadata) {
  circuit_ = channel_.circuits.FindCircuit(method_, metadata);
  if (circuit_.breaker == nullptr) return;
  Admission admission = circuit_.breaker->TryAcquire();
  if (!admission) {
    rejection_ = ToGrpcStatus(admission.rejection());
    return;
  }
  permit_ = std::move(admission).permit();
  start_ = circuit_.breaker->clock().Now();
  if (deadline_ != absl::InfiniteFuture()) {
    // Not the breaker's clock: a deadline is gRPC's affair, and gRPC goes by the machine's.
    time_to_deadline_ = deadline_ - Clock::Real().WallNow();
  }
}

void ProtectedCall::Finish(const grpc::Status& status,
                           const CallResult::Metadata& trailing_metadata) {
  if (!permit_) return;
  const absl::Duration latency = circuit_.breaker->clock().Now() - start_;
  Outcome outcome;
  outcome.kind = channel_.classifier.Classify(
      {method_.name(), status, trailing_metadata, latency, time_to_deadline_});
  outcome.latency = latency;
  outcome.timed = timed_;
  outcome.code = status.error_code();
  if (!status.ok()) outcome.message = status.error_message();
  permit_.Record(outcome);
}

}  // namespace fusebox
