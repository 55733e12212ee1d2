// SPDX-License-Identifier: Apache-2.0
#include "interceptors/interceptor.h"

#include <utility>

namespace fusebox {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

CircuitBreakerInterceptor::CircuitBreakerInterceptor(CallType type, ProtectedCall call)
    : client_streams_(type == CallType::CLIENT_STREAMING || type == CallType::BIDI_STREAMING),
      call_(std::move(call)) {}

void CircuitBreakerInterceptor::Intercept(InterceptorBatchMethods* methods) {
  // A cancellation may come before, after and beside any other hook, on a thread of its own:
  // nothing of the call may be touched here.
  if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
    methods->Proceed();
    return;
  }
  // The first batch is the start, whether or not it carries PRE_SEND_INITIAL_METADATA: a corked
  // stream sends that with its first message, but may wait for results before, and those that are
  // already on their way down could not be answered any more.
  bool starts_here = false;
  std::call_once(started_, [&] {
    call_.Start(FirstMetadata(*methods));
    starts_here = true;
  });
  if (call_.rejected()) {
    AnswerRejected(*methods);
    if (starts_here) {
      methods->Hijack();  // comes back here with this batch's PRE_RECV_* hooks
      return;
    }
  } else if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
    call_.Finish(*methods->GetRecvStatus(), *methods->GetRecvTrailingMetadata());
  }
  methods->Proceed();
}

const CallInfo::Metadata* CircuitBreakerInterceptor::FirstMetadata(
    InterceptorBatchMethods& methods) const {
  if (!call_.needs_metadata()) return nullptr;
  if (!methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
    return nullptr;
  }
  return methods.GetSendInitialMetadata();
}

void CircuitBreakerInterceptor::AnswerRejected(InterceptorBatchMethods& methods) const {
  // Not for a unary call's one message: there gRPC would take it for a failure of the whole batch,
  // and an asynchronous Finish would report ok = false.
  if (client_streams_ &&
      methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
    methods.FailHijackedSendMessage();
  }
  if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_RECV_MESSAGE)) {
    methods.FailHijackedRecvMessage();
  }
  if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_RECV_STATUS)) {
    *methods.GetRecvStatus() = call_.rejection();
  }
}

}  // namespace fusebox
