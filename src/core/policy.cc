// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy.h"

#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "src/base/text.h"

namespace fusebox {

using internal::NumberText;

namespace {

constexpr int64_t kMaxCalls = 1'000'000;
constexpr int64_t kMaxConcurrentProbes = 1'000;
constexpr int64_t kMaxBuckets = 1'000;
constexpr double kMaxBackoffMultiplier = 100;

absl::Duration Shortest() { return absl::Milliseconds(1); }
absl::Duration Day() { return absl::Hours(24); }
absl::Duration Year() { return 365 * Day(); }

// Collects what is wrong, field by field.
class Checker {
 public:
  void Fail(absl::string_view field, absl::string_view value, absl::string_view range) {
    errors_.push_back({std::string(field), std::string(value), std::string(range)});
  }

  void Calls(absl::string_view field, int64_t value, int64_t max = kMaxCalls,
             absl::string_view because = {}) {
    if (value < 1 || value > max) {
      Fail(field, absl::StrCat(value), absl::StrCat("from 1 to ", max, because));
    }
  }

  void Rate(absl::string_view field, double value) {
    if (!(value > 0 && value <= 1)) {
      Fail(field, NumberText(value), "greater than 0 and at most 1");
    }
  }

  void Between(absl::string_view field, absl::Duration value, absl::Duration min,
               absl::Duration max) {
    if (value < min || value > max) {
      Fail(field, absl::FormatDuration(value),
           absl::StrCat("from ", absl::FormatDuration(min), " to ", absl::FormatDuration(max)));
    }
  }

  std::vector<FieldError> Result() && { return std::move(errors_); }

 private:
  std::vector<FieldError> errors_;
};

void CheckWindow(const CountWindow& window, Checker& check) {
  check.Calls("window.size", window.size);
}

void CheckWindow(const TimeWindow& window, Checker& check) {
  check.Between("window.duration", window.duration, Shortest(), Day());
  check.Calls("window.buckets", window.buckets, kMaxBuckets);
  const bool sound = window.duration >= Shortest() && window.duration <= Day() &&
                     window.buckets >= 1 && window.buckets <= kMaxBuckets;
  if (sound && window.duration / window.buckets < Shortest()) {
    check.Fail("window.duration / window.buckets",
               absl::FormatDuration(window.duration / window.buckets), "at least 1ms");
  }
}

// The most calls that the window can hold, with a remark for the message if that's the bound.
struct WindowBound {
  int64_t calls = kMaxCalls;
  absl::string_view because;
};

WindowBound BoundOf(const Policy& policy) {
  const auto* count = std::get_if<CountWindow>(&policy.window);
  if (count == nullptr || count->size < 1 || count->size > kMaxCalls) return {};
  return {count->size, " (the size of the window)"};
}

void CheckTripRules(const Policy& policy, Checker& check) {
  const bool has_rate = policy.failure_rate || policy.slow_call_rate;
  if (!policy.consecutive_failures && !policy.failures_in_window && !has_rate &&
      !policy.hung_calls) {
    check.Fail("consecutive_failures, failures_in_window, failure_rate, slow_call_rate, hung_calls",
               "unset", "set, at least one of them");
  }
  if (policy.hung_calls) {
    check.Calls("hung_calls.count", policy.hung_calls->count);
    check.Between("hung_calls.age", policy.hung_calls->age, Shortest(), Day());
  }
  const WindowBound bound = BoundOf(policy);
  if (policy.consecutive_failures) {
    check.Calls("consecutive_failures", *policy.consecutive_failures);
  }
  if (policy.failures_in_window) {
    check.Calls("failures_in_window", *policy.failures_in_window, bound.calls, bound.because);
  }
  if (policy.failure_rate) check.Rate("failure_rate", *policy.failure_rate);
  if (policy.slow_call_rate) check.Rate("slow_call_rate", *policy.slow_call_rate);
  if (policy.slow_call_duration) {
    check.Between("slow_call_duration", *policy.slow_call_duration, absl::Microseconds(1), Day());
  } else if (policy.slow_call_rate || policy.slow_is_failure) {
    check.Fail("slow_call_duration", "unset",
               "set, from 1us to 24h, for slow_call_rate or slow_is_failure");
  }
  if (has_rate) check.Calls("minimum_calls", policy.minimum_calls, bound.calls, bound.because);
}

void CheckOpen(const Policy& policy, Checker& check) {
  check.Between("open_duration", policy.open_duration, Shortest(), Year());
  if (!(policy.backoff_multiplier >= 1 && policy.backoff_multiplier <= kMaxBackoffMultiplier)) {
    check.Fail("backoff_multiplier", NumberText(policy.backoff_multiplier),
               absl::StrCat("from 1 to ", kMaxBackoffMultiplier));
  }
  check.Between("max_open_duration", policy.max_open_duration, Shortest(), Year());
  if (policy.max_open_duration < policy.open_duration) {
    check.Fail(
        "max_open_duration", absl::FormatDuration(policy.max_open_duration),
        absl::StrCat("at least open_duration, ", absl::FormatDuration(policy.open_duration)));
  }
  if (!(policy.jitter >= 0 && policy.jitter < 1)) {
    check.Fail("jitter", NumberText(policy.jitter), "at least 0 and less than 1");
  }
}

void CheckHalfOpen(const Policy& policy, Checker& check) {
  const HalfOpenPolicy& half_open = policy.half_open;
  check.Calls("half_open.max_concurrent", half_open.max_concurrent, kMaxConcurrentProbes);
  if (const auto* threshold = std::get_if<SuccessThreshold>(&half_open.verdict)) {
    check.Calls("half_open.success_threshold", threshold->successes);
  } else if (const auto* probe_calls = std::get_if<ProbeCalls>(&half_open.verdict)) {
    check.Calls("half_open.probe_calls", probe_calls->calls);
    if (!policy.failure_rate && !policy.slow_call_rate) {
      check.Fail("half_open.probe_calls", absl::StrCat(probe_calls->calls),
                 "unset unless failure_rate or slow_call_rate is set");
    }
  }
  if (half_open.probe_timeout != absl::ZeroDuration() &&
      !(half_open.probe_timeout >= Shortest() && half_open.probe_timeout <= Year())) {
    check.Fail("half_open.probe_timeout", absl::FormatDuration(half_open.probe_timeout),
               absl::StrCat("0, or from 1ms to ", absl::FormatDuration(Year())));
  }
}

void CheckRamp(const Policy& policy, Checker& check) {
  if (!policy.ramp) return;
  check.Between("ramp.duration", policy.ramp->duration, Shortest(), Day());
  check.Rate("ramp.initial_fraction", policy.ramp->initial_fraction);
}

Policy Preset(int64_t failures, int64_t successes, absl::Duration open_duration) {
  Policy policy;
  policy.consecutive_failures = failures;
  policy.half_open.verdict = SuccessThreshold{successes};
  policy.open_duration = open_duration;
  return policy;
}

}  // namespace

bool operator==(const HalfOpenPolicy& a, const HalfOpenPolicy& b) {
  return a.max_concurrent == b.max_concurrent && a.verdict == b.verdict &&
         a.probe_timeout == b.probe_timeout;
}

bool operator==(const Ramp& a, const Ramp& b) {
  return a.duration == b.duration && a.initial_fraction == b.initial_fraction;
}

bool operator==(const HungCalls& a, const HungCalls& b) {
  return a.count == b.count && a.age == b.age;
}

bool operator==(const Policy& a, const Policy& b) {
  const auto fields = [](const Policy& p) {
    return std::tie(p.consecutive_failures, p.failures_in_window, p.failure_rate, p.slow_call_rate,
                    p.hung_calls, p.slow_call_duration, p.slow_is_failure, p.minimum_calls,
                    p.window, p.open_duration, p.backoff_multiplier, p.max_open_duration, p.jitter,
                    p.half_open, p.ramp, p.max_in_flight);
  };
  return fields(a) == fields(b);
}

std::vector<FieldError> PolicyErrors(const Policy& policy) {
  Checker check;
  std::visit([&](const auto& window) { CheckWindow(window, check); }, policy.window);
  CheckTripRules(policy, check);
  CheckOpen(policy, check);
  CheckHalfOpen(policy, check);
  CheckRamp(policy, check);
  if (policy.max_in_flight) check.Calls("max_in_flight", *policy.max_in_flight);
  return std::move(check).Result();
}

absl::Status Validate(const Policy& policy) {
  const std::vector<FieldError> errors = PolicyErrors(policy);
  if (errors.empty()) return absl::OkStatus();
  const auto text = [](std::string* out, const FieldError& error) {
    absl::StrAppend(out, error.field, " = ", error.value, ", must be ", error.range);
  };
  return absl::InvalidArgumentError(
      absl::StrCat("invalid policy: ", absl::StrJoin(errors, "; ", text)));
}

Policy Policy::Database() { return Preset(5, 2, absl::Seconds(30)); }
Policy Policy::MessageBroker() { return Preset(3, 2, absl::Seconds(20)); }
Policy Policy::InternalApi() { return Preset(5, 3, absl::Seconds(60)); }
Policy Policy::ExternalApi() { return Preset(10, 5, absl::Seconds(120)); }

}  // namespace fusebox
