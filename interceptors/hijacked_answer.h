// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_HIJACKED_ANSWER_H_
#define FUSEBOX_INTERCEPTORS_HIJACKED_ANSWER_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/interceptor.h>
#include <grpcpp/support/status.h>

namespace fusebox::internal {

// The kinds of call whose messages to the server are a stream.
inline bool ClientStreams(grpc::experimental::ClientRpcInfo::Type type) {
  using Type = grpc::experimental::ClientRpcInfo::Type;
  return type == Type::CLIENT_STREAMING || type == Type::BIDI_STREAMING;
}

// Answers what a batch of a hijacked call waits for, as far as its present hooks ask. No message
// gets through to the server; the caller gets one if `fill(response)`, given where it should be,
// says that it is there; the call has the status `status()`. To be called in every batch of such a
// call, the one that is about to be hijacked included.
template <typename Fill, typename Status>
void AnswerHijacked(grpc::experimental::InterceptorBatchMethods& methods, bool client_streams,
                    const Fill& fill, const Status& status) {
  using grpc::experimental::InterceptionHookPoints;
  // Not for the one message of the others: there gRPC would take it for a failure of the whole
  // batch, and an asynchronous Finish would report ok = false.
  if (client_streams &&
      methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
    methods.FailHijackedSendMessage();
  }
  if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_RECV_MESSAGE) &&
      !fill(methods.GetRecvMessage())) {
    methods.FailHijackedRecvMessage();
  }
  if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_RECV_STATUS)) {
    *methods.GetRecvStatus() = status();
  }
}

// The same without a message.
inline void AnswerHijacked(grpc::experimental::InterceptorBatchMethods& methods,
                           bool client_streams, const grpc::Status& status) {
  AnswerHijacked(
      methods, client_streams, [](void* /*response*/) { return false; }, [&] { return status; });
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_HIJACKED_ANSWER_H_
