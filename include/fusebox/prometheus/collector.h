// SPDX-License-Identifier: Apache-2.0
//
// The circuits of a registry as metrics, for the Exposer of prometheus-cpp that the program already
// has:
//
//   fusebox::CollectorOptions options;
//   options.registry = registry;
//   absl::StatusOr<std::shared_ptr<prometheus::Collectable>> metrics =
//       fusebox::CreateCollector(options);
//   if (!metrics.ok()) return metrics.status();
//   exposer.RegisterCollectable(*metrics);  // held weakly there: keep `metrics`
//
// A program with several registries has a page for each, by the second argument of
// `RegisterCollectable`: "/metrics/shard-7". On a page that two collectors share each metric is
// described twice, which the format doesn't allow.
//
// docs/metrics.md says what each metric means and which questions they answer.
#ifndef FUSEBOX_PROMETHEUS_COLLECTOR_H_
#define FUSEBOX_PROMETHEUS_COLLECTOR_H_

#include <prometheus/collectable.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"

namespace fusebox {

// Which series a circuit has.
enum class MetricDetail {
  // Five counters and gauges for every circuit. Further gauges while it is not CLOSED, is held by
  // an
  // operator or has a failure or slow call in its window; further counters once it has opened, was
  // moved by an operator or has rejected a call, from then on until it is removed.
  kTroubled = 0,
  // All that there is, some 24 and its failures by status code, for every circuit.
  kAll = 1,
};

struct CollectorOptions {
  // Whose circuits. Must not be null. The collector keeps it alive.
  std::shared_ptr<const CircuitRegistry> registry;

  // On every series, as in {{"shard", "7"}}: they tell the registries of a program apart. A
  // name is of letters, digits and underscores, begins neither with a digit nor with "__", and is
  // none of the collector's own (circuit, target, state, mode, result, from_state, to_state, code,
  // config_hash, config_version, config_file).
  // A value is UTF-8, of characters that can be seen or are spaces.
  std::map<std::string, std::string> labels;

  // For each circuit. The sums over each target are there in either case.
  MetricDetail detail = MetricDetail::kTroubled;
};

// What can be asked for all metrics of the registry's circuits; or one INVALID_ARGUMENT that names
// each bad field.
//
// A scrape reads the circuits one after the other, each at one moment, by their snapshots. It holds
// the registry for no more than a few hundred circuits at once, a circuit for one snapshot, and
// no call that needs no lock. It moves a circuit only as every look at it does (rule R1): an OPEN
// one whose time is up turns HALF_OPEN, and listeners are told on the scraping thread.
//
// There are as many series as the registry's bound allows: five for each circuit that is well (see
// MetricDetail), and some 20 for each target. Those of a circuit that was removed end; the sums
// over its target keep what it had counted, and never go down.
//
// A counter that appears together with its first increase hides that from rate() and increase(). So
// what these are mostly asked for is there from the start, at 0: a circuit's successes, failures,
// rejections and openings from CLOSED, and of a target all but failures with unusual status codes.
//
// Names of circuits and targets are labels as they are: each is valid (fusebox/circuit_name.h), and
// no two are alike.
//
// Thread-safety: may be asked from any thread at any time, from several at the same time too.
FUSEBOX_EXPORT absl::StatusOr<std::shared_ptr<prometheus::Collectable>> CreateCollector(
    CollectorOptions options);

}  // namespace fusebox

#endif  // FUSEBOX_PROMETHEUS_COLLECTOR_H_
