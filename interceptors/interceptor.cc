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
  const bool was_rejected = call_.rejected();
  if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA) &&
      !call_.Start() && !was_rejected) {
    AnswerRejected(*methods);
    methods->Hijack();  // comes back here with this batch's PRE_RECV_* hooks
    return;
  }
  if (call_.rejected()) {
    AnswerRejected(*methods);
  } else if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
    call_.Finish(*methods->GetRecvStatus(), *methods->GetRecvTrailingMetadata());
  }
  methods->Proceed();
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
