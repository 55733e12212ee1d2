// SPDX-License-Identifier: Apache-2.0
//
// Every metric that there is, once: its name, type, labels, what is said of it, and how it is read.
// An exporter goes through the table and adds nothing of its own:
//
//   for (const Metric& metric : Metrics()) {
//     if (const CircuitReader* read = std::get_if<CircuitReader>(&metric.read)) ...
//   }
//
// A name here is a promise: dashboards and alerts are written against it.
#ifndef FUSEBOX_SRC_READERS_METRICS_H_
#define FUSEBOX_SRC_READERS_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "fusebox/config_status.h"
#include "fusebox/registry_stats.h"
#include "fusebox/snapshot.h"
#include "src/readers/target_sum.h"

namespace fusebox::internal {

enum class MetricType { kCounter, kGauge };

// Which circuits have a series of a metric; in full detail all of them have.
enum class MetricNeed {
  kNothing,      // every circuit has it
  kWasTroubled,  // once it has opened, rejected a call or been moved by an operator
  kIsTroubled,   // while it isn't CLOSED, is limited or held, or has a failure in its window
  kFullDetail,
};

// Where a metric's series go.
class SeriesWriter {
 public:
  virtual ~SeriesWriter() = default;

  // `label_values` are those of Metric::labels.
  void Add(double value, std::initializer_list<absl::string_view> label_values = {}) {
    Write(value, label_values);
  }
  void Add(int64_t value, std::initializer_list<absl::string_view> label_values = {}) {
    Write(static_cast<double>(value), label_values);
  }

 private:
  virtual void Write(double value, std::initializer_list<absl::string_view> label_values) = 0;
};

// One circuit at one moment. Its series have the labels kCircuitLabel and kTargetLabel too.
struct CircuitReading {
  // `time` is the time of day when the snapshot was taken; the snapshot must outlive this.
  CircuitReading(const CircuitSnapshot& snapshot, absl::Time time, bool full);

  // Whether it has series that need that.
  bool Has(MetricNeed need) const;

  const CircuitSnapshot& circuit;
  const absl::Time now;
  const bool full_detail;
  const bool was_troubled;
  const bool is_troubled;
};

// The circuits of one target. Its series have the label kTargetLabel too.
struct TargetReading {
  absl::string_view target;
  const TargetSum& sum;
};

struct RegistryReading {
  std::size_t circuits;
  const RegistryStats& stats;
};

// The configuration file that the registry's policies are from, if there is one.
struct ConfigReading {
  const ConfigStatus& status;
};

inline constexpr absl::string_view kCircuitLabel = "circuit";
inline constexpr absl::string_view kTargetLabel = "target";

using CircuitReader = void (*)(const CircuitReading& from, SeriesWriter& to);
using TargetReader = void (*)(const TargetReading& from, SeriesWriter& to);
using RegistryReader = void (*)(const RegistryReading& from, SeriesWriter& to);
using ConfigReader = void (*)(const ConfigReading& from, SeriesWriter& to);

struct Metric {
  const char* name;
  MetricType type;
  std::array<absl::string_view, 3> labels;  // "": no more of them
  MetricNeed need;   // of a circuit's: the least that it takes to have any of its series
  const char* help;  // a sentence or two, that goes with the metric
  const char* note;  // what else docs/metrics.md says of it; may be empty
  std::variant<CircuitReader, TargetReader, RegistryReader, ConfigReader> read;
};

// In the order in which they are shown.
absl::Span<const Metric> Metrics();

// Every label that a metric has, each once: none of them can be a user's.
std::vector<absl::string_view> MetricLabelNames();

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_READERS_METRICS_H_
