// SPDX-License-Identifier: Apache-2.0
#include "interceptors/protected_call.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <utility>

#include "fusebox/grpc/rejection_status.h"
#include "fusebox/outcome.h"
#include "fusebox/rejection.h"
#include "fusebox/user_code.h"
#include "interceptors/connector.h"
#include "interceptors/health_checker.h"
#include "interceptors/hijacked_answer.h"
#include "interceptors/local_failure.h"
#include "interceptors/peer.h"
#include "interceptors/pushback.h"
#include "interceptors/thread_scratch.h"
#include "src/base/user_code.h"

namespace fusebox::internal {
namespace {

using CallType = ProtectedCall::CallType;

// A client stream's only message comes with its status.
bool ServerStreams(CallType type) {
  return type == CallType::SERVER_STREAMING || type == CallType::BIDI_STREAMING;
}

}  // namespace

ProtectedChannel::ProtectedChannel(InterceptorOptions options, StatusClassifier status_classifier)
    : circuits(std::move(options.dependency), std::move(options.registry),
               MethodTable(std::move(options.policies), std::move(options.fallbacks),
                           options.streams, std::move(options.method_streams)),
               options.scope, std::move(options.circuit_key)),
      classifier(std::move(status_classifier)),
      await_connection(options.await_connection),
      health_service(std::move(options.health_service)) {}

ProtectedCall::ProtectedCall(ProtectedChannel& channel, ProtectedMethod method, absl::Time deadline,
                             CallType type, const grpc::ClientContext* context,
                             grpc::ChannelInterface* through)
    : channel_(channel),
      method_(std::move(method)),
      deadline_(deadline),
      type_(type),
      context_(context),
      through_(through),
      awaits_message_(ServerStreams(type)) {}

void ProtectedCall::Start(const CallInfo::Metadata* metadata) {
  if (context_ != nullptr) channel_.target.Learn(*context_);
  circuit_ = channel_.circuits.FindCircuit(method_, metadata);
  if (circuit_.breaker == nullptr) return;
  Admission admission = circuit_.breaker->TryAcquire([this] { return GetReach(); });
  // It may be the policy's candidate alone that had to know.
  found_ready_ = found_ready_ && circuit_.breaker->state() != State::kClosed;
  if (!admission) {
    if (admission.reason() == RejectionReason::kNotConnected) {
      Connector::Get().Connect(*dynamic_cast<grpc::Channel*>(through_));
    }
    if (Permit probe = admission.TakeProbe()) Ask(std::move(probe));
    rejection_ = {admission.reason(), admission.state(), admission.retry_after()};
    return;
  }
  permit_.Take(circuit_.breaker, channel_.circuits.registry(), std::move(admission).permit());
  start_ = circuit_.breaker->clock().Now();
  if (deadline_ != absl::InfiniteFuture()) {
    // Not the breaker's clock: deadlines are gRPC's, and gRPC goes by the machine's clock.
    time_to_deadline_ = deadline_ - Clock::Real().WallNow();
  }
}

// None if the call would fail, or wait, without a server's doing. Not so while the channel is idle,
// as it is when it has had no calls for long: then the call itself, or the check, has it connected.
Reach ProtectedCall::GetReach() {
  if (through_ == nullptr) return Reach::kCall;
  if (through_ == channel_.connectionless.load(std::memory_order_relaxed)) return Reach::kCall;
  // Of an application's own kind of channel nothing is known.
  if (dynamic_cast<grpc::Channel*>(through_) == nullptr) return Reach::kCall;
  switch (through_->GetState(/*try_to_connect=*/false)) {
    case GRPC_CHANNEL_TRANSIENT_FAILURE:
    case GRPC_CHANNEL_CONNECTING:
      return channel_.await_connection ? Reach::kNone : Reach::kCall;
    case GRPC_CHANNEL_SHUTDOWN:
      channel_.connectionless.store(through_, std::memory_order_relaxed);
      return Reach::kCall;
    case GRPC_CHANNEL_READY:
      found_ready_ = true;
      break;
    case GRPC_CHANNEL_IDLE:
      break;
  }
  return HealthChecker::Get().KeepsUp() ? Reach::kAsk : Reach::kCall;
}

// The server, in place of this call.
void ProtectedCall::Ask(Permit probe) const {
  // If its registry has let go of it, nobody wants to know.
  std::shared_ptr<CircuitBreaker> circuit =
      channel_.circuits.registry().Find(circuit_.breaker->name());
  if (circuit.get() != circuit_.breaker) return;
  HealthQuestion question;
  question.channel = dynamic_cast<grpc::Channel*>(through_)->weak_from_this();
  question.service = channel_.health_service;
  question.timeout = circuit->health_probe_timeout();
  question.circuit = circuit;
  question.probe = std::move(probe);
  HealthChecker::Get().Ask(std::move(question));
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
  return context_ == nullptr ? std::string() : context_->peer();
}

bool ProtectedCall::IsLocal(const grpc::Status& status, absl::string_view peer) const {
  if (context_ == nullptr) return false;
  if (IsLocalFailure(status, peer, channel_.target.text())) return true;
  // It hasn't tried the server. So it leaves the probe to the next call.
  if (found_ready_ && IsUnconnected(status, peer, channel_.target.text())) return true;
  return type_ == CallType::BIDI_STREAMING && channel_.send_limit &&
         IsOwnSendLimit(status, *channel_.send_limit);
}

void ProtectedCall::ReceiveMessage() {
  if (circuit_.breaker == nullptr || rejected()) return;
  if (message_after_.load(std::memory_order_relaxed) >= 0) return;
  Outcome message = Outcome::Success();
  message.latency = Latency();
  message.timed = Timed();
  message_after_.store(std::max<int64_t>(0, absl::ToInt64Nanoseconds(*message.latency)),
                       std::memory_order_relaxed);
  const StreamOptions& streams = method_.settings().streams;
  if (message.timed && circuit_.breaker->IsSlow(*message.latency)) message.peer = PeerText(Peer());
  permit_.ReceiveMessage(message, streams.success == StreamSuccess::kFirstMessage);
}

void ProtectedCall::ReceiveEnd() {
  int64_t none = kNoMessageYet;
  message_after_.compare_exchange_strong(none, kNoMessageAtAll, std::memory_order_relaxed);
}

void ProtectedCall::Finish(const grpc::Status& status,
                           const CallResult::Metadata& trailing_metadata, bool no_message) {
  if (circuit_.breaker == nullptr || rejected()) return;
  CallResult result{method_.name(), status, trailing_metadata, Latency(), time_to_deadline_};
  if (Timed() && message_after_.load(std::memory_order_relaxed) < 0) {
    result.silence = result.latency;
  }
  if (!status.ok()) {
    const std::string peer = Peer();
    result.local = IsLocal(status, peer);
    return Conclude(result, peer);
  }
  if (!no_message) return Conclude(result, {});
  // What a blocking stub makes of it. The others leave their caller with OK and an empty message.
  const grpc::Status unanswered(grpc::StatusCode::UNIMPLEMENTED, "OK, but no message returned");
  CallResult unanswered_result{method_.name(), unanswered, trailing_metadata, result.latency,
                               time_to_deadline_};
  unanswered_result.no_message = true;
  Conclude(unanswered_result, {});
}

void ProtectedCall::Conclude(const CallResult& result, const std::string& peer) {
  Outcome outcome;
  std::string exception;
  outcome.kind = channel_.classifier.Classify(result, &exception);
  if (!exception.empty()) {
    circuit_.breaker->ReportUserCodeFailure(UserCode::kPredicate, exception);
  }
  outcome.latency = result.latency;
  outcome.timed = Timed();
  if (!result.status.ok()) {
    outcome.code = result.status.error_code();
    outcome.message = result.status.error_message();
    outcome.pushback = PushbackOf(result.status, result.trailing_metadata);
    outcome.cancelled = outcome.code == grpc::StatusCode::CANCELLED && result.silence.has_value();
  }
  // Not for every call: gRPC has to make a string of it.
  const bool failed = IsFailure(outcome.kind) || outcome.cancelled;
  if (failed || (outcome.timed && circuit_.breaker->IsSlow(result.latency))) {
    outcome.peer = PeerText(peer.empty() ? Peer() : peer);
  }
  permit_.End(outcome);
}

// To a server that keeps it waiting, this is the same as to be cancelled. The context is on its way
// out, and has no peer any more.
void ProtectedCall::Drop() {
  const bool waits = Timed() && message_after_.load(std::memory_order_relaxed) == kNoMessageYet &&
                     (!time_to_deadline_ || *time_to_deadline_ > absl::ZeroDuration());
  if (!waits) return;
  Outcome outcome = Outcome::Cancelled();
  const absl::Duration cancelled_after = channel_.classifier.cancelled_after();
  if (cancelled_after > absl::ZeroDuration()) {
    outcome.latency = Latency();
    outcome.message = "dropped without an answer";
    if (*outcome.latency >= cancelled_after) outcome.kind = OutcomeKind::kFailure;
  }
  permit_.End(outcome);
}

bool ProtectedCall::FillByFallback(void* response) {
  if (!request_ || response == nullptr) return false;
  const Fallback& fallback = *method_.settings().fallback;
  if (!fallback.Fills(response)) return false;
  const std::optional<std::string> request = std::exchange(request_, std::nullopt);
  RunUserCode([&] { fallback_status_ = fallback.Answer(*request, response); },
              [&](const std::string& exception) {
                circuit_.breaker->ReportUserCodeFailure(UserCode::kFallback, exception);
              });
  return fallback_status_ && fallback_status_->ok();
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

}  // namespace fusebox::internal
