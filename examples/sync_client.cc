// SPDX-License-Identifier: Apache-2.0
//
// The shortest way: a protected channel, a blocking stub, and how the caller tells a rejected call
// from one that failed.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "shop.grpc.pb.h"

int main() {
  examples::ShopServer server;

  // The nine lines.
  auto registry = std::make_shared<fusebox::CircuitRegistry>();
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";  // the first part of its circuits' names
  options.breaker.registry = registry;
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  // From here on, calls are made as before.
  int ok = 0;
  int failed = 0;
  int rejected = 0;
  for (int i = 1; i <= 10; ++i) {
    if (i == 3) server.shop().Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk full"));

    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    shop::ReserveRequest request;
    request.set_item("teapot");
    shop::ReserveReply reply;
    const grpc::Status status = stub->Reserve(&context, request, &reply);

    std::cout << "call " << i << ": ";
    if (status.ok()) {
      ++ok;
      std::cout << "OK, reservation " << reply.reservation() << '\n';
    } else if (std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status)) {
      ++rejected;  // it was not sent: answer from a cache, or tell the user when to come back
      std::cout << "rejected: " << rejection->circuit << " is "
                << fusebox::StateName(rejection->state) << ", try again in "
                << absl::Trunc(rejection->retry_after, absl::Milliseconds(1)) << '\n';
    } else {
      ++failed;
      std::cout << "failed: " << status.error_message() << '\n';
    }
  }
  std::cout << "calls that reached the server: " << server.shop().calls() << " of 10\n";

  // Four fail in a row, which can't be chance at so few calls. A later one may have been the probe,
  // if this took its time.
  const bool as_shown =
      ok == 2 && failed >= 3 && rejected > 0 && server.shop().calls() == 2 + failed;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
