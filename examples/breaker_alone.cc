// SPDX-License-Identifier: Apache-2.0
//
// A breaker without gRPC: around anything that returns an absl::Status or absl::StatusOr. Links
// fusebox::core alone. The fake clock stands in for 30 s of waiting; a program leaves `clock` out.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/rejection.h"
#include "fusebox/run.h"
#include "fusebox/testing/fake_clock.h"

namespace {

// The dependency.
struct PaymentProvider {
  bool down = false;
  int calls = 0;

  absl::StatusOr<std::string> Charge(int cents) {
    ++calls;
    if (down) return absl::UnavailableError("no route to host");
    return "receipt for " + std::to_string(cents) + " cents";
  }
};

// The caller.
void Buy(fusebox::CircuitBreaker& breaker, PaymentProvider& provider) {
  const absl::StatusOr<std::string> receipt =
      fusebox::Run(breaker, [&] { return provider.Charge(250); });

  if (receipt.ok()) {
    std::cout << "  " << *receipt << '\n';
  } else if (auto rejection = fusebox::GetRejection(receipt.status())) {
    std::cout << "  not tried, try again in " << rejection->retry_after << '\n';
  } else {
    std::cout << "  failed: " << receipt.status().message() << '\n';
  }
}

}  // namespace

int main() {
  fusebox_testing::FakeClock clock;
  fusebox::Policy policy;
  policy.consecutive_failures = 3;
  policy.open_duration = absl::Seconds(30);
  policy.jitter = 0;  // exactly 30 s
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  fusebox::CircuitBreaker::Options options;
  options.clock = &clock;
  const auto breaker = fusebox::CircuitBreaker::Create("payments", policy, std::move(options));
  if (!breaker.ok()) {
    std::cerr << breaker.status() << '\n';  // names each bad field, its value and its range
    return EXIT_FAILURE;
  }
  const auto state = [&breaker] { return (*breaker)->state(); };

  PaymentProvider provider;
  std::cout << "The provider is up:\n";
  Buy(**breaker, provider);

  std::cout << "It goes down:\n";
  provider.down = true;
  for (int i = 0; i < 5; ++i) Buy(**breaker, provider);
  const bool opened = state() == fusebox::State::kOpen && provider.calls == 4;

  std::cout << "30 s later it is up again:\n";
  provider.down = false;
  clock.Advance(absl::Seconds(30));
  const bool probing = state() == fusebox::State::kHalfOpen;
  Buy(**breaker, provider);
  std::cout << "The circuit is " << fusebox::StateName(state()) << ".\n";

  const bool closed = state() == fusebox::State::kClosed && provider.calls == 5;
  return opened && probing && closed ? EXIT_SUCCESS : EXIT_FAILURE;
}
