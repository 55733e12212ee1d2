// SPDX-License-Identifier: Apache-2.0
//
// A protected channel in one call:
//
//   auto registry = std::make_shared<fusebox::CircuitRegistry>();
//   fusebox::ChannelOptions options;
//   options.breaker.registry = registry;
//   absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = fusebox::CreateChannel(
//       "dns:///inventory:50051", grpc::SslCredentials({}), std::move(options));
//   if (!channel.ok()) return channel.status();
//   auto stub = shop::Inventory::NewStub(*channel);
#ifndef FUSEBOX_GRPC_CHANNEL_H_
#define FUSEBOX_GRPC_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fusebox/export.h"
#include "fusebox/grpc/interceptor_options.h"

namespace fusebox {

// What makes a protected channel.
struct ChannelOptions {
  using InterceptorFactories =
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

  // What the breaker is to know. Its `dependency` may be left empty here: then it is the channel's
  // target as given.
  InterceptorOptions breaker;

  // Passed on to gRPC.
  grpc::ChannelArguments arguments;

  // Your own. The outer ones see every call, and a rejected one's status; the inner ones see only
  // calls that the circuit let through.
  InterceptorFactories outer_interceptors;
  InterceptorFactories inner_interceptors;
};

// The channel, or one INVALID_ARGUMENT with all that is wrong: an empty target, null credentials, a
// null factory, and what `CircuitBreakerInterceptorFactory::Create` refuses. Like gRPC's own, it
// does not connect yet. Thread-safe.
//
// Like gRPC's own, it goes through the proxy that the environment names (grpc_proxy, https_proxy,
// http_proxy), to a loopback address and without TLS too. Where it must not, since it sends tokens
// say, set GRPC_ARG_ENABLE_HTTP_PROXY to 0 in `arguments`.
FUSEBOX_EXPORT absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    ChannelOptions options);

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_CHANNEL_H_
