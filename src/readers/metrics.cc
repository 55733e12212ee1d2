// SPDX-License-Identifier: Apache-2.0
#include "src/readers/metrics.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "fusebox/outcome.h"
#include "fusebox/policy.h"
#include "fusebox/state.h"
#include "src/base/lower_case.h"

namespace fusebox::internal {
namespace {

// As label values.
const char* Text(State state) {
  switch (state) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case State::enumerator: {                    \
    static constexpr LowerCase kName(#name);   \
    return kName.c_str();                      \
  }
    FUSEBOX_STATES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case State::kUnknown:
      break;
  }
  return "unknown";
}

const char* Text(Mode mode) {
  switch (mode) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case Mode::enumerator: {                     \
    static constexpr LowerCase kName(#name);   \
    return kName.c_str();                      \
  }
    FUSEBOX_MODES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "unknown";
}

// Those that can happen (rules R2, R4-R6, R8). They are there from the start, at 0: what appears
// at 1 is an increase that Prometheus does not see.
struct Transition {
  State from;
  State to;
  MetricNeed need;
};
constexpr Transition kTransitions[] = {
    {State::kClosed, State::kOpen, MetricNeed::kNothing},
    {State::kOpen, State::kHalfOpen, MetricNeed::kWasTroubled},
    {State::kHalfOpen, State::kClosed, MetricNeed::kWasTroubled},
    {State::kHalfOpen, State::kOpen, MetricNeed::kWasTroubled},
    {State::kOpen, State::kClosed, MetricNeed::kWasTroubled},
};

// What becomes of calls.
struct Result {
  const char* text;
  int64_t Totals::*count;
  MetricNeed need;
};
constexpr Result kResults[] = {
    {"success", &Totals::success, MetricNeed::kNothing},
    {"failure", &Totals::failure, MetricNeed::kNothing},
    {"rejected", &Totals::rejected, MetricNeed::kNothing},
    {"ignored", &Totals::ignored, MetricNeed::kWasTroubled},
    {"too_many_calls", &Totals::too_many_calls, MetricNeed::kWasTroubled},
    {"would_reject", &Totals::would_reject, MetricNeed::kWasTroubled},
};

// By status code. Those that count as a failure unless told otherwise are nothing unusual: they are
// there from the start, the others once seen.
void AddFailures(const Totals& totals, bool usual_ones, SeriesWriter& to) {
  for (std::size_t i = 0; i < totals.failures_by_code.size(); ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    const bool usual = IsFailure(DefaultOutcomeKind(code));
    if (totals.failures_by_code[i] == 0 && !(usual && usual_ones)) continue;
    to.Add(totals.failures_by_code[i], {absl::StatusCodeToString(code)});
  }
}

// Of the calls that the window holds, if it holds any.
void AddShare(int64_t part, const CircuitReading& from, SeriesWriter& to) {
  const int64_t whole = from.circuit.window.recorded;
  if (whole > 0) to.Add(static_cast<double>(part) / static_cast<double>(whole));
}

constexpr std::array<absl::string_view, 3> kNoLabels{};

constexpr Metric kMetrics[] = {
    {"circuit_breaker_state",
     MetricType::kGauge,
     {"state"},
     MetricNeed::kNothing,
     "1 for the state that the circuit is in, 0 for the others.",
     "`closed` is always there, `open` and `half_open` once it was in trouble. A circuit on its "
     "recovery ramp is `half_open`, one forced open is `open`.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       for (const State state : {State::kClosed, State::kOpen, State::kHalfOpen}) {
         if (state != State::kClosed && !from.Has(MetricNeed::kWasTroubled)) continue;
         to.Add(int64_t{from.circuit.state == state}, {Text(state)});
       }
     })},
    {"circuit_breaker_mode",
     MetricType::kGauge,
     {"mode"},
     MetricNeed::kWasTroubled,
     "1 for the mode that an operator has set, or automatic; 0 for the others.",
     "`automatic`, `forced_open`, `disabled`, `shadow`.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       for (std::size_t i = 0; i < kModeCount; ++i) {
         const auto mode = static_cast<Mode>(i);
         to.Add(int64_t{from.circuit.mode == mode}, {Text(mode)});
       }
     })},
    {"circuit_breaker_calls_total",
     MetricType::kCounter,
     {"result"},
     MetricNeed::kNothing,
     "Calls by what became of them: success, failure or ignored for those that were let through "
     "and have ended; rejected, or too_many_calls for max_in_flight; and would_reject for those "
     "that shadow mode let through instead, which are counted by their outcome as well.",
     "`success`, `failure` and `rejected` are always there, the others once it was in trouble: "
     "see below.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       for (const Result& result : kResults) {
         if (from.Has(result.need)) to.Add(from.circuit.totals.*result.count, {result.text});
       }
     })},
    {"circuit_breaker_slow_calls_total", MetricType::kCounter, kNoLabels, MetricNeed::kWasTroubled,
     "Calls, successful or failed, that took slow_call_duration or longer.", "",
     CircuitReader(
         [](const CircuitReading& from, SeriesWriter& to) { to.Add(from.circuit.totals.slow); })},
    {"circuit_breaker_state_transitions_total",
     MetricType::kCounter,
     {"from_state", "to_state"},
     MetricNeed::kNothing,
     "Changes of the circuit's state.",
     "The five that can happen: `closed` to `open` always, the others once it was in trouble.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       for (const Transition& move : kTransitions) {
         if (!from.Has(move.need)) continue;
         to.Add(from.circuit.totals.Transitions(move.from, move.to),
                {Text(move.from), Text(move.to)});
       }
     })},
    {"circuit_breaker_opened_total", MetricType::kCounter, kNoLabels, MetricNeed::kWasTroubled,
     "Times that the circuit has opened, from whichever state.", "",
     CircuitReader(
         [](const CircuitReading& from, SeriesWriter& to) { to.Add(from.circuit.totals.opened); })},
    {"circuit_breaker_probes_failed_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kWasTroubled,
     "Probes that left the circuit open, under adaptive_recovery or health_probe.",
     "Calls, or questions to the dependency, that an outage has cost while the circuit was open.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       to.Add(from.circuit.totals.probes_failed);
     })},
    {"circuit_breaker_failure_rate", MetricType::kGauge, kNoLabels, MetricNeed::kIsTroubled,
     "Share of failed calls in the window; absent while the window holds no call.",
     "That is after each transition, and all the time that it is `open` or probes.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       AddShare(from.circuit.window.failures, from, to);
     })},
    {"circuit_breaker_failure_rate_threshold", MetricType::kGauge, kNoLabels,
     MetricNeed::kIsTroubled,
     "Failure rate at which the circuit opens; absent if its policy has no such rule.", "",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (from.circuit.policy->failure_rate) to.Add(*from.circuit.policy->failure_rate);
     })},
    {"circuit_breaker_slow_call_rate", MetricType::kGauge, kNoLabels, MetricNeed::kIsTroubled,
     "Share of slow calls in the window; absent while the window holds no call, and if the policy "
     "doesn't say what is slow.",
     "", CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (from.circuit.policy->slow_call_duration) AddShare(from.circuit.window.slow, from, to);
     })},
    {"circuit_breaker_slow_call_rate_threshold", MetricType::kGauge, kNoLabels,
     MetricNeed::kIsTroubled,
     "Slow-call rate at which the circuit opens; absent if its policy has no such rule.", "",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (from.circuit.policy->slow_call_rate) to.Add(*from.circuit.policy->slow_call_rate);
     })},
    {"circuit_breaker_in_flight", MetricType::kGauge, kNoLabels, MetricNeed::kIsTroubled,
     "Calls that were let through and have not ended yet.", "",
     CircuitReader(
         [](const CircuitReading& from, SeriesWriter& to) { to.Add(from.circuit.in_flight); })},
    {"circuit_breaker_retry_after_seconds", MetricType::kGauge, kNoLabels, MetricNeed::kIsTroubled,
     "Time until the open circuit lets a probe through; absent unless it is open, and while an "
     "operator holds it open for good.",
     "", CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (!from.circuit.next_probe) return;
       to.Add(absl::ToDoubleSeconds(
           std::max(*from.circuit.next_probe - from.now, absl::ZeroDuration())));
     })},
    {"circuit_breaker_limit", MetricType::kGauge, kNoLabels, MetricNeed::kIsTroubled,
     "Calls that may be in flight, or below 1 the share of calls that is let through, in slow "
     "start and under overload_limit; absent without a limit.",
     "", CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (from.circuit.limit) to.Add(*from.circuit.limit);
     })},
    {"circuit_breaker_awaits_connection", MetricType::kGauge, kNoLabels, MetricNeed::kIsTroubled,
     "1 while a probe is due and the channel isn't connected, else 0.", "",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       to.Add(int64_t{from.circuit.awaits_connection});
     })},
    {"circuit_breaker_shadow_state",
     MetricType::kGauge,
     {"state"},
     MetricNeed::kNothing,
     "1 for the state that the circuit would be in by its policy's candidate, 0 for the others; "
     "absent if its policy has none.",
     "",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (!from.circuit.shadow) return;
       for (const State state : {State::kClosed, State::kOpen, State::kHalfOpen}) {
         to.Add(int64_t{from.circuit.shadow->state == state}, {Text(state)});
       }
     })},
    {"circuit_breaker_shadow_calls_total",
     MetricType::kCounter,
     {"result"},
     MetricNeed::kNothing,
     "Calls since the policy's candidate was set, by what the two make of them: admitted or "
     "rejected by both; would_reject for those that only the candidate rejects, would_admit for "
     "those that only it admits. Absent if the policy has none.",
     "They begin anew with another candidate.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (!from.circuit.shadow) return;
       const ShadowCounts& counts = *from.circuit.shadow;
       to.Add(counts.calls - counts.rejected - counts.would_reject, {"admitted"});
       to.Add(counts.rejected - counts.would_admit, {"rejected"});
       to.Add(counts.would_reject, {"would_reject"});
       to.Add(counts.would_admit, {"would_admit"});
     })},
    {"circuit_breaker_shadow_opened_total", MetricType::kCounter, kNoLabels, MetricNeed::kNothing,
     "Times that the policy's candidate would have opened the circuit; absent if it has none.", "",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       if (from.circuit.shadow) to.Add(from.circuit.shadow->would_open);
     })},
    {"circuit_breaker_circuit_failures_total",
     MetricType::kCounter,
     {"code"},
     MetricNeed::kFullDetail,
     "Failed calls of one circuit, by status code.",
     "As in `UNAVAILABLE`; each code once it occurs.",
     CircuitReader([](const CircuitReading& from, SeriesWriter& to) {
       AddFailures(from.circuit.totals, /*usual_ones=*/false, to);
     })},

    {"circuit_breaker_target_circuits",
     MetricType::kGauge,
     {"state"},
     MetricNeed::kNothing,
     "Circuits of the target, by the state that they are in.",
     "",
     TargetReader([](const TargetReading& from, SeriesWriter& to) {
       for (const State state : {State::kClosed, State::kOpen, State::kHalfOpen}) {
         to.Add(from.sum.circuits[static_cast<std::size_t>(state)], {Text(state)});
       }
     })},
    {"circuit_breaker_target_calls_total",
     MetricType::kCounter,
     {"result"},
     MetricNeed::kNothing,
     "Sum of circuit_breaker_calls_total over the target's circuits, with those that were "
     "removed.",
     "",
     TargetReader([](const TargetReading& from, SeriesWriter& to) {
       for (const Result& result : kResults) {
         to.Add(from.sum.totals.*result.count, {result.text});
       }
     })},
    {"circuit_breaker_target_slow_calls_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kNothing,
     "Sum of circuit_breaker_slow_calls_total over the target's circuits, with those that were "
     "removed.",
     "", TargetReader([](const TargetReading& from, SeriesWriter& to) {
       to.Add(from.sum.totals.slow);
     })},
    {"circuit_breaker_target_opened_total", MetricType::kCounter, kNoLabels, MetricNeed::kNothing,
     "Sum of circuit_breaker_opened_total over the target's circuits, with those that were "
     "removed.",
     "", TargetReader([](const TargetReading& from, SeriesWriter& to) {
       to.Add(from.sum.totals.opened);
     })},
    {"circuit_breaker_target_in_flight", MetricType::kGauge, kNoLabels, MetricNeed::kNothing,
     "Sum of circuit_breaker_in_flight over the target's circuits.", "",
     TargetReader([](const TargetReading& from, SeriesWriter& to) { to.Add(from.sum.in_flight); })},
    {"circuit_breaker_failures_total",
     MetricType::kCounter,
     {"code"},
     MetricNeed::kNothing,
     "Failed calls by status code, over the target's circuits, with those that were removed.",
     "As in `UNAVAILABLE`. The six codes that count as failures unless told otherwise are there "
     "from the start, others once they occur.",
     TargetReader([](const TargetReading& from, SeriesWriter& to) {
       AddFailures(from.sum.totals, /*usual_ones=*/true, to);
     })},

    {"circuit_breaker_registry_circuits", MetricType::kGauge, kNoLabels, MetricNeed::kNothing,
     "Circuits in the registry.", "",
     RegistryReader([](const RegistryReading& from, SeriesWriter& to) {
       to.Add(static_cast<double>(from.circuits));
     })},
    {"circuit_breaker_registry_evicted_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kNothing, "Circuits that had to go to keep the registry within its bound.", "",
     RegistryReader(
         [](const RegistryReading& from, SeriesWriter& to) { to.Add(from.stats.evicted); })},
    {"circuit_breaker_registry_forgotten_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kNothing,
     "Evicted circuits of which nothing is remembered, though they were open or had just failed.",
     "Calls that come for one reach its dependency until it has opened anew.",
     RegistryReader(
         [](const RegistryReading& from, SeriesWriter& to) { to.Add(from.stats.forgotten); })},
    {"circuit_breaker_registry_unprotected_calls_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kNothing,
     "Calls that went without a circuit because the registry was full of circuits that must "
     "stay.",
     "", RegistryReader([](const RegistryReading& from, SeriesWriter& to) {
       to.Add(from.stats.unprotected_calls);
     })},
    {"circuit_breaker_registry_user_code_failures_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kNothing,
     "Times that code of the application's, such as a listener or a predicate, has thrown an "
     "exception.",
     "An event `user_code_failed` says which.",
     RegistryReader([](const RegistryReading& from, SeriesWriter& to) {
       to.Add(from.stats.user_code_failures);
     })},
    {"circuit_breaker_registry_dropped_events_total", MetricType::kCounter, kNoLabels,
     MetricNeed::kNothing,
     "Events that listeners were not told of, because one of them didn't return in time.", "",
     RegistryReader(
         [](const RegistryReading& from, SeriesWriter& to) { to.Add(from.stats.dropped_events); })},

    {"fusebox_config_last_reload_successful", MetricType::kGauge, kNoLabels, MetricNeed::kNothing,
     "1 if the configuration file was right when it was looked at last, 0 if it was refused.",
     "While it is 0, what was in force before still is.",
     ConfigReader([](const ConfigReading& from, SeriesWriter& to) {
       to.Add(int64_t{from.status.last_attempt_ok});
     })},
    {"fusebox_config_last_reload_success_timestamp_seconds", MetricType::kGauge, kNoLabels,
     MetricNeed::kNothing,
     "When the configuration file that is in force was put in force; absent while none is.", "",
     ConfigReader([](const ConfigReading& from, SeriesWriter& to) {
       if (!from.status.in_force) return;
       to.Add(absl::ToDoubleSeconds(from.status.loaded_at - absl::UnixEpoch()));
     })},
    {"fusebox_config_info",
     MetricType::kGauge,
     {"config_hash", "config_version", "config_file"},
     MetricNeed::kNothing,
     "Always 1: which configuration file is in force; absent while none is.",
     "`config_hash` is the SHA-256 of its bytes in hexadecimal, `config_version` its `version`, "
     "`config_file` its path. Instances that differ in the first have different policies.",
     ConfigReader([](const ConfigReading& from, SeriesWriter& to) {
       if (!from.status.in_force) return;
       to.Add(int64_t{1}, {from.status.hash, from.status.version, from.status.file});
     })},
};

// What doesn't become false again, so that counters which have begun go on.
bool WasEverTroubled(const CircuitSnapshot& circuit) {
  const Totals& totals = circuit.totals;
  return totals.opened > 0 || totals.rejected > 0 || totals.too_many_calls > 0 ||
         totals.would_reject > 0 || circuit.last_action.has_value();
}

bool IsTroubled(const CircuitSnapshot& circuit) {
  return circuit.state != State::kClosed || circuit.mode != Mode::kAutomatic ||
         circuit.consecutive_failures > 0 || circuit.window.failures > 0 ||
         circuit.window.slow > 0 || circuit.limit.has_value();
}

}  // namespace

CircuitReading::CircuitReading(const CircuitSnapshot& snapshot, absl::Time time, bool full)
    : circuit(snapshot),
      now(time),
      full_detail(full),
      was_troubled(WasEverTroubled(snapshot)),
      is_troubled(IsTroubled(snapshot)) {}

bool CircuitReading::Has(MetricNeed need) const {
  switch (need) {
    case MetricNeed::kNothing:
      return true;
    case MetricNeed::kWasTroubled:
      return full_detail || was_troubled;
    case MetricNeed::kIsTroubled:
      return full_detail || is_troubled;
    case MetricNeed::kFullDetail:
      return full_detail;
  }
  return false;
}

absl::Span<const Metric> Metrics() { return kMetrics; }

std::vector<absl::string_view> MetricLabelNames() {
  std::vector<absl::string_view> names = {kCircuitLabel, kTargetLabel};
  for (const Metric& metric : kMetrics) {
    for (const absl::string_view label : metric.labels) {
      if (label.empty()) continue;
      if (std::find(names.begin(), names.end(), label) == names.end()) names.push_back(label);
    }
  }
  return names;
}

}  // namespace fusebox::internal
