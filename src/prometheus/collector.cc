// SPDX-License-Identifier: Apache-2.0
#include "fusebox/prometheus/collector.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fusebox/circuit_breaker.h"
#include "src/prometheus/circuit_families.h"
#include "src/prometheus/label_text.h"

namespace fusebox {
namespace {

// The most circuits that the registry is asked for at a time, since it can't make one meanwhile.
constexpr std::size_t kPage = 256;

class Collector final : public prometheus::Collectable {
 public:
  Collector(std::shared_ptr<const CircuitRegistry> registry, MetricLabels labels)
      : registry_(std::move(registry)), labels_(std::move(labels)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    CircuitFamilies families(labels_, registry_->size());
    std::size_t seen = 0;
    std::vector<std::shared_ptr<CircuitBreaker>> page = registry_->Circuits({}, kPage);
    while (!page.empty()) {
      for (const auto& circuit : page) {
        families.AddCircuit(circuit->Snapshot(), registry_->clock().WallNow());
      }
      seen += page.size();
      page = registry_->Circuits(page.back()->name(), kPage);
    }
    families.AddRegistry(seen, registry_->evicted());
    return std::move(families).Take();
  }

 private:
  const std::shared_ptr<const CircuitRegistry> registry_;
  const MetricLabels labels_;
};

bool IsOwnLabel(absl::string_view name) {
  return std::find(std::begin(kCircuitLabels), std::end(kCircuitLabels), name) !=
         std::end(kCircuitLabels);
}

std::vector<std::string> Errors(const CollectorOptions& options) {
  std::vector<std::string> errors;
  if (options.registry == nullptr) errors.emplace_back("registry = null, must be a registry");
  for (const auto& [name, value] : options.labels) {
    if (IsOwnLabel(name)) {
      errors.push_back(absl::StrCat("labels = \"", name, "\", must be none of ",
                                    absl::StrJoin(kCircuitLabels, ", ")));
    } else if (!IsLabelName(name)) {
      errors.push_back(absl::StrCat("labels = \"", name,
                                    "\", must be of letters, digits and underscores, and begin "
                                    "neither with a digit nor with \"__\""));
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
  for (const auto& [name, value] : options.labels) labels.push_back({name, LabelText(value)});
  return std::make_shared<Collector>(std::move(options.registry), std::move(labels));
}

}  // namespace fusebox
