// SPDX-License-Identifier: Apache-2.0
#include "fusebox/prometheus/collector.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/config_status.h"
#include "src/base/printable.h"
#include "src/prometheus/circuit_families.h"
#include "src/prometheus/label_name.h"
#include "src/readers/circuit_cursor.h"
#include "src/readers/metrics.h"
#include "src/readers/target_sum.h"

namespace fusebox {

using internal::CircuitCursor;
using internal::CircuitFamilies;
using internal::FirstUnprintable;
using internal::IsLabelName;
using internal::MetricLabelNames;
using internal::MetricLabels;
using internal::Printable;
using internal::ShownSums;
using internal::SumsByTarget;
using internal::TargetSummer;

namespace {

class Collector final : public prometheus::Collectable {
 public:
  Collector(std::shared_ptr<const CircuitRegistry> registry, MetricLabels labels,
            MetricDetail detail)
      : registry_(std::move(registry)), labels_(std::move(labels)), detail_(detail) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    CircuitFamilies families(labels_, detail_, registry_->size());
    TargetSummer summer(registry_->RemovedTotals());
    std::size_t seen = 0;
    CircuitCursor circuits(*registry_);
    while (const std::shared_ptr<CircuitBreaker> circuit = circuits.Next()) {
      const CircuitSnapshot snapshot = circuit->Snapshot();
      families.AddCircuit(snapshot, registry_->clock().WallNow());
      summer.Add(snapshot);
      ++seen;
    }
    SumsByTarget sums = std::move(summer).Take();
    shown_.Raise(sums);
    for (const auto& [target, sum] : sums) families.AddTarget({target, sum});
    families.AddRegistry({seen, registry_->Stats()});
    if (const std::shared_ptr<ConfigControl> config = registry_->config_control()) {
      families.AddConfig({config->Status()});
    }
    return std::move(families).Take();
  }

 private:
  const std::shared_ptr<const CircuitRegistry> registry_;
  const MetricLabels labels_;
  const MetricDetail detail_;
  mutable ShownSums shown_;
};

std::vector<std::string> Errors(const CollectorOptions& options) {
  std::vector<std::string> errors;
  if (options.registry == nullptr) errors.emplace_back("registry = null, must not be null");
  const std::vector<absl::string_view> own = MetricLabelNames();
  for (const auto& [name, value] : options.labels) {
    if (std::find(own.begin(), own.end(), name) != own.end()) {
      errors.push_back(
          absl::StrCat("labels = \"", name, "\", must be none of ", absl::StrJoin(own, ", ")));
    } else if (!IsLabelName(name)) {
      errors.push_back(
          absl::StrCat("labels = \"", Printable(name),
                       "\", must consist of letters, digits and underscores, and begin "
                       "neither with a digit nor with \"__\""));
    }
    if (const std::string unprintable = FirstUnprintable(value); !unprintable.empty()) {
      errors.push_back(absl::StrCat("labels[\"", Printable(name), "\"] = \"", Printable(value),
                                    "\", must be printable text in UTF-8, without ", unprintable));
    }
  }
  return errors;
}

}  // namespace

absl::StatusOr<std::shared_ptr<prometheus::Collectable>> CreateCollector(CollectorOptions options) {
  const std::vector<std::string> errors = Errors(options);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid collector: ", absl::StrJoin(errors, "; ")));
  }
  MetricLabels labels;
  for (const auto& [name, value] : options.labels) labels.push_back({name, value});
  return std::make_shared<Collector>(std::move(options.registry), std::move(labels),
                                     options.detail);
}

}  // namespace fusebox
