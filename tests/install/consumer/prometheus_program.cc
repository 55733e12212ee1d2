// SPDX-License-Identifier: Apache-2.0
//
// The metrics of one circuit that has opened, as a scrape would get them.
#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <iostream>
#include <memory>
#include <string>

#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "fusebox/prometheus/collector.h"

int main() {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  fusebox::Policy policy;
  policy.consecutive_failures = 1;
  const auto circuit = registry->GetOrCreate("inventory", policy);
  const auto metrics = fusebox::CreateCollector({registry, {{"shard", "7"}}});
  if (!circuit.ok() || !metrics.ok()) {
    std::cerr << circuit.status() << '\n' << metrics.status() << '\n';
    return 1;
  }
  (*circuit)->TryAcquire().permit().RecordFailure();
  const std::string page = prometheus::TextSerializer().Serialize((*metrics)->Collect());
  const bool good = page.find(
                        "circuit_breaker_state{shard=\"7\",circuit=\"inventory\",target=\"\","
                        "state=\"open\"} 1\n") != std::string::npos;
  if (!good) std::cerr << page;
  return good ? 0 : 1;
}
