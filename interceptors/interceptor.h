// SPDX-License-Identifier: Apache-2.0
//
// The hooks of one call, and nothing else: what they mean for the call is ProtectedCall's.
#ifndef FUSEBOX_INTERCEPTORS_INTERCEPTOR_H_
#define FUSEBOX_INTERCEPTORS_INTERCEPTOR_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/interceptor.h>

#include <mutex>

#include "absl/time/time.h"
#include "interceptors/protected_call.h"

namespace fusebox::internal {

// Owned by gRPC, which destroys it with the call's ClientContext. A call that ended without a
// status gives its permit back then, with the ProtectedCall.
class CircuitBreakerInterceptor final : public grpc::experimental::Interceptor {
 public:
  CircuitBreakerInterceptor(ProtectedChannel& channel, ProtectedMethod method, absl::Time deadline,
                            ProtectedCall::CallType type, const grpc::ClientContext* context,
                            grpc::ChannelInterface* through);

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override;

 private:
  const CallInfo::Metadata* FirstMetadata(
      grpc::experimental::InterceptorBatchMethods& methods) const;
  void AnswerRejected(grpc::experimental::InterceptorBatchMethods& methods);
  void TellOfResults(grpc::experimental::InterceptorBatchMethods& methods);

  // Whether this batch starts the call.
  bool StartOnce(grpc::experimental::InterceptorBatchMethods& methods);

  bool started_ = false;
  // In its place for bidirectional streams, which may be read and written at the same time from
  // their start on, if that is corked.
  std::once_flag started_at_once_;
  ProtectedCall call_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_INTERCEPTOR_H_
