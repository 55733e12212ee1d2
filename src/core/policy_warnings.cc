// SPDX-License-Identifier: Apache-2.0
//
// What is valid, and yet can hardly be what anyone wants.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/base/text.h"
#include "src/core/rules/trip_rule_fields.h"

namespace fusebox {

using internal::NumberText;

namespace {

// A number that is large where each one must happen.
constexpr int64_t kManyCalls = 1'000;

// Fewer calls a second than this aren't worth a word.
constexpr double kFewCallsPerSecond = 1;

std::string Text(absl::Duration duration) { return absl::FormatDuration(duration); }

// Of a policy in force.
class Warnings {
 public:
  explicit Warnings(const Policy& policy)
      : policy_(policy),
        count_window_(std::get_if<CountWindow>(&policy_.window)),
        time_window_(std::get_if<TimeWindow>(&policy_.window)),
        has_rate_(policy.failure_rate || policy.slow_call_rate) {}

  std::vector<std::string> All() && {
    AboutTraffic();
    AboutRules();
    AboutRates();
    AboutSettingsWithoutEffect();
    AboutCallsInFlight();
    AboutOpenings();
    AboutProbes();
    AboutHealthProbe();
    return std::move(warnings_);
  }

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    warnings_.push_back(absl::StrCat(parts...));
  }

  // Rules that wait for calls which may never come in such numbers. A run of failures needs no
  // minimum, so with one it doesn't matter.
  void AboutTraffic() {
    if (policy_.improbable_run) return;
    if (policy_.consecutive_failures) {
      if (*policy_.consecutive_failures >= kManyCalls && CountTripRules() == 1) {
        Add("consecutive_failures = ", *policy_.consecutive_failures,
            ": opens only after that many failures without a single success");
      }
      return;
    }
    if (time_window_ != nullptr) {
      const bool few_failures_do = policy_.failures_in_window && has_rate_ &&
                                   *policy_.failures_in_window < policy_.minimum_calls;
      if (has_rate_ && !few_failures_do) NeedsTraffic("minimum_calls", policy_.minimum_calls);
      if (policy_.failures_in_window && (!has_rate_ || few_failures_do)) {
        NeedsTraffic("failures_in_window", *policy_.failures_in_window);
      }
    } else if (policy_.failure_rate && !policy_.failures_in_window) {
      const double failures = *policy_.failure_rate * static_cast<double>(count_window_->size);
      if (failures >= static_cast<double>(kManyCalls)) {
        Add("a window of ", count_window_->size,
            " calls with failure_rate = ", NumberText(*policy_.failure_rate),
            ": once full of successes, it takes ", std::ceil(failures), " failures to open");
      }
    }
  }

  void NeedsTraffic(absl::string_view field, int64_t calls) {
    const double per_second =
        static_cast<double>(calls) / absl::ToDoubleSeconds(time_window_->duration);
    if (per_second < kFewCallsPerSecond) return;
    Add(field, " = ", calls, " in a window of ", Text(time_window_->duration), ": needs at least ",
        per_second, " calls/s to open, however many of them fail");
  }

  void AboutRules() {
    if (!LooksAtFailures()) {
      Add(policy_.hung_calls ? "hung_calls" : "slow_call_rate",
          ": no rule looks at failures, so a dependency that fails fast never opens the circuit");
    }
    if (count_window_ != nullptr && policy_.failures_in_window) {
      if (*policy_.failures_in_window == count_window_->size && count_window_->size > 1) {
        Add("failures_in_window = ", *policy_.failures_in_window,
            " is all of the window: a single success keeps it from opening");
      }
      if (policy_.consecutive_failures &&
          *policy_.consecutive_failures >= *policy_.failures_in_window) {
        Add("consecutive_failures = ", *policy_.consecutive_failures,
            " never acts: failures_in_window = ", *policy_.failures_in_window, " comes first");
      }
    }
    if (policy_.improbable_run && policy_.consecutive_failures &&
        policy_.improbable_run->min_failures >= *policy_.consecutive_failures) {
      Add("improbable_run.min_failures = ", policy_.improbable_run->min_failures,
          " never acts: consecutive_failures = ", *policy_.consecutive_failures, " comes first");
    }
    if (time_window_ != nullptr && time_window_->buckets == 1 && LooksAtWindow()) {
      Add("a time window with one bucket: it forgets all of its calls at once, every ",
          Text(time_window_->duration));
    }
  }

  void AboutRates() {
    AboutRate("failure_rate", policy_.failure_rate);
    AboutRate("slow_call_rate", policy_.slow_call_rate);
  }

  void AboutRate(absl::string_view field, const std::optional<double>& rate) {
    if (!rate) return;
    if (*rate == 1) {
      Add(field, " = 1: a single other call in the window keeps it from opening");
      return;
    }
    // The float that has it all, and whether its shortest decimal is less: 0.1F is more than 0.1.
    const auto as_float = static_cast<float>(*rate);
    if (static_cast<double>(as_float) != *rate) return;
    const std::string decimal = absl::StrCat(as_float);
    if (std::strtod(decimal.c_str(), nullptr) < *rate) {
      Add(field, " = ", NumberText(*rate), ": more than ", decimal,
          ", since it was a float; write it as a double");
    }
  }

  void AboutSettingsWithoutEffect() {
    if (!LooksAtWindow() && !(policy_.window == Window())) Add("window: no rule looks at it");
    if (!has_rate_ && policy_.minimum_calls != Policy().minimum_calls) {
      Add("minimum_calls = ", policy_.minimum_calls, ": without effect, no rate is set");
    }
    if (policy_.slow_call_duration && !policy_.slow_call_rate && !policy_.slow_is_failure) {
      Add("slow_call_duration = ", Text(*policy_.slow_call_duration),
          ": without slow_call_rate or slow_is_failure it only counts slow calls");
    }
    if (policy_.ramp && policy_.ramp->initial_fraction == 1) {
      Add("ramp.initial_fraction = 1: the ramp admits every call from the start");
    }
  }

  void AboutCallsInFlight() {
    if (policy_.hung_calls) {
      const HungCalls& hung = *policy_.hung_calls;
      if (policy_.max_in_flight && hung.count > *policy_.max_in_flight) {
        Add("hung_calls.count = ", hung.count,
            " never holds: max_in_flight = ", *policy_.max_in_flight);
      }
      if (hung.age > absl::Minutes(1)) {
        Add("hung_calls.age = ", Text(hung.age),
            ": only calls with a longer deadline, or none, can be in flight for so long");
      }
      if (policy_.slow_call_duration && hung.age < *policy_.slow_call_duration) {
        Add("hung_calls.age = ", Text(hung.age),
            " is less than slow_call_duration = ", Text(*policy_.slow_call_duration),
            ": calls hang that aren't even slow");
      }
    }
    const std::optional<int64_t>& probes = policy_.half_open.max_concurrent;
    if (policy_.max_in_flight && probes && *probes > *policy_.max_in_flight) {
      Add("half_open.max_concurrent = ", *probes,
          " is more than max_in_flight = ", *policy_.max_in_flight, " lets through");
    }
  }

  void AboutOpenings() {
    if (policy_.adaptive_recovery) {
      AboutFixedRecovery();
      return;
    }
    if (*policy_.open_duration < absl::Milliseconds(100)) {
      Add("open_duration = ", Text(*policy_.open_duration), ": hardly rejects a call");
    }
    if (policy_.backoff_multiplier > 1 && policy_.max_open_duration == *policy_.open_duration) {
      Add("backoff_multiplier = ", NumberText(policy_.backoff_multiplier),
          " has no room: max_open_duration is open_duration");
    }
    if (policy_.backoff_memory && policy_.backoff_multiplier == 1) {
      Add("backoff_memory = ", Text(*policy_.backoff_memory),
          ": without effect, backoff_multiplier is 1");
    }
    if (policy_.jitter == 0) {
      Add("jitter = 0: the circuits of a fleet open, probe and close in step");
    }
  }

  // What is set beside adaptive_recovery, which takes its place.
  void AboutFixedRecovery() {
    const std::pair<absl::string_view, bool> without_effect[] = {
        {"open_duration", policy_.open_duration.has_value()},
        {"backoff_multiplier", policy_.backoff_multiplier != Policy().backoff_multiplier},
        {"half_open.max_concurrent", policy_.half_open.max_concurrent.has_value()},
        {"backoff_memory", policy_.backoff_memory.has_value()},
        {VerdictField(), policy_.half_open.verdict.has_value()}};
    for (const auto& [field, is_set] : without_effect) {
      if (is_set) Add(field, ": without effect, adaptive_recovery is set");
    }
  }

  absl::string_view VerdictField() const {
    const bool probe_calls =
        policy_.half_open.verdict && std::holds_alternative<ProbeCalls>(*policy_.half_open.verdict);
    return probe_calls ? "half_open.probe_calls" : "half_open.success_threshold";
  }

  void AboutProbes() {
    const HalfOpenPolicy& half_open = policy_.half_open;
    if (!policy_.adaptive_recovery) AboutVerdict(*half_open.verdict, *half_open.max_concurrent);
    if (half_open.probe_timeout == absl::ZeroDuration()) {
      Add("half_open.probe_timeout = 0: a probe that hangs holds its place for good");
    } else if (policy_.slow_call_duration &&
               half_open.probe_timeout < *policy_.slow_call_duration) {
      Add("half_open.probe_timeout = ", Text(half_open.probe_timeout),
          " is less than slow_call_duration = ", Text(*policy_.slow_call_duration),
          ": probes time out that aren't even slow");
    }
  }

  void AboutHealthProbe() {
    const absl::Duration timeout = policy_.half_open.probe_timeout;
    if (!policy_.health_probe || timeout == absl::ZeroDuration()) return;
    if (policy_.health_probe->timeout <= timeout) return;
    Add("health_probe.timeout = ", Text(policy_.health_probe->timeout),
        " is more than half_open.probe_timeout = ", Text(timeout),
        ": an answer that takes as long comes too late");
  }

  void AboutVerdict(const std::variant<SuccessThreshold, ProbeCalls>& verdict,
                    int64_t max_concurrent) {
    if (const auto* threshold = std::get_if<SuccessThreshold>(&verdict)) {
      AboutMany("half_open.success_threshold", threshold->successes, max_concurrent);
    } else if (const auto* probe_calls = std::get_if<ProbeCalls>(&verdict)) {
      AboutMany("half_open.probe_calls", probe_calls->calls, max_concurrent);
      if (max_concurrent > probe_calls->calls) {
        Add("half_open.max_concurrent = ", max_concurrent,
            ": no more are ever out than half_open.probe_calls = ", probe_calls->calls);
      }
      if (!policy_.failure_rate) {
        Add("half_open.probe_calls with slow_call_rate alone: probes that fail fast close the "
            "circuit");
      }
    }
  }

  void AboutMany(absl::string_view field, int64_t probes, int64_t max_concurrent) {
    if (probes < kManyCalls) return;
    Add(field, " = ", probes, ": closing takes that many probes, at most ", max_concurrent,
        " of them at the same time");
  }

  int CountTripRules() const {
    int count = 0;
    internal::VisitTripRules(
        policy_, [&count](absl::string_view /*rule*/, bool is_set) { count += is_set ? 1 : 0; });
    return count;
  }

  bool LooksAtFailures() const {
    return policy_.consecutive_failures || policy_.improbable_run || policy_.failure_rate ||
           policy_.failures_in_window;
  }

  bool LooksAtWindow() const { return has_rate_ || policy_.failures_in_window; }

  const Policy policy_;
  const CountWindow* const count_window_;
  const TimeWindow* const time_window_;
  const bool has_rate_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<std::string> PolicyWarnings(const Policy& policy) {
  if (!PolicyErrors(policy).empty()) return {};
  const Policy in_force = policy.InForce();
  std::vector<std::string> warnings = Warnings(in_force).All();
  if (in_force.shadow_policy) {
    for (const std::string& warning : Warnings(*in_force.shadow_policy).All()) {
      warnings.push_back(absl::StrCat("shadow_policy: ", warning));
    }
    if (in_force.shadow_policy->health_probe) {
      warnings.push_back(
          "shadow_policy.health_probe: without effect, nobody is asked for a candidate");
    }
  }
  return warnings;
}

}  // namespace fusebox
