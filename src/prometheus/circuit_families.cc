// SPDX-License-Identifier: Apache-2.0
#include "src/prometheus/circuit_families.h"

#include <prometheus/metric_type.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "fusebox/state.h"

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
  kCircuitFailures,
  kTargetCircuits,
  kTargetCalls,
  kTargetSlowCalls,
  kTargetOpened,
  kTargetInFlight,
  kFailures,
  kRegistryCircuits,
  kRegistryEvicted,
  kRegistryUnprotectedCalls,
  kUserCodeFailures,
  kDroppedEvents,
};

struct FamilyInfo {
  const char* name;
  MetricType type;
  std::size_t series;  // that every circuit has, even one that is well
  const char* help;
};

// By Family.
constexpr FamilyInfo kInfo[] = {
    {"circuit_breaker_state", MetricType::Gauge, 1,
     "1 for the state that the circuit is in, 0 for the others."},
    {"circuit_breaker_mode", MetricType::Gauge, 0,
     "1 for the mode that an operator has set, or automatic; 0 for the others."},
    {"circuit_breaker_calls_total", MetricType::Counter, 3,
     "Calls by what became of them: success, failure or ignored for those that were let through "
     "and have ended; rejected, or too_many_calls for max_in_flight; and would_reject for those "
     "that shadow mode let through instead, which are counted by their outcome as well."},
    {"circuit_breaker_slow_calls_total", MetricType::Counter, 0,
     "Calls, successful or failed, that took slow_call_duration or longer."},
    {"circuit_breaker_state_transitions_total", MetricType::Counter, 1,
     "Changes of the circuit's state."},
    {"circuit_breaker_opened_total", MetricType::Counter, 0,
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
    {"circuit_breaker_in_flight", MetricType::Gauge, 0,
     "Calls that were let through and have not ended yet."},
    {"circuit_breaker_retry_after_seconds", MetricType::Gauge, 0,
     "Time until the open circuit lets a probe through; absent unless it is open, and while an "
     "operator holds it open for good."},
    {"circuit_breaker_circuit_failures_total", MetricType::Counter, 0,
     "Failed calls of one circuit, by status code."},
    {"circuit_breaker_target_circuits", MetricType::Gauge, 0,
     "Circuits of the target, by the state that they are in."},
    {"circuit_breaker_target_calls_total", MetricType::Counter, 0,
     "Sum of circuit_breaker_calls_total over the target's circuits, with those that were "
     "removed."},
    {"circuit_breaker_target_slow_calls_total", MetricType::Counter, 0,
     "Sum of circuit_breaker_slow_calls_total over the target's circuits, with those that were "
     "removed."},
    {"circuit_breaker_target_opened_total", MetricType::Counter, 0,
     "Sum of circuit_breaker_opened_total over the target's circuits, with those that were "
     "removed."},
    {"circuit_breaker_target_in_flight", MetricType::Gauge, 0,
     "Sum of circuit_breaker_in_flight over the target's circuits."},
    {"circuit_breaker_failures_total", MetricType::Counter, 0,
     "Failed calls by status code, over the target's circuits, with those that were removed."},
    {"circuit_breaker_registry_circuits", MetricType::Gauge, 0, "Circuits in the registry."},
    {"circuit_breaker_registry_evicted_total", MetricType::Counter, 0,
     "Circuits that had to go to keep the registry within its bound."},
    {"circuit_breaker_registry_unprotected_calls_total", MetricType::Counter, 0,
     "Calls that went without a circuit because the registry was full of circuits that must "
     "stay."},
    {"circuit_breaker_registry_user_code_failures_total", MetricType::Counter, 0,
     "Times that code of the application's, such as a listener or a predicate, has thrown an "
     "exception."},
    {"circuit_breaker_registry_dropped_events_total", MetricType::Counter, 0,
     "Events that listeners were not told of, because one of them didn't return in time."},
};

// As label values, by State and by Mode.
constexpr const char* kStates[] = {"closed", "open", "half_open"};
constexpr const char* kModes[] = {"automatic", "forced_open", "disabled", "shadow"};

// Those that can happen (rules R2, R4-R6, R8). They are there from the start, at 0: what appears
// at 1 is an increase that Prometheus does not see.
constexpr std::pair<State, State> kTransitionPairs[] = {
    {State::kClosed, State::kOpen},     {State::kOpen, State::kHalfOpen},
    {State::kHalfOpen, State::kClosed}, {State::kHalfOpen, State::kOpen},
    {State::kOpen, State::kClosed},
};

const char* Text(State state) { return kStates[static_cast<std::size_t>(state)]; }

// The results that make a target's sums, and one circuit's.
struct Result {
  const char* text;
  int64_t Totals::*count;
};
constexpr Result kAlwaysShown[] = {
    {"success", &Totals::success},
    {"failure", &Totals::failure},
    {"rejected", &Totals::rejected},
};
constexpr Result kShownInTrouble[] = {
    {"ignored", &Totals::ignored},
    {"too_many_calls", &Totals::too_many_calls},
    {"would_reject", &Totals::would_reject},
};

// The status codes of which a failure is nothing unusual: those that count as one unless told
// otherwise (rule C2). They are there from the start, the others once seen.
constexpr int kUsualCodes[] = {2, 4, 8, 13, 14, 15};

bool IsUsual(int code) {
  return std::find(std::begin(kUsualCodes), std::end(kUsualCodes), code) != std::end(kUsualCodes);
}

std::string CodeText(int code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

// What doesn't become false again, so that counters which have begun go on.
bool WasEverInTrouble(const CircuitSnapshot& circuit) {
  const Totals& totals = circuit.totals;
  return totals.opened > 0 || totals.rejected > 0 || totals.too_many_calls > 0 ||
         totals.would_reject > 0 || circuit.last_action.has_value();
}

bool IsInTrouble(const CircuitSnapshot& circuit) {
  return circuit.state != State::kClosed || circuit.mode != Mode::kAutomatic ||
         circuit.consecutive_failures > 0 || circuit.window.failures > 0 || circuit.window.slow > 0;
}

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

CircuitFamilies::CircuitFamilies(MetricLabels labels, MetricDetail detail, std::size_t circuits)
    : labels_(std::move(labels)), detail_(detail), families_(std::size(kInfo)) {
  for (std::size_t i = 0; i < families_.size(); ++i) {
    families_[i].name = kInfo[i].name;
    families_[i].help = kInfo[i].help;
    families_[i].type = kInfo[i].type;
    families_[i].metric.reserve(kInfo[i].series * circuits);
  }
}

void CircuitFamilies::AddCircuit(const CircuitSnapshot& circuit, absl::Time now) {
  MetricLabels labels = labels_;
  labels.push_back({"circuit", circuit.name});
  labels.push_back({"target", circuit.target});
  Series series(families_, std::move(labels));

  const Totals& totals = circuit.totals;
  series.Gauge(kState, circuit.state == State::kClosed ? 1 : 0, {{"state", Text(State::kClosed)}});
  for (const Result& result : kAlwaysShown) {
    series.Counter(kCalls, totals.*result.count, {{"result", result.text}});
  }
  series.Counter(kTransitions, totals.Transitions(State::kClosed, State::kOpen),
                 {{"from_state", Text(State::kClosed)}, {"to_state", Text(State::kOpen)}});

  const bool all = detail_ == MetricDetail::kAll;
  if (all || WasEverInTrouble(circuit)) AddTroubledCounters(circuit, series);
  if (all || IsInTrouble(circuit)) AddGauges(circuit, now, series);
  if (!all) return;
  for (std::size_t code = 0; code < totals.failures_by_code.size(); ++code) {
    const int64_t failures = totals.failures_by_code[code];
    if (failures == 0) continue;
    series.Counter(kCircuitFailures, failures,
                   {{"code", CodeText(static_cast<int>(code)).c_str()}});
  }
}

// And the gauges that tell what the counters are to be read with.
void CircuitFamilies::AddTroubledCounters(const CircuitSnapshot& circuit, Series& series) {
  for (const State state : {State::kOpen, State::kHalfOpen}) {
    series.Gauge(kState, circuit.state == state ? 1 : 0, {{"state", Text(state)}});
  }
  for (std::size_t i = 0; i < std::size(kModes); ++i) {
    series.Gauge(kMode, circuit.mode == static_cast<Mode>(i) ? 1 : 0, {{"mode", kModes[i]}});
  }
  const Totals& totals = circuit.totals;
  for (const Result& result : kShownInTrouble) {
    series.Counter(kCalls, totals.*result.count, {{"result", result.text}});
  }
  series.Counter(kSlowCalls, totals.slow);
  for (const auto& [from, to] : kTransitionPairs) {
    if (from == State::kClosed) continue;  // which every circuit has
    series.Counter(kTransitions, totals.Transitions(from, to),
                   {{"from_state", Text(from)}, {"to_state", Text(to)}});
  }
  series.Counter(kOpened, totals.opened);
}

void CircuitFamilies::AddGauges(const CircuitSnapshot& circuit, absl::Time now, Series& series) {
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

void CircuitFamilies::AddTarget(absl::string_view target, const TargetSum& sum) {
  MetricLabels labels = labels_;
  labels.push_back({"target", std::string(target)});
  Series series(families_, std::move(labels));
  for (const State state : {State::kClosed, State::kOpen, State::kHalfOpen}) {
    series.Gauge(kTargetCircuits,
                 static_cast<double>(sum.circuits[static_cast<std::size_t>(state)]),
                 {{"state", Text(state)}});
  }
  const Totals& totals = sum.totals;
  for (const Result& result : kAlwaysShown) {
    series.Counter(kTargetCalls, totals.*result.count, {{"result", result.text}});
  }
  for (const Result& result : kShownInTrouble) {
    series.Counter(kTargetCalls, totals.*result.count, {{"result", result.text}});
  }
  series.Counter(kTargetSlowCalls, totals.slow);
  series.Counter(kTargetOpened, totals.opened);
  series.Gauge(kTargetInFlight, static_cast<double>(sum.in_flight));
  for (std::size_t i = 0; i < totals.failures_by_code.size(); ++i) {
    const int code = static_cast<int>(i);
    if (totals.failures_by_code[i] == 0 && !IsUsual(code)) continue;
    series.Counter(kFailures, totals.failures_by_code[i], {{"code", CodeText(code).c_str()}});
  }
}

void CircuitFamilies::AddRegistry(std::size_t circuits, const RegistryStats& stats) {
  Series series(families_, labels_);
  series.Gauge(kRegistryCircuits, static_cast<double>(circuits));
  series.Counter(kRegistryEvicted, stats.evicted);
  series.Counter(kRegistryUnprotectedCalls, stats.unprotected_calls);
  series.Counter(kUserCodeFailures, stats.user_code_failures);
  series.Counter(kDroppedEvents, stats.dropped_events);
}

std::vector<prometheus::MetricFamily> CircuitFamilies::Take() && {
  families_.erase(std::remove_if(families_.begin(), families_.end(),
                                 [](const auto& family) { return family.metric.empty(); }),
                  families_.end());
  return std::move(families_);
}

}  // namespace fusebox
