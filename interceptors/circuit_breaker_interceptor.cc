// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/circuit_breaker_interceptor.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "interceptors/interceptor.h"
#include "interceptors/protected_call.h"
#include "interceptors/table_check.h"

namespace fusebox {
namespace {

absl::Time DeadlineOf(const grpc::ClientContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

}  // namespace

class CircuitBreakerInterceptorFactory::Impl {
 public:
  using ClientRpcInfo = grpc::experimental::ClientRpcInfo;

  Impl(CircuitBreakerOptions options, StatusClassifier classifier)
      : channel_{{std::move(options.target), std::move(options.registry),
                  std::move(options.policies), options.scope, std::move(options.circuit_key)},
                 std::move(classifier)} {}

  // Only finds the method. Circuit and permit are the call's to ask for when it starts: a call that
  // is prepared here may never be.
  grpc::experimental::Interceptor* Create(ClientRpcInfo& info) {
    std::optional<ProtectedMethod> method = channel_.circuits.FindMethod(info.method());
    if (!method) return nullptr;
    return new CircuitBreakerInterceptor(
        info.type(), ProtectedCall(channel_, *std::move(method), DeadlineOf(*info.client_context()),
                                   info.type() == ClientRpcInfo::Type::UNARY));
  }

 private:
  ProtectedChannel channel_;
};

absl::StatusOr<std::unique_ptr<CircuitBreakerInterceptorFactory>>
CircuitBreakerInterceptorFactory::Create(CircuitBreakerOptions options) {
  std::vector<std::string> errors;
  if (options.target.empty()) errors.emplace_back("target = \"\", must not be empty");
  if (options.registry == nullptr) errors.emplace_back("registry = null, must be a registry");
  if (absl::Status valid = options.policies.Validate(); !valid.ok()) {
    errors.emplace_back(valid.message());
  }
  for (std::string& error : UnknownMethods(options.policies)) errors.push_back(std::move(error));
  for (std::string& error : NarrowerThan(options.scope, options.policies)) {
    errors.push_back(std::move(error));
  }
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

grpc::experimental::Interceptor* CircuitBreakerInterceptorFactory::CreateClientInterceptor(
    grpc::experimental::ClientRpcInfo* info) {
  return impl_->Create(*info);
}

}  // namespace fusebox
