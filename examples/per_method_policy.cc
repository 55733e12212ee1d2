// SPDX-License-Identifier: Apache-2.0
//
// A policy for each method: strict where a failing call hurts, patient elsewhere, none at all for a
// stream that lives for hours. Then the circuits of the process, as the registry lists them.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/policy_table.h"
#include "shop.grpc.pb.h"

namespace {

fusebox::PolicyTable Policies() {
  fusebox::Policy strict;
  strict.consecutive_failures = 3;
  strict.open_duration = absl::Seconds(10);
  strict.half_open.verdict = fusebox::SuccessThreshold{2};

  fusebox::Policy patient;
  patient.failure_rate = 0.5;
  patient.minimum_calls = 20;
  patient.window = fusebox::TimeWindow{absl::Seconds(30), /*buckets=*/10};

  return fusebox::PolicyTable()
      .Default(fusebox::Policy::InternalApi())
      .Service("shop.Inventory", patient)
      .Method("shop.Inventory/Reserve", strict)
      .Unprotected("shop.Inventory/Watch");
}

grpc::Status Reserve(shop::Inventory::Stub& stub) {
  grpc::ClientContext context;
  shop::ReserveReply reply;
  return stub.Reserve(&context, shop::ReserveRequest(), &reply);
}

grpc::Status Release(shop::Inventory::Stub& stub) {
  grpc::ClientContext context;
  shop::ReleaseReply reply;
  return stub.Release(&context, shop::ReleaseRequest(), &reply);
}

grpc::Status Watch(shop::Inventory::Stub& stub) {
  grpc::ClientContext context;
  shop::StockLevel level;
  auto reader = stub.Watch(&context, shop::WatchRequest());
  while (reader->Read(&level)) {
  }
  return reader->Finish();
}

}  // namespace

int main() {
  examples::ShopServer server;
  auto registry = std::make_shared<fusebox::CircuitRegistry>();

  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  options.breaker.policies = Policies();
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';  // names every bad field and every unknown method
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  std::cout << "The server fails; each method is called 5 times.\n\n";
  server.shop().Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
  for (int i = 0; i < 5; ++i) {
    Reserve(*stub);
    Release(*stub);
    Watch(*stub);
  }

  std::cout << absl::StreamFormat("%-33s %-7s %8s %9s\n", "circuit", "state", "failures",
                                  "rejected");
  for (const fusebox::CircuitSnapshot& circuit : registry->List()) {
    std::cout << absl::StreamFormat("%-33s %-7s %8d %9d\n", circuit.name,
                                    fusebox::StateName(circuit.state), circuit.totals.failure,
                                    circuit.totals.rejected);
  }
  std::cout << "\nReserve opened after 3 failures, Release waits for 20 calls, Watch has none.\n";

  const auto reserve = registry->Find("inventory/shop.Inventory/Reserve");
  const auto release = registry->Find("inventory/shop.Inventory/Release");
  const auto watch = registry->Find("inventory/shop.Inventory/Watch");
  const bool as_shown = reserve != nullptr && reserve->state() == fusebox::State::kOpen &&
                        release != nullptr && release->state() == fusebox::State::kClosed &&
                        watch == nullptr && server.shop().calls() == 3 + 5 + 5;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
