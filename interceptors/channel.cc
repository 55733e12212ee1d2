// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/channel.h"

#include <grpcpp/create_channel.h>

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"

namespace fusebox {

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    ChannelOptions options) {
  if (credentials == nullptr) {
    return absl::InvalidArgumentError("invalid channel: credentials = null, must be credentials");
  }
  CircuitBreakerOptions breaker;
  breaker.target = options.name.empty() ? target : std::move(options.name);
  breaker.registry = std::move(options.registry);
  breaker.policies = std::move(options.policies);
  breaker.classifier = std::move(options.classifier);
  auto factory = CircuitBreakerInterceptorFactory::Create(std::move(breaker));
  if (!factory.ok()) return factory.status();

  ChannelOptions::InterceptorFactories interceptors = std::move(options.outer_interceptors);
  interceptors.push_back(*std::move(factory));
  std::move(options.inner_interceptors.begin(), options.inner_interceptors.end(),
            std::back_inserter(interceptors));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      target, credentials, options.arguments, std::move(interceptors));
}

}  // namespace fusebox
