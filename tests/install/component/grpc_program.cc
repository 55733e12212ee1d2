// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/rejection_status.h"

int main() {
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto channel = fusebox::CreateChannel("localhost:50051", grpc::InsecureChannelCredentials(),
                                              std::move(options));
  if (!channel.ok()) return 1;

  fusebox::InterceptorOptions unfinished;
  if (fusebox::CircuitBreakerInterceptorFactory::Create(unfinished).ok()) return 2;
  fusebox::Rejection rejection;
  rejection.circuit = "inventory/shop.Inventory/Reserve";
  return fusebox::GetRejection(fusebox::ToGrpcStatus(rejection)).has_value() ? 0 : 3;
}
