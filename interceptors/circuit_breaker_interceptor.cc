// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/circuit_breaker_interceptor.h"

#include <grpc/grpc.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "interceptors/bystander.h"
#include "interceptors/deadline.h"
#include "interceptors/health_checker.h"
#include "interceptors/interceptor.h"
#include "interceptors/options_check.h"
#include "interceptors/protected_call.h"

namespace fusebox {

using internal::CheckNames;
using internal::CircuitBreakerInterceptor;
using internal::DeadlineOf;
using internal::HealthChecker;
using internal::NoInterceptor;
using internal::ProtectedChannel;
using internal::ProtectedMethod;

class CircuitBreakerInterceptorFactory::Impl {
 public:
  using ClientRpcInfo = grpc::experimental::ClientRpcInfo;

  Impl(InterceptorOptions options, StatusClassifier classifier)
      : channel_(std::move(options), std::move(classifier)) {}

  // Only finds the method. Circuit and permit are the call's to ask for when it starts: a call that
  // is prepared here may never be.
  grpc::experimental::Interceptor* Create(ClientRpcInfo& info) {
    std::optional<ProtectedMethod> method = channel_.circuits.FindMethod(info.method());
    if (!method || HealthChecker::IsCheck(*info.client_context())) return nullptr;
    channel_.target.See(info.channel());
    return new CircuitBreakerInterceptor(channel_, *std::move(method),
                                         DeadlineOf(*info.client_context()), info.type(),
                                         info.client_context(), info.channel());
  }

  void SetSendLimit(int bytes) { channel_.send_limit = bytes; }

 private:
  ProtectedChannel channel_;
};

absl::StatusOr<std::unique_ptr<CircuitBreakerInterceptorFactory>>
CircuitBreakerInterceptorFactory::Create(InterceptorOptions options) {
  std::vector<std::string> errors;
  if (options.dependency.empty()) errors.emplace_back("dependency = \"\", must not be empty");
  if (options.registry == nullptr) errors.emplace_back("registry = null, must not be null");
  if (absl::Status valid = options.policies.Validate(); !valid.ok()) {
    errors.emplace_back(valid.message());
  }
  for (std::string& error : CheckNames(options)) errors.push_back(std::move(error));
  absl::StatusOr<StatusClassifier> classifier =
      StatusClassifier::Create(std::move(options.classifier));
  if (!classifier.ok()) errors.emplace_back(classifier.status().message());
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid circuit breaker: ", absl::StrJoin(errors, "; ")));
  }
  return std::unique_ptr<CircuitBreakerInterceptorFactory>(new CircuitBreakerInterceptorFactory(
      std::make_unique<Impl>(std::move(options), *std::move(classifier))));
}

CircuitBreakerInterceptorFactory::CircuitBreakerInterceptorFactory(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
CircuitBreakerInterceptorFactory::~CircuitBreakerInterceptorFactory() = default;

void CircuitBreakerInterceptorFactory::SetArguments(const grpc::ChannelArguments& arguments) {
  const grpc_channel_args all = arguments.c_channel_args();
  if (all.args == nullptr) return;
  for (std::size_t i = 0; i < all.num_args; ++i) {
    const grpc_arg& argument = all.args[i];
    if (argument.type != GRPC_ARG_INTEGER) continue;
    if (absl::string_view(argument.key) != GRPC_ARG_MAX_SEND_MESSAGE_LENGTH) continue;
    impl_->SetSendLimit(argument.value.integer);
  }
}

grpc::experimental::Interceptor* CircuitBreakerInterceptorFactory::CreateClientInterceptor(
    grpc::experimental::ClientRpcInfo* info) {
  grpc::experimental::Interceptor* const interceptor = impl_->Create(*info);
  return interceptor != nullptr ? interceptor : NoInterceptor(this);
}

}  // namespace fusebox
