// SPDX-License-Identifier: Apache-2.0
//
// The metrics of src/readers/metrics.h as prometheus-cpp has them.
#ifndef FUSEBOX_SRC_PROMETHEUS_CIRCUIT_FAMILIES_H_
#define FUSEBOX_SRC_PROMETHEUS_CIRCUIT_FAMILIES_H_

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/prometheus/collector.h"
#include "fusebox/snapshot.h"
#include "src/readers/metrics.h"

namespace fusebox::internal {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// One scrape in the making. Not thread-safe.
class CircuitFamilies {
 public:
  // `labels` go on every series; `circuits` is about how many will be added.
  CircuitFamilies(MetricLabels labels, MetricDetail detail, std::size_t circuits);

  // `now` is the time of day when the snapshot was taken.
  void AddCircuit(const CircuitSnapshot& circuit, absl::Time now);
  void AddTarget(const TargetReading& target);
  void AddRegistry(const RegistryReading& registry);
  void AddConfig(const ConfigReading& config);

  // Those that have a series.
  std::vector<prometheus::MetricFamily> Take() &&;

 private:
  const MetricLabels labels_;
  const MetricDetail detail_;
  std::vector<prometheus::MetricFamily> families_;  // in the order of Metrics()
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_PROMETHEUS_CIRCUIT_FAMILIES_H_
