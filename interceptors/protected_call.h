// SPDX-License-Identifier: Apache-2.0
//
// One call through a protected channel, from its start to its outcome. It knows no hooks and no
// batches: interceptor.h translates those.
#ifndef FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_
#define FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/permit.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "interceptors/call_permit.h"
#include "interceptors/channel_target.h"
#include "interceptors/circuit_finder.h"

namespace fusebox::internal {

// What the calls of a channel share. It outlives them, since each call's ClientContext keeps its
// channel: nothing of it needs a reference count, which the calls of all threads would contend for.
struct ProtectedChannel {
  ProtectedChannel(InterceptorOptions options, StatusClassifier status_classifier);

  CircuitFinder circuits;
  const StatusClassifier classifier;
  const bool await_connection;  // see InterceptorOptions
  const std::string health_service;
  ChannelTarget target;

  // One that has said that it has no connections: it isn't asked again, since gRPC logs an error
  // each time. Only compared: relaxed.
  std::atomic<const grpc::ChannelInterface*> connectionless{nullptr};

  // GRPC_ARG_MAX_SEND_MESSAGE_LENGTH; absent if there's none, or it isn't known. Set before there
  // are calls.
  std::optional<int> send_limit;
};

// Undecided, until Start; then admitted, until Finish or destruction; or rejected, for good.
//
// Thread-safety: gRPC orders the hooks that call these one after the other, except for these two: a
// stream's first message and its status may come at the same time. A rejected call may be read by
// several threads at the same time.
class ProtectedCall {
 public:
  using CallType = grpc::experimental::ClientRpcInfo::Type;

  // `deadline` is absl::InfiniteFuture() if there is none. `context` is the call's own, which owns
  // this; null for a call that gRPC knows nothing of.
  //
  // `through` is the channel that it goes by; null: unknown, as for a call that gRPC knows nothing
  // of.
  ProtectedCall(ProtectedChannel& channel, ProtectedMethod method, absl::Time deadline,
                CallType type, const grpc::ClientContext* context, grpc::ChannelInterface* through);
  ProtectedCall(const ProtectedCall&) = delete;
  ProtectedCall& operator=(const ProtectedCall&) = delete;
  ~ProtectedCall() {
    if (permit_.is_out()) Drop();
  }

  CallType type() const { return type_; }

  // Whether Start must be given the call's first metadata.
  bool needs_metadata() const { return channel_.circuits.needs_metadata(); }

  // Finds the circuit, and asks it for the permit. To be called once.
  void Start(const CallInfo::Metadata* metadata);

  // A message from the server is here. Has no effect except for the first one of an admitted call
  // that `awaits_message`.
  bool awaits_message() const { return awaits_message_; }
  void ReceiveMessage();

  // There are no more messages, for an admitted call that `awaits_message`.
  void ReceiveEnd();

  // The final status of an admitted call is here. No effect on any other. `no_message`: the one
  // message that a call waits for which doesn't `awaits_message` has not come with it.
  void Finish(const grpc::Status& status, const CallResult::Metadata& trailing_metadata,
              bool no_message);

  bool rejected() const { return rejection_.has_value(); }

  // The status of a rejected call: its rejection, or what the fallback said.
  grpc::Status Answer() const;

  // Whether a fallback may answer, if it is given the request: its serialised form.
  bool wants_request() const {
    return rejected() && type_ == CallType::UNARY && method_.settings().fallback != nullptr;
  }
  void KeepRequest(std::string request) { request_ = std::move(request); }

  // Has the fallback fill that object. False if there is none, or it can't, or it answered with an
  // error: then there's no response.
  bool FillByFallback(void* response);

 private:
  // Of a rejection, what's not known by the circuit's name.
  struct RejectionFigures {
    RejectionReason reason;
    State state;
    absl::Duration retry_after;
  };

  // Values of message_after_ while there is no message: there may be one yet, or the stream ended
  // without.
  static constexpr int64_t kNoMessageYet = -1;
  static constexpr int64_t kNoMessageAtAll = -2;

  Reach GetReach();
  void Ask(Permit probe) const;
  absl::Duration Latency() const;
  bool Timed() const;

  // As gRPC gives it.
  std::string Peer() const;
  bool IsLocal(const grpc::Status& status, absl::string_view peer) const;

  // `peer` is empty if it hasn't been asked for yet.
  void Conclude(const CallResult& result, const std::string& peer);

  // An admitted call has come to its end without a status.
  void Drop();

  // Constant.
  ProtectedChannel& channel_;
  const ProtectedMethod method_;
  const absl::Time deadline_;
  const CallType type_;
  const grpc::ClientContext* const context_;
  grpc::ChannelInterface* const through_;  // the context keeps it
  const bool awaits_message_;

  // Set by Start.
  bool found_ready_ = false;  // may be a probe, and its channel is said to be connected
  FoundCircuit circuit_;
  std::optional<RejectionFigures> rejection_;
  SteadyTime start_;
  std::optional<absl::Duration> time_to_deadline_;

  // A rejected call's, for the fallback.
  std::optional<std::string> request_;
  std::optional<grpc::Status> fallback_status_;

  // The latency of the first message, if there is one. Relaxed, as nothing else is published by it.
  std::atomic<int64_t> message_after_{kNoMessageYet};
  CallPermit permit_;  // after circuit_: it is destroyed first
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_
