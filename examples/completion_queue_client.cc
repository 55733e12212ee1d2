// SPDX-License-Identifier: Apache-2.0
//
// Calls over a completion queue. Nothing in the loop changes: a rejected call's tag arrives with
// ok = true, like any call's that ended with a status, and the status tells.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "shop.grpc.pb.h"

namespace {

// One call, and its own tag.
struct Call {
  grpc::ClientContext context;
  shop::ReserveReply reply;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<shop::ReserveReply>> reader;
};

struct Counts {
  int ok = 0;
  int failed = 0;
  int rejected = 0;
};

// Starts `n` calls, all at the same time, and waits for all of them.
Counts CallAtOnce(int n, shop::Inventory::Stub& stub) {
  grpc::CompletionQueue queue;
  for (int i = 0; i < n; ++i) {
    auto* const call = new Call;
    call->reader = stub.AsyncReserve(&call->context, shop::ReserveRequest(), &queue);
    call->reader->Finish(&call->reply, &call->status, call);
  }

  Counts counts;
  void* tag = nullptr;
  bool ok = false;
  for (int i = 0; i < n && queue.Next(&tag, &ok); ++i) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    if (call->status.ok()) {
      ++counts.ok;
    } else if (fusebox::GetRejection(call->status)) {
      ++counts.rejected;
    } else {
      ++counts.failed;
    }
  }
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return counts;
}

void Print(const char* when, const Counts& counts) {
  std::cout << when << ": " << counts.ok << " OK, " << counts.failed << " failed, "
            << counts.rejected << " rejected\n";
}

}  // namespace

int main() {
  examples::ShopServer server;
  auto registry = std::make_shared<fusebox::CircuitRegistry>();
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  // Opens after 5 failures in a row, for 30 s; the default goes by the traffic.
  options.breaker.policies.Default(fusebox::Policy::Fixed());
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  const Counts healthy = CallAtOnce(8, *stub);
  Print("healthy     ", healthy);

  // A call that was let through before the circuit opened runs to its end.
  server.shop().Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
  const Counts failing = CallAtOnce(8, *stub);
  Print("failing     ", failing);

  const Counts open = CallAtOnce(8, *stub);
  Print("circuit open", open);
  std::cout << "calls that reached the server: " << server.shop().calls() << " of 24\n";

  const bool as_shown = healthy.ok == 8 && failing.failed >= 5 && failing.ok == 0 &&
                        open.rejected == 8 && server.shop().calls() == 8 + failing.failed;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
