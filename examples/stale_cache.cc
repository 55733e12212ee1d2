// SPDX-License-Identifier: Apache-2.0
//
// What an application can still answer while its dependency is down: what a cache has kept. By a
// fallback of the channel, in place of a rejection; and at the call site, for calls that were made
// and failed.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/run.h"
#include "fusebox/with_fallback.h"
#include "shop.grpc.pb.h"

namespace {

// Reservations that the shop has given us, by item. Thread-safe, as a fallback must be.
class Cache {
 public:
  void Keep(const std::string& item, const shop::ReserveReply& reply) {
    const std::lock_guard<std::mutex> lock(mutex_);
    kept_[item] = reply;
  }

  grpc::Status Find(const std::string& item, shop::ReserveReply* reply) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = kept_.find(item);
    if (found == kept_.end()) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                          "the shop is down, and no one has asked "
                          "for \"" +
                              item + "\" before");
    }
    *reply = found->second;
    reply->set_reservation(reply->reservation() + " (stale)");
    return grpc::Status::OK;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, shop::ReserveReply> kept_;
};

grpc::Status Reserve(shop::Inventory::Stub& stub, const std::string& item,
                     shop::ReserveReply& reply) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  shop::ReserveRequest request;
  request.set_item(item);
  return stub.Reserve(&context, request, &reply);
}

}  // namespace

int main() {
  examples::ShopServer server;
  const auto cache = std::make_shared<Cache>();
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>();
  options.breaker.policies.Default(
      fusebox::Policy::InternalApi());  // opens after 5 failures in a row
  options.breaker.fallbacks.Method<shop::ReserveRequest, shop::ReserveReply>(
      "shop.Inventory/Reserve",
      [cache](const shop::ReserveRequest& request, shop::ReserveReply* reply) {
        return cache->Find(request.item(), reply);
      });
  auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                        std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  // The cache fills while the shop works.
  shop::ReserveReply fresh;
  if (!Reserve(*stub, "teapot", fresh).ok()) return EXIT_FAILURE;
  cache->Keep("teapot", fresh);
  std::cout << "fresh: " << fresh.reservation() << '\n';

  // The first calls reach the sick shop and fail, the others are rejected. All have an answer.
  server.shop().Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk full"));
  int answered = 0;
  for (int i = 0; i < 8; ++i) {
    shop::ReserveReply reply;
    const grpc::Status status = fusebox::WithFallback(
        [&] { return Reserve(*stub, "teapot", reply); },
        [&](const grpc::Status& /*failed*/) { return cache->Find("teapot", &reply); });
    answered += status.ok() && reply.reservation() == fresh.reservation() + " (stale)" ? 1 : 0;
  }
  std::cout << answered << " of 8 answered from the cache, " << server.shop().calls() - 1
            << " of them after a call to the sick shop\n";

  // What the cache doesn't have either.
  shop::ReserveReply none;
  const grpc::Status status = Reserve(*stub, "kettle", none);
  std::cout << "kettle: " << status.error_message() << '\n';

  const bool as_shown = answered == 8 && server.shop().calls() == 6 && !status.ok();
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
