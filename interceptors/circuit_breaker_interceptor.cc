// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/circuit_breaker_interceptor.h"

#include <grpcpp/client_context.h>

#include <chrono>
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
      : target_(std::move(options.target)),
        registry_(std::move(options.registry)),
        policies_(std::move(options.policies)),
        classifier_(std::make_shared<const StatusClassifier>(std::move(classifier))) {}

  // Only finds the circuit. The permit is the call's to ask for when it starts: a call that is
  // prepared here may never be.
  grpc::experimental::Interceptor* Create(ClientRpcInfo& info) {
    const Policy* const policy = policies_.Resolve(info.method());
    if (policy == nullptr) return nullptr;
    auto breaker = registry_->GetOrCreate(absl::StrCat(target_, info.method()), *policy);
    if (!breaker.ok()) return nullptr;  // not reached: name and policy were checked
    return new CircuitBreakerInterceptor(
        info.type(), ProtectedCall(*std::move(breaker), classifier_, info.method(),
                                   DeadlineOf(*info.client_context()),
                                   info.type() == ClientRpcInfo::Type::UNARY));
  }

 private:
  const std::string target_;
  const std::shared_ptr<CircuitRegistry> registry_;
  const PolicyTable policies_;
  const std::shared_ptr<const StatusClassifier> classifier_;
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
