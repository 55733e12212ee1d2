// SPDX-License-Identifier: Apache-2.0
#include "fusebox/policy.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "src/base/text.h"
#include "src/core/policy_in_force.h"
#include "src/core/rules/trip_rule_fields.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"
#include "src/policy/range_text.h"

namespace fusebox {

namespace {

using internal::IfSet;
using internal::RangeText;
using internal::ValueText;

// Collects what is wrong: each field by itself, then fields beside each other. Of a policy in
// force.
class Checker {
 public:
  // Each field by itself alone: nothing that is unset, or wrong too, excuses or narrows another.
  static std::vector<FieldError> WrongValues(const Policy& policy, absl::string_view prefix = "") {
    Checker checker(policy);
    checker.has_rate_ = true;
    checker.window_size_.reset();
    checker.CheckFields(policy, prefix);
    return std::move(checker.errors_);
  }

  explicit Checker(const Policy& policy)
      : policy_(policy), has_rate_(policy.failure_rate || policy.slow_call_rate) {
    const auto* const count = std::get_if<CountWindow>(&policy.window);
    if (count != nullptr && internal::kCallsRange.Has(count->size)) window_size_ = count->size;
  }

  std::vector<FieldError> Result() && {
    CheckFields(policy_, "");
    CheckSlowCalls();
    CheckWindow();
    CheckOpen();
    CheckVerdict();
    CheckRamp();
    CheckShadowPolicy();
    return std::move(errors_);
  }

 private:
  void Fail(absl::string_view field, absl::string_view value, absl::string_view range) {
    errors_.push_back({std::string(field), std::string(value), std::string(range)});
  }

  template <typename T>
  void CheckFields(const T& of, absl::string_view prefix) {
    internal::VisitFields(
        of, [&](const auto& field, const auto& value) { CheckField(field, value, prefix); });
  }

  template <typename Owner, typename Member>
  void CheckField(const internal::ValueField<Owner, Member>& field, const Member& value,
                  absl::string_view prefix) {
    const auto* const set = IfSet(value);
    if (set == nullptr || (field.for_rates && !has_rate_)) return;
    auto range = field.range;
    absl::string_view because;
    if constexpr (std::is_same_v<decltype(range.max), int64_t>) {
      if (field.within_window && window_size_) {
        range.max = *window_size_;
        because = " (the size of the window)";
      }
    }
    if (range.Has(*set) || (field.has_zero_apart() && field.Has(*set))) return;
    Fail(absl::StrCat(prefix, field.name), ValueText(*set),
         absl::StrCat(field.has_zero_apart() ? "0, or " : "", RangeText(range), because));
  }

  template <typename Owner, typename Member>
  void CheckField(const internal::PartField<Owner, Member>& field, const Member& value,
                  absl::string_view prefix) {
    if (const auto* const set = IfSet(value)) {
      CheckFields(*set, absl::StrCat(prefix, field.name, "."));
    }
  }

  template <typename Owner, typename Member>
  void CheckField(const internal::PolicyField<Owner, Member>& /*field*/, const Member& /*value*/,
                  absl::string_view /*prefix*/) {}  // see CheckShadowPolicy

  // An alternative without a name is known by its field.
  template <typename Owner, typename Member>
  void CheckField(const internal::ChoiceField<Owner, Member>& field, const Member& value,
                  absl::string_view prefix) {
    internal::VisitChosen(field, value, [&](const auto& alternative, const auto& chosen) {
      const bool named = *alternative.name != '\0';
      CheckFields(chosen, named ? absl::StrCat(prefix, field.name, ".") : std::string(prefix));
    });
  }

  void CheckSlowCalls() {
    if (!policy_.slow_call_duration && (policy_.slow_call_rate || policy_.slow_is_failure)) {
      Fail("slow_call_duration", "unset",
           absl::StrCat("set, ", RangeText(internal::kSlowCallRange),
                        ", for slow_call_rate or slow_is_failure"));
    }
  }

  void CheckWindow() {
    const auto* const window = std::get_if<TimeWindow>(&policy_.window);
    if (window == nullptr || IsWrong("window.duration") || IsWrong("window.buckets")) return;
    const absl::Duration slice = window->duration / window->buckets;
    if (slice >= internal::kShortestTime) return;
    Fail("window.duration / window.buckets", absl::FormatDuration(slice),
         absl::StrCat("at least ", absl::FormatDuration(internal::kShortestTime)));
  }

  void CheckOpen() {
    const std::optional<absl::Duration>& least = policy_.open_duration;
    // Without effect beside it, and so no mistake (PolicyWarnings).
    if (!least || policy_.adaptive_recovery || policy_.max_open_duration >= *least) return;
    Fail("max_open_duration", absl::FormatDuration(policy_.max_open_duration),
         absl::StrCat("at least open_duration, ", absl::FormatDuration(*least)));
  }

  void CheckVerdict() {
    const auto* const verdict = IfSet(policy_.half_open.verdict);
    const auto* const probe_calls = std::get_if<ProbeCalls>(verdict);
    if (probe_calls == nullptr || has_rate_) return;
    Fail("half_open.probe_calls", absl::StrCat(probe_calls->calls),
         "unset unless failure_rate or slow_call_rate is set");
  }

  void CheckRamp() {
    if (!policy_.ramp || !policy_.adaptive_recovery) return;
    Fail("ramp", "set", "unset where adaptive_recovery is set");
  }

  // Beside what is wrong with it by itself.
  void CheckShadowPolicy() {
    if (!policy_.shadow_policy) return;
    const auto inside = [](absl::string_view fields) {
      return absl::StrCat(
          "shadow_policy.",
          absl::StrReplaceAll(fields, {{", ", ", shadow_policy."}, {" / ", " / shadow_policy."}}));
    };
    if (policy_.shadow_policy->shadow_policy) {
      Fail(inside("shadow_policy"), "set", "unset: a candidate has none itself");
      return;
    }
    for (FieldError& error : Checker(*policy_.shadow_policy).Result()) {
      Fail(inside(error.field), error.value, error.range);
    }
  }

  bool IsWrong(absl::string_view field) const {
    return std::any_of(errors_.begin(), errors_.end(),
                       [field](const FieldError& error) { return error.field == field; });
  }

  const Policy policy_;
  bool has_rate_;
  std::optional<int64_t> window_size_;  // of a CountWindow, if it is one that can be
  std::vector<FieldError> errors_;
};

template <typename T>
bool IsEqual(const T& a, const T& b) {
  bool equal = true;
  internal::VisitFields(a, [&](const auto& field, const auto& value) {
    equal = equal && value == b.*(field.member);
  });
  return equal;
}

template <typename T>
bool HasDecided(const T& policy);

// Whether it is set, and that decides what is unset.
template <typename Field, typename Member>
bool HasDecided(const Field& field, const Member& value, const Member& unset) {
  return field.decides && !(value == unset);
}
template <typename Owner, typename Part,
          typename = std::enable_if_t<!internal::IsOptional<Part>::value>>
bool HasDecided(const internal::PartField<Owner, Part>& /*field*/, const Part& value,
                const Part& /*unset*/) {
  return HasDecided(value);
}

template <typename T>
bool HasDecided(const T& policy) {
  const T unset;
  bool decided = false;
  internal::VisitFields(policy, [&](const auto& field, const auto& value) {
    decided = decided || HasDecided(field, value, unset.*(field.member));
  });
  return decided;
}

bool HasTripRule(const Policy& policy) {
  bool any_set = false;
  internal::VisitTripRules(
      policy, [&any_set](absl::string_view /*rule*/, bool is_set) { any_set = any_set || is_set; });
  return any_set;
}

// What makes a policy the one without numbers.
void SetAdaptiveRules(Policy& policy) {
  policy.improbable_run = ImprobableRun{};
  policy.adaptive_recovery = AdaptiveRecovery{};
  if (!policy.overload_limit) policy.overload_limit = OverloadLimit{};
}

// What of a policy of fixed thresholds is unset.
void SetFixedRules(Policy& policy) {
  if (!HasTripRule(policy)) policy.consecutive_failures = 5;
  if (policy.adaptive_recovery) return;
  if (!policy.open_duration) policy.open_duration = absl::Seconds(30);
  if (!policy.half_open.max_concurrent) policy.half_open.max_concurrent = 3;
  if (!policy.half_open.verdict) policy.half_open.verdict = SuccessThreshold{};
}

// Apart from what its candidate leaves unset.
void SetRules(Policy& policy) {
  if (HasDecided(policy)) {
    SetFixedRules(policy);
  } else {
    SetAdaptiveRules(policy);
  }
}

Policy Preset(int64_t failures, int64_t successes, absl::Duration open_duration) {
  Policy policy = Policy::Fixed();
  policy.consecutive_failures = failures;
  policy.half_open.verdict = SuccessThreshold{successes};
  policy.open_duration = open_duration;
  return policy;
}

}  // namespace

bool operator==(const CountWindow& a, const CountWindow& b) { return IsEqual(a, b); }
bool operator==(const TimeWindow& a, const TimeWindow& b) { return IsEqual(a, b); }
bool operator==(const SuccessThreshold& a, const SuccessThreshold& b) { return IsEqual(a, b); }
bool operator==(const ProbeCalls& a, const ProbeCalls& b) { return IsEqual(a, b); }
bool operator==(const HalfOpenPolicy& a, const HalfOpenPolicy& b) { return IsEqual(a, b); }
bool operator==(const Ramp& a, const Ramp& b) { return IsEqual(a, b); }
bool operator==(const HungCalls& a, const HungCalls& b) { return IsEqual(a, b); }
bool operator==(const ImprobableRun& a, const ImprobableRun& b) { return IsEqual(a, b); }
bool operator==(const AdaptiveRecovery& a, const AdaptiveRecovery& b) { return IsEqual(a, b); }
bool operator==(const HealthProbe& a, const HealthProbe& b) { return IsEqual(a, b); }
bool operator==(const OverloadLimit& a, const OverloadLimit& b) { return IsEqual(a, b); }
bool operator==(const ShadowPolicy& a, const ShadowPolicy& b) {
  if (a.shared() == b.shared()) return true;
  return a && b && *a == *b;
}
bool operator==(const Policy& a, const Policy& b) { return IsEqual(a, b); }

ShadowPolicy::ShadowPolicy(const Policy& policy)
    : policy_(std::make_shared<const Policy>(policy)) {}

std::vector<FieldError> PolicyErrors(const Policy& policy) {
  return Checker(policy.InForce()).Result();
}

namespace {

absl::Status ToStatus(const std::vector<FieldError>& errors) {
  if (errors.empty()) return absl::OkStatus();
  const auto text = [](std::string* out, const FieldError& error) {
    absl::StrAppend(out, error.field, " = ", error.value, ", must be ", error.range);
  };
  return absl::InvalidArgumentError(
      absl::StrCat("invalid policy: ", absl::StrJoin(errors, "; ", text)));
}

}  // namespace

absl::Status Validate(const Policy& policy) { return ToStatus(PolicyErrors(policy)); }

namespace internal {

std::vector<FieldError> WrongValues(const Policy& policy) {
  std::vector<FieldError> errors = Checker::WrongValues(policy);
  if (!policy.shadow_policy) return errors;
  for (FieldError& error : Checker::WrongValues(*policy.shadow_policy, "shadow_policy.")) {
    errors.push_back(std::move(error));
  }
  return errors;
}

absl::StatusOr<std::shared_ptr<const Policy>> PolicyInForce(const Policy& policy) {
  auto in_force = std::make_shared<const Policy>(policy.InForce());
  if (absl::Status valid = ToStatus(Checker(*in_force).Result()); !valid.ok()) return valid;
  return in_force;
}

}  // namespace internal

SharedPolicy::SharedPolicy(const Policy& policy)
    : policy_(std::make_shared<const Policy>(policy)) {}

SharedPolicy::operator Policy() const { return **this; }

const Policy& SharedPolicy::Empty() {
  static const auto* const kEmpty = new Policy();
  return *kEmpty;
}

Policy Policy::InForce() const {
  Policy in_force = *this;
  SetRules(in_force);
  // No further down: a candidate that is valid has none.
  if (shadow_policy) {
    Policy candidate = *shadow_policy;
    SetRules(candidate);
    in_force.shadow_policy = candidate;
  }
  return in_force;
}

Policy Policy::Adaptive() { return Policy().InForce(); }

Policy Policy::Fixed() {
  Policy policy;
  SetFixedRules(policy);
  return policy;
}

Policy Policy::Database() { return Preset(5, 2, absl::Seconds(30)); }
Policy Policy::MessageBroker() { return Preset(3, 2, absl::Seconds(20)); }
Policy Policy::InternalApi() { return Preset(5, 3, absl::Seconds(60)); }
Policy Policy::ExternalApi() { return Preset(10, 5, absl::Seconds(120)); }

}  // namespace fusebox
