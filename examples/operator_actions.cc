// SPDX-License-Identifier: Apache-2.0
//
// What an operator can do to a circuit, and how it is told of: a policy is tried in shadow, a
// circuit is forced open for a while, a live circuit gets another policy. Links fusebox::core
// alone.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/event.h"
#include "fusebox/rejection.h"
#include "fusebox/run.h"
#include "fusebox/testing/fake_clock.h"

namespace {

void Print(const fusebox::Event& event) {
  std::cout << "  #" << event.sequence << ' ' << fusebox::EventKindName(event.kind) << ", "
            << fusebox::ModeName(event.mode_to) << ", " << fusebox::StateName(event.to);
  if (!event.detail.empty()) std::cout << ": " << event.detail;
  if (!event.actor.empty()) std::cout << " (" << event.actor << ')';
  std::cout << '\n';
}

}  // namespace

int main() {
  fusebox_testing::FakeClock clock;
  fusebox::CircuitRegistry::Options options;
  options.clock = &clock;
  fusebox::CircuitRegistry registry(std::move(options));
  const auto circuit = registry.GetOrCreate("inventory", fusebox::Policy::InternalApi());
  if (!circuit.ok()) {
    std::cerr << circuit.status() << '\n';
    return EXIT_FAILURE;
  }
  fusebox::CircuitBreaker& breaker = **circuit;
  const auto admits = [&](const absl::Status& result) {
    return !fusebox::GetRejection(fusebox::Run(breaker, [&] { return result; }));
  };

  // Shadow: the state machine runs, and every call still goes through.
  breaker.Shadow(fusebox::Operator("oncall").Because("see how often it would trip"));
  bool all_admitted = true;
  for (int i = 0; i < 8; ++i) all_admitted &= admits(absl::UnavailableError("down"));
  const int64_t would_reject = breaker.Snapshot().totals.would_reject;
  std::cout << "In shadow, " << would_reject << " of 8 calls would have been rejected.\n";

  // Forced open: every call is rejected, until the time is up. Then probes decide.
  const fusebox::Operator deploy = fusebox::Operator("deploy").Because("migrating the inventory");
  if (!breaker.ForceOpen(deploy, absl::Minutes(10)).ok()) return EXIT_FAILURE;
  const bool rejected = !admits(absl::OkStatus());
  clock.Advance(*breaker.Snapshot().next_probe - clock.WallNow());  // a little late
  const bool probed = admits(absl::OkStatus());

  // Another policy for the live circuit. One that is invalid changes nothing.
  fusebox::Policy policy = breaker.Snapshot().policy;
  policy.consecutive_failures = 0;
  std::cout << "Refused: "
            << breaker.SetPolicy(policy, fusebox::Operator("oncall").Because("a slip")).message()
            << '\n';
  policy.consecutive_failures = 20;
  if (!breaker.SetPolicy(policy, fusebox::Operator("oncall").Because("too nervous")).ok())
    return EXIT_FAILURE;

  breaker.Reset(fusebox::Operator("oncall").Because("the inventory is well again"));

  std::cout << "What the registry's log says of it:\n";
  for (const fusebox::Event& event : registry.EventsSince(0).events) Print(event);
  return all_admitted && would_reject == 3 && rejected && probed ? EXIT_SUCCESS : EXIT_FAILURE;
}
