// SPDX-License-Identifier: Apache-2.0
//
// A protected channel in one call:
//
//   auto registry = std::make_shared<fusebox::CircuitRegistry>();
//   fusebox::ChannelOptions options;
//   options.registry = registry;
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
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/policy_table.h"

namespace fusebox {

struct ChannelOptions {
  using InterceptorFactories =
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

  // The dependency's name in circuit names; empty: the target as given.
  std::string name;

  // Where the circuits live. Must not be null.
  std::shared_ptr<CircuitRegistry> registry;

  // The policy of each method.
  PolicyTable policies;

  // What counts as a failure.
  StatusClassifier::Options classifier;

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
absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    ChannelOptions options);

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_CHANNEL_H_
