// SPDX-License-Identifier: Apache-2.0
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"

int main() {
  fusebox_testing::FakeClock clock;
  clock.Advance(absl::Seconds(1));
  fusebox::CircuitBreaker::Options options;
  options.clock = &clock;
  return fusebox::CircuitBreaker::Create("payments", {}, options).ok() ? 0 : 1;
}
