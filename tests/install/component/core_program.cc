// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_breaker.h"

int main() {
  const auto breaker = fusebox::CircuitBreaker::Create("payments");
  return breaker.ok() && (*breaker)->TryAcquire().admitted() ? 0 : 1;
}
