// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "fusebox/circuit_registry.h"
#include "fusebox/config/config.h"

int main() {
  const auto config = fusebox::Config::Parse(
      "dependencies: {payments: {default: {failure_rate: 50%, minimum_calls: 10}}}",
      fusebox::ConfigFormat::kYaml, "payments.yaml");
  if (!config.ok()) return 1;
  const auto registry = std::make_shared<fusebox::CircuitRegistry>((*config)->RegistryOptions());
  if (!(*config)->Options("payments", registry).ok()) return 2;
  // Neither an error nor what the parser throws gets out as an exception.
  return fusebox::Config::Parse("{", fusebox::ConfigFormat::kYaml, "broken.yaml").ok() ? 3 : 0;
}
