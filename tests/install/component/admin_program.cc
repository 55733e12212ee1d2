// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "fusebox/admin/circuit_admin.h"
#include "fusebox/circuit_registry.h"

int main() {
  fusebox::CircuitAdminOptions options;
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  return fusebox::CreateCircuitAdmin(options).ok() ? 0 : 1;
}
