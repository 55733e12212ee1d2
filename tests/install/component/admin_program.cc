// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "fusebox/admin/authorizer.h"
#include "fusebox/admin/circuit_admin.h"
#include "fusebox/circuit_registry.h"

int main() {
  fusebox::CircuitAdminOptions options;
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  options.allow_writes = true;
  options.write_authorizer = fusebox::AllowLocalCallers();
  const auto service = fusebox::CreateCircuitAdmin(options);
  options.registry = nullptr;
  return service.ok() && !fusebox::CreateCircuitAdmin(options).ok() ? 0 : 1;
}
