// SPDX-License-Identifier: Apache-2.0
//
// The demo as an instance to be administered, by fuseboxctl or by anything that speaks gRPC: serves
// the admin service, grpc.health.v1 and server reflection on a port of 127.0.0.1.
#ifndef FUSEBOX_EXAMPLES_DEMO_ADMIN_SERVER_H_
#define FUSEBOX_EXAMPLES_DEMO_ADMIN_SERVER_H_

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fusebox/admin/circuit_health.h"
#include "fusebox/circuit_registry.h"

namespace demo {

// In grpc.health.v1: what can't do its work while one of the demo's circuits is OPEN.
inline constexpr char kHealthService[] = "demo.Checkout";

// Thread-safety: of one thread.
class AdminServer {
 public:
  // Serves until it is destroyed. Whoever is on this machine may move the circuits. Port 0: any
  // free one. `instance` is what callers are told of which process this is.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(
      std::shared_ptr<fusebox::CircuitRegistry> registry, int port, const std::string& instance);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();

  const std::string& address() const { return address_; }

 private:
  AdminServer() = default;

  std::string address_;
  std::unique_ptr<grpc::Service> circuits_;  // outlives the server, and that outlives the health
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<fusebox::CircuitHealth> health_;
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_ADMIN_SERVER_H_
