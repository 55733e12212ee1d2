// SPDX-License-Identifier: Apache-2.0
//
// What a factory gives gRPC for a call that it leaves alone.
#ifndef FUSEBOX_INTERCEPTORS_BYSTANDER_H_
#define FUSEBOX_INTERCEPTORS_BYSTANDER_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/interceptor.h>

#include "src/compat/compat.h"

namespace fusebox::internal {

// Lets everything pass.
class Bystander final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    methods->Proceed();
  }
};

// Null, which costs nothing. But gRPC, up to 1.83 at least, runs whatever it gets from the factory
// that is registered for the whole process (`RegisterGlobalClientInterceptorFactory`), and would
// crash on null.
inline grpc::experimental::Interceptor* NoInterceptor(
    const grpc::experimental::ClientInterceptorFactoryInterface* factory) {
  if (!IsGlobalFactory(factory)) return nullptr;
  return new Bystander;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_BYSTANDER_H_
