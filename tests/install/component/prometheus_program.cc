// SPDX-License-Identifier: Apache-2.0
#include <prometheus/metric_family.h>

#include <memory>

#include "fusebox/circuit_registry.h"
#include "fusebox/prometheus/collector.h"

int main() {
  fusebox::CollectorOptions options;
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto metrics = fusebox::CreateCollector(options);
  return metrics.ok() && !(*metrics)->Collect().empty() ? 0 : 1;
}
