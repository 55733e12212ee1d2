// SPDX-License-Identifier: Apache-2.0
//
// The hooks of one call, and nothing else: what they mean for the call is ProtectedCall's.
#ifndef FUSEBOX_INTERCEPTORS_INTERCEPTOR_H_
#define FUSEBOX_INTERCEPTORS_INTERCEPTOR_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/interceptor.h>

#include <mutex>

#include "interceptors/protected_call.h"

namespace fusebox {

// Owned by gRPC, which destroys it with the call's ClientContext. A call that ended without a
// status gives its permit back then, with the ProtectedCall.
class CircuitBreakerInterceptor final : public grpc::experimental::Interceptor {
 public:
  using CallType = grpc::experimental::ClientRpcInfo::Type;

  CircuitBreakerInterceptor(CallType type, ProtectedCall call);

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override;

 private:
  const CallInfo::Metadata* FirstMetadata(
      grpc::experimental::InterceptorBatchMethods& methods) const;
  void AnswerRejected(grpc::experimental::InterceptorBatchMethods& methods) const;

  const bool client_streams_;
  std::once_flag started_;  // a corked stream may be read and written at a time from its start on
  ProtectedCall call_;
};

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_INTERCEPTOR_H_
