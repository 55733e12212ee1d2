// SPDX-License-Identifier: Apache-2.0
//
// The admin service: an application registers it next to its own, and whoever reaches that server
// can see the circuits of its channels. With two more lines, those whom it names can move them;
// with a file for their orders, the process still obeys them once it is started again.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "examples/shop_server.h"
#include "fusebox/admin/circuit_admin.h"
#include "fusebox/admin/orders_file.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/standing_order.h"
#include "fusebox/v1/admin.grpc.pb.h"

namespace {

using fusebox::v1::CircuitAdmin;

// An application's server: its own service, which is the shop's here too, and the admin service.
class Application {
 public:
  Application(std::shared_ptr<fusebox::CircuitRegistry> registry, bool allow_writes) {
    fusebox::CircuitAdminOptions options;
    options.registry = std::move(registry);
    options.instance = "checkout-1";
    if (allow_writes) {
      options.allow_writes = true;
      options.write_authorizer = fusebox::AllowLocalCallers();  // or TLS subjects, or a token
    }
    admin_ = fusebox::CreateCircuitAdmin(options).value();

    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&shop_);
    builder.RegisterService(admin_.get());
    server_ = builder.BuildAndStart();
  }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  // With a deadline: watchers never hang up by themselves.
  ~Application() { server_->Shutdown(std::chrono::system_clock::now()); }

  // What an operator's tool makes of its address, in any language: a stub of admin.proto.
  std::unique_ptr<CircuitAdmin::Stub> Operator() const {
    return CircuitAdmin::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                                                     grpc::InsecureChannelCredentials()));
  }

 private:
  examples::ShopService shop_;
  std::unique_ptr<grpc::Service> admin_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// One call of the application's to its dependency: whether the circuit let it through.
bool IsAdmitted(shop::Inventory::Stub& inventory) {
  grpc::ClientContext context;
  shop::ReserveReply reply;
  return !fusebox::GetRejection(inventory.Reserve(&context, shop::ReserveRequest(), &reply));
}

// What an operator does: looks, and cuts the dependency off.
grpc::Status ForceOpenAll(CircuitAdmin::Stub& admin) {
  grpc::ClientContext list_context;
  fusebox::v1::ListCircuitsResponse page;
  grpc::Status status =
      admin.ListCircuits(&list_context, fusebox::v1::ListCircuitsRequest(), &page);
  if (!status.ok()) return status;
  for (const fusebox::v1::Circuit& circuit : page.circuits()) {
    grpc::ClientContext context;
    fusebox::v1::ForceOpenCircuitRequest request;
    request.set_name(circuit.name());
    request.set_reason("migrating the inventory");
    request.mutable_ttl()->set_seconds(600);
    fusebox::v1::ForceOpenCircuitResponse response;
    status = admin.ForceOpenCircuit(&context, request, &response);
    std::cout << page.instance() << ": " << circuit.name() << " is "
              << fusebox::v1::State_Name(circuit.state()) << "; forced open: "
              << (status.ok() ? "by " + response.circuit().last_action().actor()
                              : status.error_message())
              << '\n';
  }
  return status;
}

// As the application does when it starts. What is wrong with the file doesn't stop it.
absl::StatusOr<std::unique_ptr<fusebox::OrdersFile>> KeepOrders(
    std::shared_ptr<fusebox::CircuitRegistry> registry, std::string orders_path) {
  fusebox::OrdersFileOptions options;
  options.path = std::move(orders_path);
  options.registry = std::move(registry);
  options.on_problem = [](const std::string& problem) { std::clog << problem << '\n'; };
  auto orders = fusebox::OrdersFile::Open(std::move(options));
  if (!orders.ok()) return orders.status();
  for (const std::string& warning : (*orders)->warnings()) std::clog << warning << '\n';
  return orders;
}

}  // namespace

int main() {
  // An application's is a folder that stays: /var/lib/checkout.
  std::string folder = (std::filesystem::temp_directory_path() / "checkout-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return EXIT_FAILURE;
  const std::string orders_path = folder + "/orders";

  examples::ShopServer dependency;
  auto registry = std::make_shared<fusebox::CircuitRegistry>();
  auto orders = KeepOrders(registry, orders_path);
  if (!orders.ok()) return EXIT_FAILURE;
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  const auto channel = fusebox::CreateChannel(
      dependency.address(), grpc::InsecureChannelCredentials(), std::move(options));
  if (!channel.ok()) return EXIT_FAILURE;
  const auto inventory = shop::Inventory::NewStub(*channel);
  bool as_shown = IsAdmitted(*inventory);

  const Application read_only(registry, /*allow_writes=*/false);
  as_shown &=
      ForceOpenAll(*read_only.Operator()).error_code() == grpc::StatusCode::FAILED_PRECONDITION;
  as_shown &= IsAdmitted(*inventory);

  const Application with_writes(registry, /*allow_writes=*/true);
  as_shown &= ForceOpenAll(*with_writes.Operator()).ok();
  as_shown &= !IsAdmitted(*inventory);

  // The next process: with a registry of its own, whose circuits obey from their first call on.
  orders->reset();
  auto next = std::make_shared<fusebox::CircuitRegistry>();
  orders = KeepOrders(next, orders_path);
  if (!orders.ok()) return EXIT_FAILURE;
  options.breaker.dependency = "inventory";
  options.breaker.registry = next;
  const auto next_channel = fusebox::CreateChannel(
      dependency.address(), grpc::InsecureChannelCredentials(), std::move(options));
  if (!next_channel.ok()) return EXIT_FAILURE;
  as_shown &= !IsAdmitted(*shop::Inventory::NewStub(*next_channel));
  for (const fusebox::StandingOrder& order : next->Orders()) {
    std::cout << "order " << order.id << ": " << order.action << ' ' << order.pattern << ", by "
              << order.by.who << ": " << order.by.why << '\n';
    as_shown &= next->RevokeOrder(order.id, fusebox::Operator("the example")).ok();
  }
  orders->reset();
  std::filesystem::remove_all(folder);
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
