// SPDX-License-Identifier: Apache-2.0
#include "examples/testing/checkout.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"

namespace examples {

fusebox::Policy Checkout::InventoryPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = 3;
  policy.open_duration = absl::Seconds(30);
  policy.half_open.verdict = fusebox::SuccessThreshold{2};
  return policy;
}

absl::StatusOr<std::unique_ptr<Checkout>> Checkout::Create(
    const std::string& inventory, std::shared_ptr<fusebox::CircuitRegistry> registry) {
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = std::move(registry);
  options.breaker.policies.Default(InventoryPolicy());
  auto channel =
      fusebox::CreateChannel(inventory, grpc::InsecureChannelCredentials(), std::move(options));
  if (!channel.ok()) return channel.status();
  return std::unique_ptr<Checkout>(new Checkout(shop::Inventory::NewStub(*channel)));
}

OrderAnswer Checkout::Order(const std::string& item) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  shop::ReserveRequest request;
  request.set_item(item);
  shop::ReserveReply reply;
  const grpc::Status status = inventory_->Reserve(&context, request, &reply);

  OrderAnswer answer;
  if (status.ok()) {
    answer.kind = OrderAnswer::Kind::kReserved;
    answer.reservation = reply.reservation();
  } else if (std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status)) {
    answer.kind = OrderAnswer::Kind::kTryLater;
    answer.retry_after = rejection->retry_after;
  }
  return answer;
}

}  // namespace examples
