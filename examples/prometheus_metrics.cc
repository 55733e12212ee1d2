// SPDX-License-Identifier: Apache-2.0
//
// A program's circuits for Prometheus: the collector is registered with an exposer, which serves it
// at /metrics. What a scrape of an open circuit gets is printed here. Links fusebox::prometheus,
// and prometheus-cpp's pull library for the exposer.
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/prometheus/collector.h"
#include "fusebox/run.h"

int main() {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto metrics = fusebox::CreateCollector({registry, {{"zone", "b"}}});
  if (!metrics.ok()) {
    std::cerr << metrics.status() << '\n';
    return EXIT_FAILURE;
  }
  prometheus::Exposer exposer("127.0.0.1:0");  // a free port; yours will be a fixed one
  exposer.RegisterCollectable(*metrics);       // held weakly there: keep `metrics`

  const auto circuit = registry->GetOrCreate("inventory", fusebox::Policy::InternalApi());
  if (!circuit.ok()) {
    std::cerr << circuit.status() << '\n';
    return EXIT_FAILURE;
  }
  for (int i = 0; i < 8; ++i) {
    fusebox::Run(**circuit, [] { return absl::UnavailableError("down"); }).IgnoreError();
  }

  const std::string page = prometheus::TextSerializer().Serialize((*metrics)->Collect());
  std::cout << "http://127.0.0.1:" << exposer.GetListeningPorts().front() << "/metrics has\n"
            << page;
  const auto shows = [&page](const char* series) { return page.find(series) != std::string::npos; };
  return shows(
             "circuit_breaker_state{zone=\"b\",circuit=\"inventory\",target=\"\","
             "state=\"open\"} 1\n") &&
                 shows("result=\"failure\"} 5\n") && shows("result=\"rejected\"} 3\n")
             ? EXIT_SUCCESS
             : EXIT_FAILURE;
}
