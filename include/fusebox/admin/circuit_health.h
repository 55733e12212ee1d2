// SPDX-License-Identifier: Apache-2.0
//
// Circuits that speak through `grpc.health.v1`: a service of this server is NOT_SERVING while a
// circuit that it can't do without is OPEN.
//
//   grpc::EnableDefaultHealthCheckService(true);
//   std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
//   fusebox::CircuitHealthOptions options;
//   options.registry = registry;
//   options.health = server->GetHealthCheckService();
//   options.services["shop.Checkout"] = {"payments/*", "inventory/shop.Inventory/Reserve"};
//   auto health = fusebox::StartCircuitHealth(std::move(options));
#ifndef FUSEBOX_ADMIN_CIRCUIT_HEALTH_H_
#define FUSEBOX_ADMIN_CIRCUIT_HEALTH_H_

#include <grpcpp/health_check_service_interface.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"

namespace fusebox {

struct CircuitHealthOptions {
  // Whose circuits. Required.
  std::shared_ptr<CircuitRegistry> registry;

  // Must outlive what `StartCircuitHealth` returns. Required: null means that the health check
  // service was not enabled before the server was built.
  grpc::HealthCheckServiceInterface* health = nullptr;

  // For each name in `grpc.health.v1`, its circuits: globs over their whole names, in which `*`
  // stands for any characters and `?` for one. At least one name, and one glob for each.
  std::map<std::string, std::vector<std::string>> services;
};

// Keeps the services' health in step, from a thread of its own, until it is destroyed; it then
// leaves all as it is. A service is NOT_SERVING while any of its circuits rejects every call: OPEN,
// or forced open, but not in shadow mode. It is SERVING again as soon as none does: an OPEN circuit
// whose time is up is HALF_OPEN, whether or not a call comes to see it (rule R1), so that a
// service that load balancers leave alone comes back.
class FUSEBOX_EXPORT CircuitHealth {
 public:
  virtual ~CircuitHealth() = default;
};

// INVALID_ARGUMENT, with each bad field named, for a null registry or health check service, or for
// no services or none of a service's globs.
FUSEBOX_EXPORT absl::StatusOr<std::unique_ptr<CircuitHealth>> StartCircuitHealth(
    CircuitHealthOptions options);

}  // namespace fusebox

#endif  // FUSEBOX_ADMIN_CIRCUIT_HEALTH_H_
