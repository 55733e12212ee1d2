// SPDX-License-Identifier: Apache-2.0
//
// The demo's circuits for a Prometheus that scrapes it. Needs prometheus-cpp's pull library; built
// without, there is no page.
#ifndef FUSEBOX_EXAMPLES_DEMO_METRICS_PAGE_H_
#define FUSEBOX_EXAMPLES_DEMO_METRICS_PAGE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"

namespace demo {

// Serves until it is destroyed. Thread-safe.
class MetricsPage {
 public:
  // At 127.0.0.1; port 0 is a free one. UNIMPLEMENTED if it was built without, UNAVAILABLE if the
  // port is taken.
  static absl::StatusOr<std::unique_ptr<MetricsPage>> Open(
      int port, std::shared_ptr<const fusebox::CircuitRegistry> registry);

  virtual ~MetricsPage() = default;

  // As in "http://127.0.0.1:43121/metrics".
  virtual std::string address() const = 0;
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_METRICS_PAGE_H_
