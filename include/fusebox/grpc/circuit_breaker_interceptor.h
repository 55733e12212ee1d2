// SPDX-License-Identifier: Apache-2.0
//
// The breaker on every method of a gRPC channel. Either let `CreateChannel`
// (fusebox/grpc/channel.h) make the channel, or add this factory to one of your own:
//
//   fusebox::InterceptorOptions options;
//   options.dependency = "inventory";
//   options.registry = registry;
//   auto factory = fusebox::CircuitBreakerInterceptorFactory::Create(std::move(options));
//   if (!factory.ok()) return factory.status();
//   fusebox::ChannelOptions::InterceptorFactories interceptors;
//   interceptors.push_back(*std::move(factory));
//   auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
//       "dns:///inventory:50051", credentials, grpc::ChannelArguments(), std::move(interceptors));
//
// It covers unary and all streaming calls, made from synchronous, completion-queue, callback and
// generic stubs. A call asks for its permit when it starts, and gives it back with the outcome of
// its final status; a call that is dropped without one gives it back as ignored.
//
// It sees the target and the method, not the backend that a load balancer picks, and it sits above
// gRPC's own retries: it protects a dependency, not a single host (rule P5).
#ifndef FUSEBOX_GRPC_CIRCUIT_BREAKER_INTERCEPTOR_H_
#define FUSEBOX_GRPC_CIRCUIT_BREAKER_INTERCEPTOR_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fusebox/export.h"
#include "fusebox/grpc/interceptor_options.h"

namespace fusebox {

struct ChannelOptions;  // fusebox/grpc/channel.h

// Thread-safety: gRPC calls it from any thread.
// Ownership: the channel owns the factory, and a call's ClientContext keeps its channel. A call
// finds its circuit without a lock; a registry that is full of circuits that must stay leaves the
// call of a further one unprotected, rather than fail it.
class FUSEBOX_EXPORT CircuitBreakerInterceptorFactory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  // INVALID_ARGUMENT with all that is wrong: an empty dependency, no registry, what
  // `PolicyTable::Validate`, `StatusClassifier::Create` and `FallbackTable::Validate` find, a
  // policy for less than `scope`, a fallback for an unprotected method. Of services whose generated
  // code is linked in, also: stream options for a unary method, a fallback for a stream, or with
  // other messages than the method's. Unless `PolicyTable::AllowUnknownNames`, also, anywhere in
  // the options: a method that such a service doesn't have (the message lists those that there
  // are), and a service that isn't linked in and is one or two letters away from one that is.
  static absl::StatusOr<std::unique_ptr<CircuitBreakerInterceptorFactory>> Create(
      InterceptorOptions options);

  CircuitBreakerInterceptorFactory(const CircuitBreakerInterceptorFactory&) = delete;
  CircuitBreakerInterceptorFactory& operator=(const CircuitBreakerInterceptorFactory&) = delete;
  ~CircuitBreakerInterceptorFactory() override;

  // For gRPC: called once per call. Null, and so no cost, for an unprotected method; but never null
  // to a process whose global factory it is, since gRPC would crash on that.
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override;

 private:
  class Impl;

  // Knows the channel's arguments, too.
  friend absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
      const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
      ChannelOptions options);

  explicit CircuitBreakerInterceptorFactory(std::unique_ptr<Impl> impl);
  void SetArguments(const grpc::ChannelArguments& arguments);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_CIRCUIT_BREAKER_INTERCEPTOR_H_
