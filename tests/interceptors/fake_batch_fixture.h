// SPDX-License-Identifier: Apache-2.0
//
// Interceptors over FakeBatch: the breaker's side of a call as gRPC would make it, less gRPC.
#ifndef FUSEBOX_TESTS_INTERCEPTORS_FAKE_BATCH_FIXTURE_H_
#define FUSEBOX_TESTS_INTERCEPTORS_FAKE_BATCH_FIXTURE_H_

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/policy.h"
#include "fusebox/testing/fake_clock.h"
#include "interceptors/interceptor.h"
#include "interceptors/protected_call.h"

namespace fusebox_testing {

using CallType = fusebox::CircuitBreakerInterceptor::CallType;

inline constexpr char kMethod[] = "/shop.Inventory/Reserve";

// Two failures in a row open it for exactly 30 s; one probe at a time, one success closes it.
inline fusebox::Policy FakeCallPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = 2;
  policy.open_duration = absl::Seconds(30);
  policy.jitter = 0;
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  return policy;
}

inline std::shared_ptr<fusebox::CircuitBreaker> MakeBreaker(
    const FakeClock& clock, const fusebox::Policy& policy = FakeCallPolicy()) {
  fusebox::CircuitBreaker::Options options;
  options.clock = &clock;
  return *fusebox::CircuitBreaker::Create("inventory/shop.Inventory/Reserve", policy,
                                          std::move(options));
}

inline std::unique_ptr<fusebox::CircuitBreakerInterceptor> MakeInterceptor(
    CallType type, std::shared_ptr<fusebox::CircuitBreaker> breaker,
    std::shared_ptr<const fusebox::StatusClassifier> classifier =
        std::make_shared<const fusebox::StatusClassifier>(),
    absl::Time deadline = absl::InfiniteFuture()) {
  return std::make_unique<fusebox::CircuitBreakerInterceptor>(
      type, fusebox::ProtectedCall(std::move(breaker), std::move(classifier), kMethod, deadline,
                                   type == CallType::UNARY));
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_INTERCEPTORS_FAKE_BATCH_FIXTURE_H_
