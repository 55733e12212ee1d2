// SPDX-License-Identifier: Apache-2.0
//
// Opens a circuit with failing calls, is rejected, waits (on a fake clock), and closes it again.
#include <iostream>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/run.h"
#include "fusebox/state.h"
#include "fusebox/testing/fake_clock.h"

namespace {

bool Check(bool holds, const char* what) {
  if (!holds) std::cerr << "does not hold: " << what << '\n';
  return holds;
}

}  // namespace

int main() {
  fusebox_testing::FakeClock clock;
  fusebox::CircuitBreaker::Options options;
  options.clock = &clock;
  fusebox::Policy policy;
  policy.consecutive_failures = 2;
  policy.jitter = 0;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  const auto breaker = fusebox::CircuitBreaker::Create("payments", policy, options);
  if (!breaker.ok()) {
    std::cerr << breaker.status() << '\n';
    return 1;
  }

  const auto fail = [] { return absl::UnavailableError("connection refused"); };
  const auto succeed = [] { return absl::OkStatus(); };
  bool good = true;
  for (int i = 0; i < 2; ++i) {
    good &= Check(!fusebox::GetRejection(fusebox::Run(**breaker, fail)), "a real failure");
  }
  good &= Check((*breaker)->state() == fusebox::State::kOpen, "open after two failures");

  const std::optional<fusebox::Rejection> rejection =
      fusebox::GetRejection(fusebox::Run(**breaker, succeed));
  good &= Check(rejection && rejection->circuit == "payments", "rejected while open");

  clock.Advance(policy.InForce().open_duration.value());
  good &= Check(fusebox::Run(**breaker, succeed).ok(), "probed after the open duration");
  good &= Check((*breaker)->state() == fusebox::State::kClosed, "closed after a good probe");
  return good ? 0 : 1;
}
