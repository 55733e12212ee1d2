// SPDX-License-Identifier: Apache-2.0
//
// The metrics, and how they are read off a circuit. A name here is a promise: dashboards and alerts
// are written against it. docs/metrics.md says what each means.
#ifndef FUSEBOX_SRC_PROMETHEUS_CIRCUIT_FAMILIES_H_
#define FUSEBOX_SRC_PROMETHEUS_CIRCUIT_FAMILIES_H_

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/prometheus/collector.h"
#include "fusebox/registry_stats.h"
#include "fusebox/snapshot.h"
#include "src/prometheus/target_sum.h"

namespace fusebox {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// The names of the labels that are not the user's.
inline constexpr absl::string_view kCircuitLabels[] = {"circuit", "target",     "state",    "mode",
                                                       "result",  "from_state", "to_state", "code"};

// One scrape in the making. Not thread-safe.
class CircuitFamilies {
 public:
  // `labels` go on every series; `circuits` is about how many will be added.
  CircuitFamilies(MetricLabels labels, MetricDetail detail, std::size_t circuits);

  // `now` is the time of day when the snapshot was taken.
  void AddCircuit(const CircuitSnapshot& circuit, absl::Time now);

  void AddTarget(absl::string_view target, const TargetSum& sum);

  // `circuits` is how many were added.
  void AddRegistry(std::size_t circuits, const RegistryStats& stats);

  // Those that have a series.
  std::vector<prometheus::MetricFamily> Take() &&;

 private:
  class Series;

  static void AddTroubledCounters(const CircuitSnapshot& circuit, Series& series);
  static void AddGauges(const CircuitSnapshot& circuit, absl::Time now, Series& series);

  const MetricLabels labels_;
  const MetricDetail detail_;
  std::vector<prometheus::MetricFamily> families_;  // by Family
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_PROMETHEUS_CIRCUIT_FAMILIES_H_
