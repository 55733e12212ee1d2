// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/admin_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fusebox/admin/authorizer.h"
#include "fusebox/admin/circuit_admin.h"

namespace demo {

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(
    std::shared_ptr<fusebox::CircuitRegistry> registry, int port, const std::string& instance) {
  std::unique_ptr<AdminServer> admin(new AdminServer);

  fusebox::CircuitAdminOptions options;
  options.registry = registry;
  options.instance = instance;
  options.allow_writes = true;
  options.write_authorizer = fusebox::AllowLocalCallers();
  options.show_failure_messages = true;  // the demo's hold nothing of anybody's
  auto circuits = fusebox::CreateCircuitAdmin(options);
  if (!circuits.ok()) return circuits.status();
  admin->circuits_ = *std::move(circuits);

  // Both are for the servers that are built from here on, and the demo builds no other.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  int bound_port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port that is taken is no port
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                           &bound_port);
  builder.RegisterService(admin->circuits_.get());
  admin->server_ = builder.BuildAndStart();
  if (admin->server_ == nullptr || bound_port == 0) {
    return absl::UnavailableError(absl::StrCat("can't listen on port ", port));
  }
  admin->address_ = absl::StrCat("127.0.0.1:", bound_port);

  fusebox::CircuitHealthOptions health_options;
  health_options.registry = std::move(registry);
  health_options.health = admin->server_->GetHealthCheckService();
  health_options.services[kHealthService] = {"*"};
  auto health = fusebox::StartCircuitHealth(std::move(health_options));
  if (!health.ok()) return health.status();
  admin->health_ = *std::move(health);
  return admin;
}

AdminServer::~AdminServer() {
  health_ = nullptr;
  // Watchers never hang up by themselves.
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
}

}  // namespace demo
