// SPDX-License-Identifier: Apache-2.0
#include "tests/model/recorded_policy.h"

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fusebox_testing {
namespace {

using fusebox::Policy;

// A value, and after a slash perhaps another.
class Value {
 public:
  explicit Value(absl::string_view text) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(text, absl::MaxSplits('/', 1));
    first_ = parts.first;
    second_ = parts.second;
  }

  int64_t Calls() { return CallsIn(first_); }
  int64_t SecondCalls() { return CallsIn(second_); }

  double Share() { return ShareIn(first_); }
  double SecondShare() { return ShareIn(second_); }

  absl::Duration Time() {
    absl::Duration time;
    ok_ = absl::ParseDuration(first_, &time) && ok_;
    return time;
  }
  absl::Duration SecondTime() { return Value(second_).CheckedTime(ok_); }

  bool ok() const { return ok_; }

 private:
  absl::Duration CheckedTime(bool& ok) {
    const absl::Duration time = Time();
    ok = ok && ok_;
    return time;
  }
  int64_t CallsIn(absl::string_view text) {
    int64_t calls = 0;
    ok_ = absl::SimpleAtoi(text, &calls) && ok_;
    return calls;
  }
  double ShareIn(absl::string_view text) {
    double share = 0;
    ok_ = absl::SimpleAtod(text, &share) && ok_;
    return share;
  }

  absl::string_view first_;
  absl::string_view second_;
  bool ok_ = true;
};

struct FieldOfRecord {
  absl::string_view name;
  bool needed = false;
  void (*fill)(Value& value, Policy& policy) = nullptr;
};

// clang-format off
constexpr FieldOfRecord kFields[] = {
    {"consecutive_failures", false,
     [](Value& v, Policy& p) { p.consecutive_failures = v.Calls(); }},
    {"failures_in_window", false, [](Value& v, Policy& p) { p.failures_in_window = v.Calls(); }},
    {"failure_rate", false, [](Value& v, Policy& p) { p.failure_rate = v.Share(); }},
    {"slow_call_rate", false, [](Value& v, Policy& p) { p.slow_call_rate = v.Share(); }},
    {"hung_calls", false,
     [](Value& v, Policy& p) { p.hung_calls = fusebox::HungCalls{v.Calls(), v.SecondTime()}; }},
    {"slow_call_duration", false, [](Value& v, Policy& p) { p.slow_call_duration = v.Time(); }},
    {"slow_is_failure", false, [](Value& v, Policy& p) { p.slow_is_failure = v.Calls() == 1; }},
    {"minimum_calls", true, [](Value& v, Policy& p) { p.minimum_calls = v.Calls(); }},
    {"count_window", false,
     [](Value& v, Policy& p) { p.window = fusebox::CountWindow{v.Calls()}; }},
    {"time_window", false,
     [](Value& v, Policy& p) { p.window = fusebox::TimeWindow{v.Time(), v.SecondCalls()}; }},
    {"open_duration", true, [](Value& v, Policy& p) { p.open_duration = v.Time(); }},
    {"backoff_multiplier", true, [](Value& v, Policy& p) { p.backoff_multiplier = v.Share(); }},
    {"max_open_duration", true, [](Value& v, Policy& p) { p.max_open_duration = v.Time(); }},
    {"jitter", true, [](Value& v, Policy& p) { p.jitter = v.Share(); }},
    {"max_concurrent", true,
     [](Value& v, Policy& p) { p.half_open.max_concurrent = v.Calls(); }},
    {"success_threshold", false,
     [](Value& v, Policy& p) { p.half_open.verdict = fusebox::SuccessThreshold{v.Calls()}; }},
    {"probe_calls", false,
     [](Value& v, Policy& p) { p.half_open.verdict = fusebox::ProbeCalls{v.Calls()}; }},
    {"probe_timeout", true, [](Value& v, Policy& p) { p.half_open.probe_timeout = v.Time(); }},
    {"ramp", false,
     [](Value& v, Policy& p) { p.ramp = fusebox::Ramp{v.Time(), v.SecondShare()}; }},
    {"max_in_flight", false, [](Value& v, Policy& p) { p.max_in_flight = v.Calls(); }},
};
// clang-format on

const FieldOfRecord* Find(absl::string_view name) {
  for (const FieldOfRecord& field : kFields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<RecordedPolicy> RecordedPolicy::Parse(absl::string_view text) {
  RecordedPolicy recorded;
  recorded.text_ = std::string(text);
  for (const absl::string_view part : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (Find(field.first) == nullptr || field.second.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("no field of a recorded policy: ", part));
    }
    recorded.fields_.emplace(field.first, field.second);
  }
  absl::Status filled = recorded.Fill();
  if (!filled.ok()) return filled;
  return recorded;
}

absl::Status RecordedPolicy::Fill() {
  policy_.consecutive_failures.reset();
  for (const FieldOfRecord& field : kFields) {
    const auto found = fields_.find(field.name);
    if (found == fields_.end()) {
      if (!field.needed) continue;
      return absl::InvalidArgumentError(absl::StrCat(field.name, " is missing in ", text_));
    }
    Value value(found->second);
    field.fill(value, policy_);
    if (!value.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("no value of ", field.name, ": ", found->second));
    }
  }
  if (fields_.count("count_window") + fields_.count("time_window") != 1 ||
      fields_.count("success_threshold") + fields_.count("probe_calls") != 1) {
    return absl::InvalidArgumentError(absl::StrCat("not one window and one verdict: ", text_));
  }
  return fusebox::Validate(policy_);
}

std::optional<absl::Duration> RecordedPolicy::DurationOf(absl::string_view field) const {
  const auto found = fields_.find(field);
  if (found == fields_.end()) return std::nullopt;
  // hung_calls=<count>/<age> is the only one whose time comes second.
  Value value(found->second);
  return field == "hung_calls" ? value.SecondTime() : value.Time();
}

std::optional<absl::Duration> RecordedPolicy::slice() const {
  const auto found = fields_.find("time_window");
  if (found == fields_.end()) return std::nullopt;
  Value value(found->second);
  return absl::Nanoseconds(absl::ToInt64Nanoseconds(value.Time()) / value.SecondCalls());
}

}  // namespace fusebox_testing
