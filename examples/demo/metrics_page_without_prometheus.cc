// SPDX-License-Identifier: Apache-2.0
#include "absl/status/status.h"
#include "examples/demo/metrics_page.h"

namespace demo {

absl::StatusOr<std::unique_ptr<MetricsPage>> MetricsPage::Open(
    int /*port*/, std::shared_ptr<const fusebox::CircuitRegistry> /*registry*/) {
  return absl::UnimplementedError(
      "this demo was built without prometheus-cpp (Debian: prometheus-cpp-dev)");
}

}  // namespace demo
