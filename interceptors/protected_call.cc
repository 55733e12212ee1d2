// SPDX-License-Identifier: Apache-2.0
#include "interceptors/protected_call.h"

#include <algorithm>
#include <utility>

#include "fusebox/grpc/rejection_status.h"
#include "fusebox/outcome.h"
#include "fusebox/rejection.h"
#include "interceptors/hijacked_answer.h"
#include "interceptors/peer.h"
#include "interceptors/pushback.h"
#include "interceptors/thread_scratch.h"

namespace fusebox {
namespace {

using CallType = ProtectedCall::CallType;

// A client stream's only message comes with its status.
bool ServerStreams(CallType type) {
  return type == CallType::SERVER_STREAMING || type == CallType::BIDI_STREAMING;
}

}  // namespace

ProtectedChannel::ProtectedChannel(CircuitBreakerOptions options,
                                   StatusClassifier status_classifier)
    : circuits(std::move(options.target), std::move(options.registry),
               MethodTable(std::move(options.policies), std::move(options.fallbacks),
                           options.streams, std::move(options.method_streams)),
               options.scope, std::move(options.circuit_key)),
      classifier(std::move(status_classifier)) {}

ProtectedCall::ProtectedCall(ProtectedChannel& channel, const ProtectedMethod& method,
                             absl::Time deadline, CallType type, const grpc::ClientContext* context)
    : channel_(channel),
      method_(method),
      deadline_(deadline),
      type_(type),
      context_(context),
      awaits_message_(ServerStreams(type)) {}

void ProtectedCall::Start(const CallInfo::Metadata* metadata) {
  circuit_ = channel_.circuits.FindCircuit(method_, metadata);
  if (circuit_.breaker == nullptr) return;
  Admission admission = circuit_.breaker->TryAcquire();
  if (!admission) {
    rejection_ = {admission.reason(), admission.state(), admission.retry_after()};
    return;
  }
  permit_ = std::move(admission).permit();
  start_ = circuit_.breaker->clock().Now();
  if (deadline_ != absl::InfiniteFuture()) {
    // Not the breaker's clock: a deadline is gRPC's affair, and gRPC goes by the machine's.
    time_to_deadline_ = deadline_ - Clock::Real().WallNow();
  }
}

// A call that goes at its caller's pace says nothing of the server by its latency.
bool ProtectedCall::Timed() const {
  return !ClientStreams(type_) || method_.settings().streams.time_client_streams;
}

absl::Duration ProtectedCall::Latency() const {
  const int64_t message_after = message_after_.load(std::memory_order_relaxed);
  if (message_after >= 0) return absl::Nanoseconds(message_after);
  return circuit_.breaker->clock().Now() - start_;
}

std::string ProtectedCall::Peer() const {
  return context_ == nullptr ? std::string() : PeerText(context_->peer());
}

void ProtectedCall::ReceiveMessage() {
  if (circuit_.breaker == nullptr || rejected()) return;
  if (message_after_.load(std::memory_order_relaxed) >= 0) return;
  const absl::Duration latency = Latency();
  message_after_.store(std::max<int64_t>(0, absl::ToInt64Nanoseconds(latency)),
                       std::memory_order_relaxed);
  const StreamOptions& streams = method_.settings().streams;
  if (streams.success != StreamSuccess::kFirstMessage) return;
  ReturnedBy nothing = ReturnedBy::kNothing;
  if (!returned_by_.compare_exchange_strong(nothing, ReturnedBy::kMessage,
                                            std::memory_order_acq_rel)) {
    return;
  }
  Outcome outcome = Outcome::Success();
  outcome.latency = latency;
  outcome.timed = Timed();
  if (outcome.timed && circuit_.breaker->IsSlow(latency)) outcome.peer = Peer();
  permit_.Record(outcome);
}

void ProtectedCall::Finish(const grpc::Status& status,
                           const CallResult::Metadata& trailing_metadata) {
  if (circuit_.breaker == nullptr || rejected()) return;
  Outcome outcome;
  const absl::Duration latency = Latency();
  outcome.kind = channel_.classifier.Classify(
      {method_.name(), status, trailing_metadata, latency, time_to_deadline_});
  outcome.latency = latency;
  outcome.timed = Timed();
  if (!status.ok()) {
    outcome.code = status.error_code();
    outcome.message = status.error_message();
    outcome.pushback = PushbackOf(status, trailing_metadata);
  }
  // Not for every call: gRPC has to make a string of it.
  const bool failed = outcome.kind == OutcomeKind::kFailure;
  if (failed || (outcome.timed && circuit_.breaker->IsSlow(latency))) outcome.peer = Peer();
  const ReturnedBy before = returned_by_.exchange(ReturnedBy::kStatus, std::memory_order_acq_rel);
  if (before == ReturnedBy::kNothing) {
    permit_.Record(outcome);
  } else if (before == ReturnedBy::kMessage && outcome.kind == OutcomeKind::kFailure) {
    circuit_.breaker->ReportFailure(outcome);
  }
}

bool ProtectedCall::FillByFallback(void* response) {
  if (!request_ || response == nullptr) return false;
  const Fallback& fallback = *method_.settings().fallback;
  if (!fallback.Fills(response)) return false;
  fallback_status_ = fallback.Answer(*std::exchange(request_, std::nullopt), response);
  return fallback_status_->ok();
}

grpc::Status ProtectedCall::Answer() const {
  if (fallback_status_) return *fallback_status_;
  const ThreadScratch<Rejection> rejection;  // for its name's memory
  rejection->reason = rejection_->reason;
  rejection->circuit = circuit_.breaker->name();
  rejection->state = rejection_->state;
  rejection->retry_after = rejection_->retry_after;
  return ToGrpcStatus(*rejection);
}

}  // namespace fusebox
