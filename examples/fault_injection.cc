// SPDX-License-Identifier: Apache-2.0
//
// A drill in front of a server that is perfectly well: half of the calls to one method fail, then
// all of them hang, and then it's over. Nothing is done to the server, and the circuit opens and
// closes as it would with real failures.
#include "fusebox/grpc/fault_injection.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/testing/fake_clock.h"
#include "shop.grpc.pb.h"

namespace {

struct Tally {
  int ok = 0;
  int failed = 0;
  int rejected = 0;
};

// Ten calls.
Tally Call(shop::Inventory::Stub& stub, std::chrono::milliseconds timeout) {
  Tally tally;
  for (int i = 0; i < 10; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    shop::ReserveReply reply;
    const grpc::Status status = stub.Reserve(&context, shop::ReserveRequest(), &reply);
    ++(status.ok() ? tally.ok : fusebox::GetRejection(status) ? tally.rejected : tally.failed);
  }
  std::cout << tally.ok << " OK, " << tally.failed << " failed, " << tally.rejected
            << " rejected\n";
  return tally;
}

}  // namespace

int main() {
  using std::chrono_literals::operator""ms;
  using std::chrono_literals::operator""s;
  examples::ShopServer server;
  fusebox_testing::FakeClock clock;  // so that an open circuit takes no time here

  // The injector is the application's: keep it where an operator can reach it.
  fusebox::FaultInjectorOptions injector_options;
  injector_options.seed = 2;  // the same calls fail each time that this runs
  auto injector = fusebox::FaultInjector::Create(injector_options);
  if (!injector.ok()) {
    std::cerr << injector.status() << '\n';
    return EXIT_FAILURE;
  }
  auto faults = fusebox::FaultInjectionInterceptorFactory::Create(*injector);
  if (!faults.ok()) {
    std::cerr << faults.status() << '\n';
    return EXIT_FAILURE;
  }

  fusebox::CircuitRegistry::Options registry_options;
  registry_options.clock = &clock;
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry =
      std::make_shared<fusebox::CircuitRegistry>(std::move(registry_options));
  fusebox::Policy policy;
  policy.failures_in_window = 3;
  policy.jitter = 0;
  options.breaker.policies.Default(policy);
  options.inner_interceptors.push_back(*std::move(faults));  // behind the breaker, which sees them
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  std::cout << "before the drill: ";
  const Tally before = Call(*stub, 10s);

  fusebox::Fault fault;
  fault.kind = fusebox::InjectedStatus{grpc::StatusCode::UNAVAILABLE, "drill"};
  fault.fraction = 0.5;
  if (!(*injector)->Set("shop.Inventory/Reserve", fault).ok()) return EXIT_FAILURE;
  std::cout << "half of them fail: ";
  const Tally failing = Call(*stub, 10s);

  clock.Advance(absl::Seconds(30));  // the circuit is HALF_OPEN
  fault.kind = fusebox::InjectedHang{};
  fault.fraction = 1;
  if (!(*injector)->Set("shop.Inventory/Reserve", fault).ok()) return EXIT_FAILURE;
  std::cout << "all of them hang:  ";
  const Tally hanging = Call(*stub, 100ms);

  clock.Advance(absl::Seconds(30));
  (*injector)->ClearAll();
  std::cout << "after the drill:   ";
  const Tally after = Call(*stub, 10s);

  const fusebox::InjectedFaults injected = (*injector)->injected();
  std::cout << "injected: " << injected.statuses << " statuses, " << injected.hangs << " hangs\n"
            << "calls that reached the server: " << server.shop().calls() << " of 40\n";

  const bool as_shown = before.ok == 10 && failing.failed == 3 && failing.rejected > 0 &&
                        hanging.failed == 1 && hanging.rejected == 9 && after.ok == 10 &&
                        injected.statuses == 3 && injected.hangs == 1 &&
                        server.shop().calls() == 20 + failing.ok;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
