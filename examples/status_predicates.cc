// SPDX-License-Identifier: Apache-2.0
//
// What counts as a failure: one code set otherwise than in the standard table, and a predicate that
// looks at the message and overrules the table for some calls.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/status_classifier.h"
#include "shop.grpc.pb.h"

namespace {

constexpr char kCircuit[] = "inventory/shop.Inventory/Reserve";

fusebox::StatusClassifier::Options Classifier() {
  fusebox::StatusClassifier::Options options;

  // NOT_FOUND is a success by default: the server is alive and has answered. Say that here a proxy
  // in front of it answers so, too; then it says nothing of the server either way.
  options.codes[grpc::StatusCode::NOT_FOUND] = fusebox::OutcomeKind::kIgnored;

  // RESOURCE_EXHAUSTED is a failure by default. But a caller over its own quota is no reason to cut
  // off everybody else.
  options.predicate = [](const fusebox::CallResult& call) -> std::optional<fusebox::OutcomeKind> {
    if (call.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
        absl::StrContains(call.status.error_message(), "quota")) {
      return fusebox::OutcomeKind::kSuccess;
    }
    return std::nullopt;  // the table decides
  };
  return options;
}

struct Case {
  grpc::Status status;
  const char* counts_as = "";
  fusebox::State state_after_five = fusebox::State::kClosed;
};

}  // namespace

int main() {
  examples::ShopServer server;
  auto registry = std::make_shared<fusebox::CircuitRegistry>();

  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  options.breaker.policies.Default(fusebox::Policy::Fixed());
  options.breaker.classifier = Classifier();
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  const Case cases[] = {
      {{grpc::StatusCode::NOT_FOUND, "no such item"}, "ignored", fusebox::State::kClosed},
      {{grpc::StatusCode::RESOURCE_EXHAUSTED, "over quota"}, "success", fusebox::State::kClosed},
      {{grpc::StatusCode::RESOURCE_EXHAUSTED, "out of memory"}, "failure", fusebox::State::kOpen},
  };
  bool as_shown = true;
  for (const Case& shown : cases) {
    server.shop().Fail(shown.status);
    for (int i = 0; i < 5; ++i) {  // the policy opens after five failures in a row
      grpc::ClientContext context;
      shop::ReserveReply reply;
      const grpc::Status status = stub->Reserve(&context, shop::ReserveRequest(), &reply);
      as_shown = as_shown && status.error_message() == shown.status.error_message();
    }
    const fusebox::CircuitSnapshot circuit = registry->Find(kCircuit)->Snapshot();
    std::cout << "5 times \"" << shown.status.error_message() << "\": each counts as "
              << shown.counts_as << ", the circuit is " << fusebox::StateName(circuit.state)
              << '\n';
    as_shown = as_shown && circuit.state == shown.state_after_five;
  }
  const fusebox::Totals totals = registry->Find(kCircuit)->Snapshot().totals;
  std::cout << "In all: " << totals.ignored << " ignored, " << totals.success << " successes, "
            << totals.failure << " failures\n";
  as_shown = as_shown && totals.ignored == 5 && totals.success == 5 && totals.failure == 5;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
