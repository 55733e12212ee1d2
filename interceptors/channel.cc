// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/channel.h"

#include <grpcpp/create_channel.h>

#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"

namespace fusebox {
namespace {

void CheckFactories(absl::string_view field, const ChannelOptions::InterceptorFactories& factories,
                    std::vector<std::string>& errors) {
  for (std::size_t i = 0; i < factories.size(); ++i) {
    if (factories[i] != nullptr) continue;
    errors.push_back(absl::StrCat(field, "[", i, "] = null, must not be null"));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    ChannelOptions options) {
  std::vector<std::string> errors;
  InterceptorOptions breaker = std::move(options.breaker);
  if (target.empty()) errors.emplace_back("target = \"\", must not be empty");
  if (breaker.dependency.empty()) {
    // An empty target is refused above; that it names no dependency either need not be said as
    // well. So all else is checked under a name that no circuit ever gets.
    breaker.dependency = target.empty() ? "(no target)" : target;
  }
  if (credentials == nullptr) errors.push_back("credentials = null, must not be null");
  CheckFactories("outer_interceptors", options.outer_interceptors, errors);
  CheckFactories("inner_interceptors", options.inner_interceptors, errors);
  auto factory = CircuitBreakerInterceptorFactory::Create(std::move(breaker));
  if (!factory.ok()) errors.emplace_back(factory.status().message());
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid channel: ", absl::StrJoin(errors, "; ")));
  }

  (*factory)->SetArguments(options.arguments);
  ChannelOptions::InterceptorFactories interceptors = std::move(options.outer_interceptors);
  interceptors.push_back(*std::move(factory));
  std::move(options.inner_interceptors.begin(), options.inner_interceptors.end(),
            std::back_inserter(interceptors));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      target, credentials, options.arguments, std::move(interceptors));
}

}  // namespace fusebox
