// SPDX-License-Identifier: Apache-2.0
#include "interceptors/interceptor.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

#include "interceptors/hijacked_answer.h"

namespace fusebox::internal {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

CircuitBreakerInterceptor::CircuitBreakerInterceptor(ProtectedChannel& channel,
                                                     ProtectedMethod method, absl::Time deadline,
                                                     ProtectedCall::CallType type,
                                                     const grpc::ClientContext* context,
                                                     grpc::ChannelInterface* through)
    : call_(channel, std::move(method), deadline, type, context, through) {}

void CircuitBreakerInterceptor::Intercept(InterceptorBatchMethods* methods) {
  // A cancellation may come before, after and during any other hook, on a thread of its own:
  // nothing of the call may be touched here.
  if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
    methods->Proceed();
    return;
  }
  // The first batch is the start, whether or not it carries PRE_SEND_INITIAL_METADATA: a corked
  // stream sends that with its first message, but may wait for results before, and those that are
  // already on their way down could not be answered any more.
  const bool starts_here = StartOnce(*methods);
  if (call_.rejected()) {
    AnswerRejected(*methods);
    if (starts_here) {
      methods->Hijack();  // comes back here with this batch's PRE_RECV_* hooks
      return;
    }
  } else {
    TellOfResults(*methods);
  }
  methods->Proceed();
}

bool CircuitBreakerInterceptor::StartOnce(InterceptorBatchMethods& methods) {
  bool starts_here = false;
  if (call_.type() == ProtectedCall::CallType::BIDI_STREAMING) {
    std::call_once(started_at_once_, [&] {
      call_.Start(FirstMetadata(methods));
      starts_here = true;
    });
  } else if (!started_) {
    started_ = true;  // written once: later batches may read it at the same time
    call_.Start(FirstMetadata(methods));
    starts_here = true;
  }
  return starts_here;
}

void CircuitBreakerInterceptor::TellOfResults(InterceptorBatchMethods& methods) {
  const bool message_is_due =
      methods.QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE);
  const bool has_message = message_is_due && methods.GetRecvMessage() != nullptr;
  if (message_is_due && call_.awaits_message()) {
    if (has_message) {
      call_.ReceiveMessage();
    } else {
      call_.ReceiveEnd();
    }
  }
  if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
    // If there's just one message to wait for, it comes with the status.
    const bool no_message = message_is_due && !has_message && !call_.awaits_message();
    call_.Finish(*methods.GetRecvStatus(), *methods.GetRecvTrailingMetadata(), no_message);
  }
}

const CallInfo::Metadata* CircuitBreakerInterceptor::FirstMetadata(
    InterceptorBatchMethods& methods) const {
  if (!call_.needs_metadata()) return nullptr;
  if (!methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
    return nullptr;
  }
  return methods.GetSendInitialMetadata();
}

void CircuitBreakerInterceptor::AnswerRejected(InterceptorBatchMethods& methods) {
  if (call_.wants_request() &&
      methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
    call_.KeepRequest(BytesOf(*methods.GetSerializedSendMessage()));
  }
  AnswerHijacked(
      methods, ClientStreams(call_.type()),
      [&](void* response) { return call_.FillByFallback(response); },
      [&] { return call_.Answer(); });
}

}  // namespace fusebox::internal
