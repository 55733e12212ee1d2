// SPDX-License-Identifier: Apache-2.0
#include "absl/status/status.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/run.h"
#include "fusebox/with_fallback.h"

int main() {
  const auto breaker = fusebox::CircuitBreaker::Create("circuit");
  const absl::Status status = fusebox::WithFallback(
      [&] { return fusebox::Run(*breaker, [] { return absl::UnavailableError("refused"); }); },
      [](const absl::Status&) { return absl::OkStatus(); });
  return status.ok() && (*breaker)->Snapshot().totals.failure == 1 ? 0 : 1;
}
