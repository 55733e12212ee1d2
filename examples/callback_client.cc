// SPDX-License-Identifier: Apache-2.0
//
// Calls with callbacks, and the whole way of a circuit: CLOSED, OPEN, HALF_OPEN, CLOSED. A listener
// prints each step. Time is a fake clock's, so the 30 s in which the circuit is open take none; a
// program gives the registry no clock, and gets the machine's.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/testing/fake_clock.h"
#include "shop.grpc.pb.h"

namespace {

// Starts a call and returns at once; the callback runs on one of gRPC's threads, a rejected call's
// included. It waits here only so that the transcript has an order.
grpc::Status Reserve(shop::Inventory::Stub& stub) {
  grpc::ClientContext context;
  shop::ReserveRequest request;
  shop::ReserveReply reply;
  std::promise<grpc::Status> done;
  stub.async()->Reserve(&context, &request, &reply,
                        [&done](grpc::Status status) { done.set_value(std::move(status)); });
  return done.get_future().get();
}

void Print(const grpc::Status& status) {
  if (status.ok()) {
    std::cout << "  call: OK\n";
  } else if (fusebox::GetRejection(status)) {
    std::cout << "  call: rejected, " << status.error_message() << '\n';
  } else {
    std::cout << "  call: failed, " << status.error_message() << '\n';
  }
}

}  // namespace

int main() {
  fusebox_testing::FakeClock clock;
  examples::ShopServer server;

  std::vector<fusebox::State> states;
  fusebox::CircuitRegistry::Options registry_options;
  registry_options.clock = &clock;
  registry_options.listener = [&states](const fusebox::Event& event) {
    if (event.kind != fusebox::EventKind::kTransition) return;
    states.push_back(event.to);
    std::cout << "  ** " << fusebox::StateName(event.from) << " -> " << fusebox::StateName(event.to)
              << ": " << event.detail << '\n';
  };
  auto registry = std::make_shared<fusebox::CircuitRegistry>(std::move(registry_options));

  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  fusebox::Policy policy;
  policy.open_duration = absl::Seconds(30);
  policy.jitter = 0;  // exactly 30 s; a fleet of clients is better off with some
  options.breaker.policies.Default(policy);
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  std::cout << "The server fails:\n";
  server.shop().Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
  for (int i = 0; i < 6; ++i) Print(Reserve(*stub));

  std::cout << "The server works again, 10 s later:\n";
  server.shop().Work();
  clock.Advance(absl::Seconds(10));
  Print(Reserve(*stub));

  std::cout << "Another 20 s later:\n";
  clock.Advance(absl::Seconds(20));
  for (int i = 0; i < 4; ++i) Print(Reserve(*stub));

  const std::vector<fusebox::State> expected = {fusebox::State::kOpen, fusebox::State::kHalfOpen,
                                                fusebox::State::kClosed};
  const bool as_shown = states == expected && server.shop().calls() == 5 + 4;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
