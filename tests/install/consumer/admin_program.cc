// SPDX-License-Identifier: Apache-2.0
//
// A server with the admin service, and a client of it that resets a circuit.
#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "fusebox/admin/circuit_admin.h"
#include "fusebox/circuit_registry.h"

int main() {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto circuit = registry->GetOrCreate("inventory/shop.Inventory/Reserve", fusebox::Policy());
  if (!circuit.ok()) return 1;
  if (!(*circuit)->ForceOpen(fusebox::Operator("test").Because("to have something to reset")).ok())
    return 1;

  fusebox::CircuitAdminOptions options;
  options.registry = registry;
  options.allow_writes = true;
  options.write_authorizer = fusebox::AllowLocalCallers();
  const auto admin = fusebox::CreateCircuitAdmin(options);
  if (!admin.ok()) {
    std::cerr << admin.status() << '\n';
    return 1;
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(admin->get());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();

  const auto stub = fusebox::v1::CircuitAdmin::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  fusebox::v1::ResetCircuitRequest request;
  request.set_name("inventory/shop.Inventory/Reserve");
  request.set_reason("it is well");
  fusebox::v1::ResetCircuitResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->ResetCircuit(&context, request, &response);
  server->Shutdown(std::chrono::system_clock::now());
  const bool good = status.ok() && response.circuit().state() == fusebox::v1::STATE_CLOSED &&
                    (*circuit)->state() == fusebox::State::kClosed;
  if (!good) std::cerr << status.error_message() << '\n' << response.DebugString();
  return good ? 0 : 1;
}
