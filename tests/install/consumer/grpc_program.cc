// SPDX-License-Identifier: Apache-2.0
//
// One call to a port where nobody listens, through a protected channel: it fails, and its circuit
// has counted that; the next one is rejected.
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <iostream>
#include <memory>
#include <utility>

#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"

namespace {

grpc::Status Call(grpc::ChannelInterface* channel) {
  const grpc::internal::RpcMethod method("/shop.Inventory/Reserve",
                                         grpc::internal::RpcMethod::NORMAL_RPC);
  grpc::ClientContext context;
  const grpc::Slice bytes("any bytes");
  const grpc::ByteBuffer request(&bytes, 1);
  grpc::ByteBuffer response;
  return grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel, method, &context, request, &response);
}

}  // namespace

int main() {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  fusebox::Policy policy;
  policy.consecutive_failures = 1;
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  options.breaker.policies.Default(policy);
  const auto channel =
      fusebox::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials(), std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return 1;
  }

  const grpc::Status failed = Call(channel->get());
  const grpc::Status rejected = Call(channel->get());
  const auto circuit = registry->Find("inventory/shop.Inventory/Reserve");
  if (circuit == nullptr) {
    std::cerr << "there is no circuit after: " << failed.error_message() << '\n';
    return 1;
  }
  const fusebox::CircuitSnapshot snapshot = circuit->Snapshot();
  const bool good = failed.error_code() == grpc::StatusCode::UNAVAILABLE &&
                    !fusebox::GetRejection(failed) && snapshot.totals.failure == 1 &&
                    fusebox::GetRejection(rejected) && snapshot.totals.rejected == 1;
  if (!good) {
    std::cerr << "first: " << failed.error_message() << "\nsecond: " << rejected.error_message()
              << "\nfailures: " << snapshot.totals.failure << '\n';
  }
  return good ? 0 : 1;
}
