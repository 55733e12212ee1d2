// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"

int main() {
  fusebox::ChannelOptions options;
  options.target = "inventory";
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto channel =
      fusebox::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials(), std::move(options));
  return channel.ok() ? 0 : 1;
}
