// SPDX-License-Identifier: Apache-2.0
#include "src/prometheus/circuit_families.h"

#include <prometheus/metric_type.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>

#include "fusebox/state.h"
#include "src/prometheus/label_text.h"

namespace fusebox {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

enum Family : std::size_t {
  kState,
  kMode,
  kCalls,
  kSlowCalls,
  kTransitions,
  kOpened,
  kFailureRate,
  kFailureRateThreshold,
  kSlowCallRate,
  kSlowCallRateThreshold,
  kInFlight,
  kRetryAfter,
  kRegistryCircuits,
  kRegistryEvicted,
};

struct FamilyInfo {
  const char* name;
  MetricType type;
  std::size_t series;  // that every circuit has
  const char* help;
};

// By Family.
constexpr FamilyInfo kInfo[] = {
    {"circuit_breaker_state", MetricType::Gauge, 3,
     "1 for the state that the circuit is in, 0 for the others."},
    {"circuit_breaker_mode", MetricType::Gauge, 4,
     "1 for the mode that an operator has set, or automatic; 0 for the others."},
    {"circuit_breaker_calls_total", MetricType::Counter, 6,
     "Calls by what became of them: success, failure or ignored for those that were let through "
     "and have ended; rejected, or too_many_calls for max_in_flight; and would_reject for those "
     "that shadow mode let through instead, which are counted by their outcome as well."},
    {"circuit_breaker_slow_calls_total", MetricType::Counter, 1,
     "Calls, successful or failed, that took slow_call_duration or longer."},
    {"circuit_breaker_state_transitions_total", MetricType::Counter, 5,
     "Changes of the circuit's state."},
    {"circuit_breaker_opened_total", MetricType::Counter, 1,
     "Times that the circuit has opened, from whichever state."},
    {"circuit_breaker_failure_rate", MetricType::Gauge, 0,
     "Share of failed calls in the window; absent while the window holds no call."},
    {"circuit_breaker_failure_rate_threshold", MetricType::Gauge, 0,
     "Failure rate at which the circuit opens; absent if its policy has no such rule."},
    {"circuit_breaker_slow_call_rate", MetricType::Gauge, 0,
     "Share of slow calls in the window; absent while the window holds no call, and if the policy "
     "doesn't say what is slow."},
    {"circuit_breaker_slow_call_rate_threshold", MetricType::Gauge, 0,
     "Slow-call rate at which the circuit opens; absent if its policy has no such rule."},
    {"circuit_breaker_in_flight", MetricType::Gauge, 1,
     "Calls that were let through and have not ended yet."},
    {"circuit_breaker_retry_after_seconds", MetricType::Gauge, 0,
     "Time until the open circuit lets a probe through; absent unless it is open, and while an "
     "operator holds it open for good."},
    {"circuit_breaker_registry_circuits", MetricType::Gauge, 0, "Circuits in the registry."},
    {"circuit_breaker_registry_evicted_total", MetricType::Counter, 0,
     "Circuits that had to go to keep the registry within its bound."},
};

// As label values, by State and by Mode.
constexpr const char* kStates[] = {"closed", "open", "half_open"};
constexpr const char* kModes[] = {"automatic", "forced_open", "disabled", "shadow"};

// Those that can happen (DESIGN R2, R4-R6, R8). They are there from the start, at 0: what appears
// at 1 is an increase that Prometheus does not see.
constexpr std::pair<State, State> kTransitionPairs[] = {
    {State::kClosed, State::kOpen},     {State::kOpen, State::kHalfOpen},
    {State::kHalfOpen, State::kClosed}, {State::kHalfOpen, State::kOpen},
    {State::kOpen, State::kClosed},
};

const char* Text(State state) { return kStates[static_cast<std::size_t>(state)]; }

double Share(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

// Adds the series of one circuit, or of the registry.
class CircuitFamilies::Series {
 public:
  Series(std::vector<prometheus::MetricFamily>& families, MetricLabels labels)
      : families_(families), labels_(std::move(labels)) {}

  void Gauge(Family family, double value,
             std::initializer_list<std::pair<const char*, const char*>> labels = {}) {
    Add(family, labels).gauge.value = value;
  }
  void Counter(Family family, int64_t value,
               std::initializer_list<std::pair<const char*, const char*>> labels = {}) {
    Add(family, labels).counter.value = static_cast<double>(value);
  }

 private:
  ClientMetric& Add(Family family,
                    std::initializer_list<std::pair<const char*, const char*>> labels) {
    ClientMetric& metric = families_[family].metric.emplace_back();
    metric.label.reserve(labels_.size() + labels.size());
    metric.label.assign(labels_.begin(), labels_.end());
    for (const auto& [name, value] : labels) metric.label.push_back({name, value});
    return metric;
  }

  std::vector<prometheus::MetricFamily>& families_;
  const MetricLabels labels_;
};

CircuitFamilies::CircuitFamilies(MetricLabels labels, std::size_t circuits)
    : labels_(std::move(labels)), families_(std::size(kInfo)) {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    families_[i].name = kInfo[i].name;
    families_[i].help = kInfo[i].help;
    families_[i].type = kInfo[i].type;
    families_[i].metric.reserve(kInfo[i].series * circuits);
  }
}

void CircuitFamilies::AddCircuit(const CircuitSnapshot& circuit, absl::Time now) {
  MetricLabels labels = labels_;
  labels.push_back({"circuit", LabelText(circuit.name)});
  labels.push_back({"target", LabelText(circuit.target)});
  Series series(families_, std::move(labels));

  for (std::size_t i = 0; i < std::size(kStates); ++i) {
    series.Gauge(kState, circuit.state == static_cast<State>(i) ? 1 : 0, {{"state", kStates[i]}});
  }
  for (std::size_t i = 0; i < std::size(kModes); ++i) {
    series.Gauge(kMode, circuit.mode == static_cast<Mode>(i) ? 1 : 0, {{"mode", kModes[i]}});
  }

  const Totals& totals = circuit.totals;
  const std::pair<const char*, int64_t> results[] = {
      {"success", totals.success},
      {"failure", totals.failure},
      {"ignored", totals.ignored},
      {"rejected", totals.rejected},
      {"too_many_calls", totals.too_many_calls},
      {"would_reject", totals.would_reject},
  };
  for (const auto& [result, count] : results) series.Counter(kCalls, count, {{"result", result}});
  series.Counter(kSlowCalls, totals.slow);
  for (const auto& [from, to] : kTransitionPairs) {
    series.Counter(kTransitions, totals.Transitions(from, to),
                   {{"from_state", Text(from)}, {"to_state", Text(to)}});
  }
  series.Counter(kOpened, totals.opened);

  const Policy& policy = circuit.policy;
  const WindowCounts& window = circuit.window;
  if (window.recorded > 0) {
    series.Gauge(kFailureRate, Share(window.failures, window.recorded));
    if (policy.slow_call_duration) series.Gauge(kSlowCallRate, Share(window.slow, window.recorded));
  }
  if (policy.failure_rate) series.Gauge(kFailureRateThreshold, *policy.failure_rate);
  if (policy.slow_call_rate) series.Gauge(kSlowCallRateThreshold, *policy.slow_call_rate);

  series.Gauge(kInFlight, static_cast<double>(circuit.in_flight));
  if (circuit.next_probe) {
    const absl::Duration left = std::max(*circuit.next_probe - now, absl::ZeroDuration());
    series.Gauge(kRetryAfter, absl::ToDoubleSeconds(left));
  }
}

void CircuitFamilies::AddRegistry(std::size_t circuits, int64_t evicted) {
  Series series(families_, labels_);
  series.Gauge(kRegistryCircuits, static_cast<double>(circuits));
  series.Counter(kRegistryEvicted, evicted);
}

std::vector<prometheus::MetricFamily> CircuitFamilies::Take() && {
  families_.erase(std::remove_if(families_.begin(), families_.end(),
                                 [](const auto& family) { return family.metric.empty(); }),
                  families_.end());
  return std::move(families_);
}

}  // namespace fusebox
