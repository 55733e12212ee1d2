// SPDX-License-Identifier: Apache-2.0
#include "src/prometheus/circuit_families.h"

#include <prometheus/metric_type.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "src/base/dcheck.h"

namespace fusebox::internal {
namespace {

prometheus::MetricType TypeOf(const Metric& metric) {
  switch (metric.type) {
    case MetricType::kCounter:
      return prometheus::MetricType::Counter;
    case MetricType::kGauge:
      return prometheus::MetricType::Gauge;
  }
  return prometheus::MetricType::Untyped;
}

// Writes a metric's series to its family.
class FamilyWriter final : public SeriesWriter {
 public:
  FamilyWriter(const Metric& metric, const MetricLabels& labels, prometheus::MetricFamily& family)
      : metric_(metric), labels_(labels), family_(family) {}

  void Write(double value, std::initializer_list<absl::string_view> label_values) override {
    FUSEBOX_DCHECK(label_values.size() <= metric_.labels.size());
    prometheus::ClientMetric& series = family_.metric.emplace_back();
    series.label.reserve(labels_.size() + label_values.size());
    series.label.assign(labels_.begin(), labels_.end());
    auto name = metric_.labels.begin();
    for (const absl::string_view label_value : label_values) {
      series.label.push_back({std::string(*name++), std::string(label_value)});
    }
    (metric_.type == MetricType::kCounter ? series.counter.value : series.gauge.value) = value;
  }

 private:
  const Metric& metric_;
  const MetricLabels& labels_;
  prometheus::MetricFamily& family_;
};

// Has each metric that is read from such a thing, and that `wanted` wants, write its series.
template <typename Reading, typename Wanted>
void ReadAll(const Reading& reading, const MetricLabels& labels,
             std::vector<prometheus::MetricFamily>& families, const Wanted& wanted) {
  using Reader = void (*)(const Reading&, SeriesWriter&);
  const absl::Span<const Metric> metrics = Metrics();
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const Reader* const read = std::get_if<Reader>(&metrics[i].read);
    if (read == nullptr || !wanted(metrics[i])) continue;
    FamilyWriter writer(metrics[i], labels, families[i]);
    (*read)(reading, writer);
  }
}

void ReadCircuit(const CircuitReading& reading, const MetricLabels& labels,
                 std::vector<prometheus::MetricFamily>& families) {
  ReadAll(reading, labels, families,
          [&reading](const Metric& metric) { return reading.Has(metric.need); });
}

bool Always(const Metric& /*metric*/) { return true; }

}  // namespace

CircuitFamilies::CircuitFamilies(MetricLabels labels, MetricDetail detail, std::size_t circuits)
    : labels_(std::move(labels)), detail_(detail), families_(Metrics().size()) {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    const Metric& metric = Metrics()[i];
    families_[i].name = metric.name;
    families_[i].help = metric.help;
    families_[i].type = TypeOf(metric);
  }
  // Room for what every circuit has, even one that is well.
  std::vector<prometheus::MetricFamily> of_one(families_.size());
  const CircuitSnapshot well;
  ReadCircuit(CircuitReading(well, absl::UnixEpoch(), /*full=*/false), {}, of_one);
  for (std::size_t i = 0; i < families_.size(); ++i) {
    families_[i].metric.reserve(of_one[i].metric.size() * circuits);
  }
}

void CircuitFamilies::AddCircuit(const CircuitSnapshot& circuit, absl::Time now) {
  MetricLabels labels = labels_;
  labels.push_back({std::string(kCircuitLabel), circuit.name});
  labels.push_back({std::string(kTargetLabel), circuit.target});
  ReadCircuit(CircuitReading(circuit, now, detail_ == MetricDetail::kAll), labels, families_);
}

void CircuitFamilies::AddTarget(const TargetReading& target) {
  MetricLabels labels = labels_;
  labels.push_back({std::string(kTargetLabel), std::string(target.target)});
  ReadAll(target, labels, families_, Always);
}

void CircuitFamilies::AddRegistry(const RegistryReading& registry) {
  ReadAll(registry, labels_, families_, Always);
}

void CircuitFamilies::AddConfig(const ConfigReading& config) {
  ReadAll(config, labels_, families_, Always);
}

std::vector<prometheus::MetricFamily> CircuitFamilies::Take() && {
  families_.erase(std::remove_if(families_.begin(), families_.end(),
                                 [](const auto& family) { return family.metric.empty(); }),
                  families_.end());
  return std::move(families_);
}

}  // namespace fusebox::internal
