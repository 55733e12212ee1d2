// SPDX-License-Identifier: Apache-2.0
//
// The breaker in a chain of your own, for a channel that you create yourself. Order matters: what
// comes before the breaker sees every call, and a rejected one's status; what comes after it sees
// only the calls that are really sent.
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_interceptor.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "shop.grpc.pb.h"

namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// Counts the calls that start and the calls that end here, as a metrics interceptor would.
struct Counts {
  std::atomic<int> started{0};
  std::atomic<int> failed{0};
};

class CountingInterceptor final : public Interceptor {
 public:
  explicit CountingInterceptor(Counts& counts) : counts_(counts) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      ++counts_.started;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS) &&
        !methods->GetRecvStatus()->ok()) {
      ++counts_.failed;
    }
    methods->Proceed();
  }

 private:
  Counts& counts_;
};

class CountingFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit CountingFactory(Counts& counts) : counts_(counts) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo* /*info*/) override {
    return new CountingInterceptor(counts_);
  }

 private:
  Counts& counts_;
};

}  // namespace

int main() {
  examples::ShopServer server;
  Counts wanted;
  Counts sent;

  fusebox::InterceptorOptions options;
  options.dependency = "inventory";
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  // Opens after 5 failures in a row, for 30 s; the default goes by the traffic.
  options.policies.Default(fusebox::Policy::Fixed());
  auto breaker = fusebox::CircuitBreakerInterceptorFactory::Create(std::move(options));
  if (!breaker.ok()) {
    std::cerr << breaker.status() << '\n';
    return EXIT_FAILURE;
  }

  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<CountingFactory>(wanted));
  interceptors.push_back(*std::move(breaker));
  interceptors.push_back(std::make_unique<CountingFactory>(sent));
  const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      server.address(), grpc::InsecureChannelCredentials(), grpc::ChannelArguments(),
      std::move(interceptors));
  const auto stub = shop::Inventory::NewStub(channel);

  server.shop().Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    shop::ReserveReply reply;
    stub->Reserve(&context, shop::ReserveRequest(), &reply);
  }

  std::cout << "before the breaker: " << wanted.started << " calls, " << wanted.failed
            << " failed\nafter the breaker:  " << sent.started << " calls, " << sent.failed
            << " failed\nat the server:      " << server.shop().calls() << " calls\n";

  const bool as_shown = wanted.started == 20 && wanted.failed == 20 && sent.started == 5 &&
                        sent.failed == 5 && server.shop().calls() == 5;
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
