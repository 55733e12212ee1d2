// SPDX-License-Identifier: Apache-2.0
#include <prometheus/metric_family.h>

#include <memory>

#include "fusebox/circuit_registry.h"
#include "fusebox/prometheus/collector.h"

int main() {
  const auto metrics = fusebox::CreateCollector({std::make_shared<fusebox::CircuitRegistry>()});
  return metrics.ok() && !(*metrics)->Collect().empty() ? 0 : 1;
}
