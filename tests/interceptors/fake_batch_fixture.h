// SPDX-License-Identifier: Apache-2.0
//
// Interceptors over FakeBatch: the breaker's side of a call as gRPC would make it, less gRPC.
#ifndef FUSEBOX_TESTS_INTERCEPTORS_FAKE_BATCH_FIXTURE_H_
#define FUSEBOX_TESTS_INTERCEPTORS_FAKE_BATCH_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/policy.h"
#include "fusebox/policy_table.h"
#include "fusebox/testing/fake_clock.h"
#include "interceptors/interceptor.h"
#include "interceptors/protected_call.h"

namespace fusebox_testing {

using CallType = fusebox::internal::ProtectedCall::CallType;

inline constexpr char kMethod[] = "/shop.Inventory/Reserve";

// Two failures in a row open it for exactly 30 s; one probe may be out at the same time, and one
// success closes it.
inline fusebox::Policy FakeCallPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = 2;
  policy.open_duration = absl::Seconds(30);
  policy.jitter = 0;
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  return policy;
}

// A channel to "inventory", as far as its calls' interceptors know it. Outlives them, as a real one
// does.
class FakeChannel {
 public:
  explicit FakeChannel(std::shared_ptr<fusebox::CircuitRegistry> registry,
                       const fusebox::Policy& policy = FakeCallPolicy(),
                       fusebox::InterceptorOptions options = {})
      : registry_(std::move(registry)), channel_(MakeChannel(registry_, policy, options)) {}
  explicit FakeChannel(const FakeClock& clock, const fusebox::Policy& policy = FakeCallPolicy(),
                       fusebox::InterceptorOptions options = {})
      : FakeChannel(MakeRegistry(clock), policy, std::move(options)) {}

  fusebox::CircuitRegistry& registry() { return *registry_; }

  // The circuit of calls of kMethod, made now if there is none.
  std::shared_ptr<fusebox::CircuitBreaker> breaker() {
    return *registry_->GetOrCreate("inventory/shop.Inventory/Reserve", FakeCallPolicy());
  }

  std::unique_ptr<fusebox::internal::CircuitBreakerInterceptor> MakeInterceptor(
      CallType type, const std::string& method = kMethod,
      absl::Time deadline = absl::InfiniteFuture(), grpc::ChannelInterface* through = nullptr) {
    return std::make_unique<fusebox::internal::CircuitBreakerInterceptor>(
        channel_, *channel_.circuits.FindMethod(method), deadline, type, /*context=*/nullptr,
        through);
  }

 private:
  static fusebox::internal::ProtectedChannel MakeChannel(
      const std::shared_ptr<fusebox::CircuitRegistry>& registry, const fusebox::Policy& policy,
      fusebox::InterceptorOptions& options) {
    options.dependency = "inventory";
    options.registry = registry;
    options.policies.Default(policy);
    auto classifier = fusebox::StatusClassifier::Create(options.classifier);
    return fusebox::internal::ProtectedChannel(std::move(options), *std::move(classifier));
  }
  static std::shared_ptr<fusebox::CircuitRegistry> MakeRegistry(const FakeClock& clock) {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock;
    return std::make_shared<fusebox::CircuitRegistry>(std::move(options));
  }

  const std::shared_ptr<fusebox::CircuitRegistry> registry_;
  fusebox::internal::ProtectedChannel channel_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_INTERCEPTORS_FAKE_BATCH_FIXTURE_H_
