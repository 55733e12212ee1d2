// SPDX-License-Identifier: Apache-2.0
//
// A process with three circuits to be administered from another language. Prints its port, then
// serves until its standard input ends.
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "fusebox/admin/authorizer.h"
#include "fusebox/admin/circuit_admin.h"
#include "fusebox/admin/circuit_health.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"

int main() {
  auto registry = std::make_shared<fusebox::CircuitRegistry>();
  for (const char* method : {"Release", "Reserve"}) {
    const std::string name = std::string("inventory/shop.Inventory/") + method;
    if (!registry->GetOrCreate(name, fusebox::Policy(), "inventory").ok()) return EXIT_FAILURE;
  }
  if (!registry->GetOrCreate("payments", fusebox::Policy::ExternalApi()).ok()) return EXIT_FAILURE;

  fusebox::CircuitAdminOptions options;
  options.registry = registry;
  options.instance = "python-test";
  options.allow_writes = true;
  options.write_authorizer = fusebox::AllowLocalCallers();
  const auto admin = fusebox::CreateCircuitAdmin(options);
  if (!admin.ok()) return EXIT_FAILURE;

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(admin->get());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return EXIT_FAILURE;

  fusebox::CircuitHealthOptions health_options;
  health_options.registry = registry;
  health_options.health = server->GetHealthCheckService();
  health_options.services["shop.Checkout"] = {"inventory/*"};
  auto health = fusebox::StartCircuitHealth(std::move(health_options));
  if (!health.ok()) return EXIT_FAILURE;

  std::cout << port << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  *health = nullptr;
  server->Shutdown(std::chrono::system_clock::now());
  return EXIT_SUCCESS;
}
