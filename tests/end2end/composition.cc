// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/composition.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/permit.h"

namespace fusebox_testing {

std::unique_ptr<fusebox::CircuitBreakerInterceptorFactory> MustCreateFactory(
    fusebox::InterceptorOptions options) {
  auto factory = fusebox::CircuitBreakerInterceptorFactory::Create(std::move(options));
  if (!factory.ok()) {
    std::cerr << factory.status() << '\n';
    std::abort();
  }
  return *std::move(factory);
}

std::shared_ptr<fusebox::CircuitBreaker> CompositionTest::Circuit() const {
  return *shared_.registry->GetOrCreate(CircuitName(kind()), TestPolicy());
}

Tally CompositionTest::Calls() const {
  const fusebox::CircuitSnapshot circuit = Snapshot();
  const fusebox::Totals& totals = circuit.totals;
  return {totals.success, totals.failure - failures_by_hand_, totals.ignored, totals.rejected,
          circuit.in_flight};
}

void CompositionTest::Open() {
  for (int i = 0; i < 2; ++i) Circuit()->TryAcquire().permit().RecordFailure();
  failures_by_hand_ += 2;
}

void CompositionTest::HalfOpen() {
  Open();
  shared_.clock.Advance(absl::Seconds(30));
}

}  // namespace fusebox_testing
