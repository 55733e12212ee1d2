// SPDX-License-Identifier: Apache-2.0
#include "src/admin/policy_conversion.h"

#include <optional>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/admin/fingerprint.h"
#include "src/admin/time_conversion.h"

namespace fusebox::internal {
namespace {

// Reads durations, and notes which are none.
class DurationReader {
 public:
  DurationReader(absl::string_view path, RequestErrors& errors) : path_(path), errors_(errors) {}

  // `value` stays as it is if there is something wrong.
  void Read(const google::protobuf::Duration& proto, absl::string_view field,
            absl::Duration& value) const {
    if (const std::optional<absl::Duration> duration = FromProto(proto)) {
      value = *duration;
    } else {
      errors_.Add(absl::StrCat(path_, field),
                  absl::StrCat(proto.seconds(), " s and ", proto.nanos(),
                               " ns, must be a duration: at most 10,000 years, with less than a "
                               "second of nanoseconds and both of one sign"));
    }
  }

 private:
  const absl::string_view path_;
  RequestErrors& errors_;
};

void WindowToProto(const CountWindow& window, v1::Policy& proto) {
  proto.mutable_count_window()->set_size(window.size);
}

void WindowToProto(const TimeWindow& window, v1::Policy& proto) {
  *proto.mutable_time_window()->mutable_duration() = ToProto(window.duration);
  proto.mutable_time_window()->set_buckets(window.buckets);
}

Window WindowFromProto(const v1::Policy& proto, const DurationReader& durations) {
  if (proto.has_time_window()) {
    TimeWindow window;
    const v1::TimeWindow& from = proto.time_window();
    if (from.has_duration()) {
      durations.Read(from.duration(), "time_window.duration", window.duration);
    }
    if (from.has_buckets()) window.buckets = from.buckets();
    return window;
  }
  CountWindow window;
  if (proto.count_window().has_size()) window.size = proto.count_window().size();
  return window;
}

HalfOpenPolicy HalfOpenFromProto(const v1::HalfOpenPolicy& proto, const DurationReader& durations) {
  HalfOpenPolicy half_open;
  if (proto.has_max_concurrent()) half_open.max_concurrent = proto.max_concurrent();
  if (proto.has_success_threshold()) {
    half_open.verdict = SuccessThreshold{proto.success_threshold()};
  } else if (proto.has_probe_calls()) {
    half_open.verdict = ProbeCalls{proto.probe_calls()};
  }
  if (proto.has_probe_timeout()) {
    durations.Read(proto.probe_timeout(), "half_open.probe_timeout", half_open.probe_timeout);
  }
  return half_open;
}

Ramp RampFromProto(const v1::Ramp& proto, const DurationReader& durations) {
  Ramp ramp;
  if (proto.has_duration()) durations.Read(proto.duration(), "ramp.duration", ramp.duration);
  if (proto.has_initial_fraction()) ramp.initial_fraction = proto.initial_fraction();
  return ramp;
}

HungCalls HungCallsFromProto(const v1::HungCalls& proto, const DurationReader& durations) {
  HungCalls hung_calls;
  if (proto.has_count()) hung_calls.count = proto.count();
  if (proto.has_age()) durations.Read(proto.age(), "hung_calls.age", hung_calls.age);
  return hung_calls;
}

// The core knows one window, the proto one field for each kind.
std::string FieldInProto(const std::string& field, const v1::Policy& proto) {
  if (!absl::StartsWith(field, "window.")) return field;
  return absl::StrCat(proto.has_time_window() ? "time_" : "count_", field);
}

}  // namespace

void ToProto(const Policy& policy, v1::Policy& proto) {
  if (policy.consecutive_failures) proto.set_consecutive_failures(*policy.consecutive_failures);
  if (policy.failures_in_window) proto.set_failures_in_window(*policy.failures_in_window);
  if (policy.failure_rate) proto.set_failure_rate(*policy.failure_rate);
  if (policy.slow_call_rate) proto.set_slow_call_rate(*policy.slow_call_rate);
  if (policy.hung_calls) {
    proto.mutable_hung_calls()->set_count(policy.hung_calls->count);
    *proto.mutable_hung_calls()->mutable_age() = ToProto(policy.hung_calls->age);
  }
  if (policy.slow_call_duration) {
    *proto.mutable_slow_call_duration() = ToProto(*policy.slow_call_duration);
  }
  proto.set_slow_is_failure(policy.slow_is_failure);
  proto.set_minimum_calls(policy.minimum_calls);
  std::visit([&](const auto& window) { WindowToProto(window, proto); }, policy.window);
  *proto.mutable_open_duration() = ToProto(policy.open_duration);
  proto.set_backoff_multiplier(policy.backoff_multiplier);
  *proto.mutable_max_open_duration() = ToProto(policy.max_open_duration);
  proto.set_jitter(policy.jitter);
  v1::HalfOpenPolicy& half_open = *proto.mutable_half_open();
  half_open.set_max_concurrent(policy.half_open.max_concurrent);
  if (const auto* threshold = std::get_if<SuccessThreshold>(&policy.half_open.verdict)) {
    half_open.set_success_threshold(threshold->successes);
  } else if (const auto* probes = std::get_if<ProbeCalls>(&policy.half_open.verdict)) {
    half_open.set_probe_calls(probes->calls);
  }
  *half_open.mutable_probe_timeout() = ToProto(policy.half_open.probe_timeout);
  if (policy.ramp) {
    *proto.mutable_ramp()->mutable_duration() = ToProto(policy.ramp->duration);
    proto.mutable_ramp()->set_initial_fraction(policy.ramp->initial_fraction);
  }
  if (policy.max_in_flight) proto.set_max_in_flight(*policy.max_in_flight);
}

Policy FromProto(const v1::Policy& proto, absl::string_view path, RequestErrors& errors) {
  const std::string prefix = path.empty() ? "" : absl::StrCat(path, ".");
  const DurationReader durations(prefix, errors);
  Policy policy;
  policy.consecutive_failures = std::nullopt;
  if (proto.has_consecutive_failures()) policy.consecutive_failures = proto.consecutive_failures();
  if (proto.has_failures_in_window()) policy.failures_in_window = proto.failures_in_window();
  if (proto.has_failure_rate()) policy.failure_rate = proto.failure_rate();
  if (proto.has_slow_call_rate()) policy.slow_call_rate = proto.slow_call_rate();
  if (proto.has_hung_calls()) policy.hung_calls = HungCallsFromProto(proto.hung_calls(), durations);
  if (proto.has_slow_call_duration()) {
    policy.slow_call_duration = absl::Seconds(1);  // if what is read is none
    durations.Read(proto.slow_call_duration(), "slow_call_duration", *policy.slow_call_duration);
  }
  policy.slow_is_failure = proto.slow_is_failure();
  if (proto.has_minimum_calls()) policy.minimum_calls = proto.minimum_calls();
  policy.window = WindowFromProto(proto, durations);
  if (proto.has_open_duration()) {
    durations.Read(proto.open_duration(), "open_duration", policy.open_duration);
  }
  if (proto.has_backoff_multiplier()) policy.backoff_multiplier = proto.backoff_multiplier();
  if (proto.has_max_open_duration()) {
    durations.Read(proto.max_open_duration(), "max_open_duration", policy.max_open_duration);
  }
  if (proto.has_jitter()) policy.jitter = proto.jitter();
  policy.half_open = HalfOpenFromProto(proto.half_open(), durations);
  if (proto.has_ramp()) policy.ramp = RampFromProto(proto.ramp(), durations);
  if (proto.has_max_in_flight()) policy.max_in_flight = proto.max_in_flight();

  for (const FieldError& error : PolicyErrors(policy)) {
    errors.Add(absl::StrCat(prefix, FieldInProto(error.field, proto)),
               absl::StrCat(error.value, ", must be ", error.range));
  }
  return policy;
}

std::string EtagOf(const v1::Policy& policy) { return FingerprintOf(policy); }

}  // namespace fusebox::internal
