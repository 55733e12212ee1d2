// SPDX-License-Identifier: Apache-2.0
#include "tests/model/trace.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <ostream>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/event.h"
#include "src/core/rules/trip_rule_fields.h"
#include "src/policy/field.h"

namespace fusebox_testing {
namespace {

using fusebox::Cause;
using fusebox::OutcomeKind;
using fusebox::Policy;

// 0 to n - 1, at any size alike.
int Pick(int n) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, n)); }
bool OneIn(int n) { return Pick(n) == 0; }

Fraction AnyRate() {
  const Fraction rates[] = {{1, 10}, {1, 5}, {1, 3}, {3, 10}, {1, 2}, {7, 10}, {1, 1}};
  return rates[Pick(7)];
}

absl::Duration AnyDuration() {
  const absl::Duration durations[] = {absl::Milliseconds(1), absl::Milliseconds(7),
                                      absl::Seconds(1), absl::Seconds(10), absl::Seconds(60)};
  return durations[Pick(5)];
}

fusebox::Window AnyWindow() {
  if (OneIn(2)) return fusebox::CountWindow{1 + Pick(8)};
  // Some of these slices are no whole number of milliseconds.
  const int64_t buckets = 1 + Pick(5);
  return fusebox::TimeWindow{AnyDuration() * buckets + absl::Nanoseconds(Pick(4)), buckets};
}

void AddConsecutiveFailures(ReferencePolicy& reference, int /*most*/) {
  reference.policy.consecutive_failures = 1 + Pick(4);
}

void AddFailuresInWindow(ReferencePolicy& reference, int most) {
  reference.policy.failures_in_window = 1 + Pick(most);
}

void AddFailureRate(ReferencePolicy& reference, int /*most*/) {
  reference.failure_rate = AnyRate();
  reference.policy.failure_rate = reference.failure_rate.value();
}

void AddSlowCallRate(ReferencePolicy& reference, int /*most*/) {
  if (!reference.policy.slow_call_duration) return;
  reference.slow_call_rate = AnyRate();
  reference.policy.slow_call_rate = reference.slow_call_rate.value();
}

void AddHungCalls(ReferencePolicy& reference, int /*most*/) {
  // Some of these slices aren't an eighth of the age.
  reference.policy.hung_calls =
      fusebox::HungCalls{1 + Pick(4), AnyDuration() + absl::Nanoseconds(Pick(9))};
}

void AddImprobableRun(ReferencePolicy& reference, int /*most*/) {
  const absl::Duration once_per[] = {absl::Seconds(1), absl::Minutes(1), absl::Hours(1),
                                     absl::Hours(24 * 365)};
  reference.policy.improbable_run = fusebox::ImprobableRun{1 + Pick(4), once_per[Pick(4)]};
}

// How a trip rule is drawn.
struct TripRule {
  Cause cause;
  int one_in;  // how many policies have it
  // `most`: how many calls the window holds at most.
  void (*add)(ReferencePolicy& reference, int most);
};

constexpr TripRule kTripRules[] = {
    {Cause::kConsecutiveFailures, 2, AddConsecutiveFailures},
    {Cause::kFailuresInWindow, 2, AddFailuresInWindow},
    {Cause::kFailureRate, 2, AddFailureRate},
    {Cause::kSlowCallRate, 2, AddSlowCallRate},
    {Cause::kHungCalls, 4, AddHungCalls},
    {Cause::kImprobableRun, 2, AddImprobableRun},
};

constexpr bool IsDrawn(Cause cause) {
  bool drawn = false;
  for (const TripRule& rule : kTripRules) drawn = drawn || rule.cause == cause;
  return drawn;
}

#define FUSEBOX_CHECK(enumerator, ...)                                                           \
  static_assert(IsDrawn(Cause::enumerator) || !fusebox::internal::IsTripRule(Cause::enumerator), \
                #enumerator                                                                      \
                " is a trip rule that no policy here has, and that "                             \
                "tests/model/reference_circuit.cc knows nothing of");
FUSEBOX_CAUSES(FUSEBOX_CHECK)
#undef FUSEBOX_CHECK

void AddTripRules(ReferencePolicy& reference) {
  Policy& policy = reference.policy;
  policy.window = AnyWindow();
  const auto* count = std::get_if<fusebox::CountWindow>(&policy.window);
  const int most = count != nullptr ? static_cast<int>(count->size) : 8;
  policy.minimum_calls = 1 + Pick(most);
  policy.consecutive_failures.reset();
  if (OneIn(2)) policy.slow_call_duration = AnyDuration();
  policy.slow_is_failure = policy.slow_call_duration && OneIn(3);
  for (const TripRule& rule : kTripRules) {
    if (OneIn(rule.one_in)) rule.add(reference, most);
  }
  if (OneIn(3)) policy.max_in_flight = 1 + Pick(6);
  bool any = false;
  fusebox::internal::VisitTripRules(
      policy, [&any](const char* /*rule*/, bool is_set) { any = any || is_set; });
  if (!any) AddConsecutiveFailures(reference, most);
}

void AddHalfOpen(ReferencePolicy& reference) {
  Policy& policy = reference.policy;
  policy.half_open.max_concurrent = 1 + Pick(4);
  policy.half_open.verdict = fusebox::SuccessThreshold{1 + Pick(4)};
  if ((policy.failure_rate || policy.slow_call_rate) && OneIn(2)) {
    policy.half_open.verdict = fusebox::ProbeCalls{1 + Pick(6)};
  }
  policy.half_open.probe_timeout = OneIn(4) ? absl::ZeroDuration() : AnyDuration();
}

// Of what isn't set, some is left as it is by default.
void LeaveOut(ReferencePolicy& reference) {
  Policy& policy = reference.policy;
  if (OneIn(8)) {
    // All that makes it another policy than the one without numbers.
    Policy rest;
    rest.window = policy.window;
    rest.minimum_calls = policy.minimum_calls;
    rest.slow_call_duration = policy.slow_call_duration;
    rest.slow_is_failure = policy.slow_is_failure;
    rest.max_open_duration = policy.max_open_duration;
    rest.jitter = policy.jitter;
    rest.half_open.probe_timeout = policy.half_open.probe_timeout;
    rest.max_in_flight = policy.max_in_flight;
    rest.health_probe = policy.health_probe;
    rest.overload_limit = policy.overload_limit;
    const Fraction overload_ratio = reference.overload_ratio;
    reference = ReferencePolicy();
    reference.policy = rest;
    reference.overload_ratio = overload_ratio;
    return;
  }
  const bool has_rate = policy.failure_rate || policy.slow_call_rate;
  if (OneIn(4) && !has_rate) {
    policy.consecutive_failures.reset();
    policy.improbable_run.reset();
    policy.failures_in_window.reset();
    policy.hung_calls.reset();
  }
  if (OneIn(4)) policy.half_open.max_concurrent.reset();
  if (OneIn(4)) policy.half_open.verdict.reset();
  if (OneIn(4)) {
    policy.open_duration.reset();
    policy.max_open_duration = std::max(policy.max_open_duration, absl::Seconds(30));
  }
}

void AddOpen(ReferencePolicy& reference) {
  const Fraction backoffs[] = {{1, 1}, {1, 1}, {3, 2}, {2, 1}, {10, 1}};
  Policy& policy = reference.policy;
  reference.backoff = backoffs[Pick(5)];
  policy.backoff_multiplier = reference.backoff.value();
  policy.open_duration = AnyDuration();
  // Far enough for some steps of every backoff, and near enough for each to be whole nanoseconds
  // in a double.
  policy.max_open_duration = *policy.open_duration * (1 + Pick(20));
  if (OneIn(2)) policy.backoff_memory = AnyDuration() * (1 + Pick(4));
  policy.jitter = 0;
}

void AddRamp(ReferencePolicy& reference) {
  if (!OneIn(2)) return;
  const int64_t initials[] = {1, 50'000'000, 333'333'333, 500'000'000, 999'999'999, 1'000'000'000};
  reference.ramp_initial = initials[Pick(6)];
  reference.policy.ramp =
      fusebox::Ramp{AnyDuration() + absl::Nanoseconds(Pick(3)),
                    static_cast<double>(reference.ramp_initial) / 1'000'000'000};
}

void AddAdaptiveRecovery(ReferencePolicy& reference) {
  if (!OneIn(2)) return;
  const Fraction costs[] = {{1, 4}, {1, 10}, {2, 1}, {100, 1}};
  reference.probe_cost = costs[Pick(4)];
  reference.policy.adaptive_recovery = fusebox::AdaptiveRecovery{reference.probe_cost.value()};
  reference.policy.ramp.reset();
}

void AddOverloadLimit(ReferencePolicy& reference) {
  if (!OneIn(2)) return;
  const Fraction ratios[] = {{7, 10}, {1, 10}, {1, 2}, {9, 10}};
  reference.overload_ratio = ratios[Pick(4)];
  reference.policy.overload_limit = fusebox::OverloadLimit{reference.overload_ratio.value()};
}

void AddHealthProbe(ReferencePolicy& reference) {
  if (OneIn(2)) reference.policy.health_probe = fusebox::HealthProbe{AnyDuration()};
}

ReferencePolicy AnyPlainPolicy() {
  ReferencePolicy reference;
  AddTripRules(reference);
  AddHalfOpen(reference);
  AddOpen(reference);
  AddRamp(reference);
  AddAdaptiveRecovery(reference);
  AddHealthProbe(reference);
  AddOverloadLimit(reference);
  LeaveOut(reference);
  return reference;
}

template <typename T>
std::string TextOf(const std::optional<T>& value) {
  return value ? absl::StrCat(*value) : "unset";
}

struct ActionRow {
  Action action;
  std::size_t weight;  // how often it is drawn
  const char* name;
};

constexpr ActionRow kActions[] = {
    {Action::kAcquire, 300, "acquire"},
    {Action::kSucceed, 150, "succeed"},
    {Action::kFail, 150, "fail"},
    {Action::kIgnore, 40, "ignore"},
    {Action::kDrop, 20, "drop"},
    {Action::kCalls, 60, "calls"},
    {Action::kReport, 15, "report"},
    {Action::kReset, 6, "reset"},
    {Action::kForceOpen, 8, "force open"},
    {Action::kDisable, 4, "disable"},
    {Action::kShadow, 6, "shadow"},
    {Action::kAutomate, 12, "automate"},
    {Action::kSetPolicy, 8, "set policy"},
    {Action::kReadState, 20, "state()"},
    {Action::kSnapshot, 50, "Snapshot()"},
    {Action::kAdvance, 110, "advance by"},
    {Action::kAdvanceToDue, 100, "to due"},
    {Action::kJump, 5, "jump"},
    {Action::kMessage, 40, "message"},
    {Action::kFirstMessage, 50, "first message"},
    {Action::kBreak, 50, "break"},
    {Action::kCancel, 20, "cancel"},
};

constexpr bool IsDrawn(Action action) {
  for (const ActionRow& row : kActions) {
    if (row.action == action) return row.weight > 0;
  }
  return false;
}

#define FUSEBOX_CHECK(verb, ...)                                \
  static_assert(IsDrawn(Action::k##verb), #verb                 \
                " is a verb of an operator's that no run here " \
                "has");
FUSEBOX_OPERATOR_VERBS(FUSEBOX_CHECK)
#undef FUSEBOX_CHECK

const char* NameOf(Action action) {
  for (const ActionRow& row : kActions) {
    if (row.action == action) return row.name;
  }
  return "an action without a row";
}

rc::Gen<Action> AnyAction() {
  std::vector<Action> actions;
  for (const ActionRow& row : kActions) actions.insert(actions.end(), row.weight, row.action);
  return rc::gen::elementOf(std::move(actions));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << NameOf(step.action) << " (call " << step.which << ", length " << step.length
             << ", nudge " << step.nudge << ", details " << step.details << ", thread "
             << step.thread << ")";
}

ReferencePolicy AnyPolicy() {
  ReferencePolicy reference = AnyPlainPolicy();
  if (OneIn(3)) {
    ReferencePolicy candidate = OneIn(6) ? reference : AnyPlainPolicy();
    // What a cancelled call is taken for hangs on it: see ResultOf.
    candidate.policy.half_open.probe_timeout = reference.policy.half_open.probe_timeout;
    reference.policy.shadow_policy = candidate.policy;
    reference.candidate = std::make_shared<const ReferencePolicy>(candidate);
  }
  return reference;
}

rc::Gen<Trace> AnyTrace() {
  const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::inRange<uint32_t>(0, 1000));
  const auto step = rc::gen::build<Step>(
      rc::gen::set(&Step::action, AnyAction()), rc::gen::set(&Step::which, number),
      rc::gen::set(&Step::length, number), rc::gen::set(&Step::nudge, number),
      rc::gen::set(&Step::details, number), rc::gen::set(&Step::thread, number));
  return rc::gen::scale(3.0, rc::gen::container<Trace>(step));
}

std::string Describe(const ReferencePolicy& reference) {
  const Policy& p = reference.policy;
  const auto* count = std::get_if<fusebox::CountWindow>(&p.window);
  const auto* time = std::get_if<fusebox::TimeWindow>(&p.window);
  const auto* verdict = fusebox::internal::IfSet(p.half_open.verdict);
  const auto* threshold = std::get_if<fusebox::SuccessThreshold>(verdict);
  const auto* probe_calls = std::get_if<fusebox::ProbeCalls>(verdict);
  return absl::StrCat(
      "consecutive_failures ", TextOf(p.consecutive_failures), ", failures_in_window ",
      TextOf(p.failures_in_window), ", failure_rate ", TextOf(p.failure_rate), ", slow_call_rate ",
      TextOf(p.slow_call_rate), ", slow_call_duration ",
      p.slow_call_duration ? absl::FormatDuration(*p.slow_call_duration) : "unset",
      p.slow_is_failure ? " (is failure)" : "", ", minimum_calls ", p.minimum_calls, ", window ",
      count ? absl::StrCat(count->size) : absl::FormatDuration(time->duration),
      time ? absl::StrCat(" / ", time->buckets) : "", ", open_duration ",
      p.open_duration ? absl::FormatDuration(*p.open_duration) : "unset", " * ",
      p.backoff_multiplier, "^k <= ", absl::FormatDuration(p.max_open_duration),
      ", backoff_memory ", p.backoff_memory ? absl::FormatDuration(*p.backoff_memory) : "unset",
      ", max_concurrent ", TextOf(p.half_open.max_concurrent),
      threshold ? absl::StrCat(", success_threshold ", threshold->successes) : "",
      probe_calls ? absl::StrCat(", probe_calls ", probe_calls->calls) : "", ", probe_timeout ",
      absl::FormatDuration(p.half_open.probe_timeout), ", hung_calls ",
      p.hung_calls
          ? absl::StrCat(p.hung_calls->count, " for ", absl::FormatDuration(p.hung_calls->age))
          : "unset",
      ", improbable_run ",
      p.improbable_run ? absl::StrCat(p.improbable_run->min_failures, " per ",
                                      absl::FormatDuration(p.improbable_run->once_per))
                       : "unset",
      ", max_in_flight ", TextOf(p.max_in_flight), ", ramp ",
      p.ramp ? absl::StrCat(absl::FormatDuration(p.ramp->duration), " from ",
                            reference.ramp_initial, " billionths")
             : "unset",
      ", adaptive_recovery ",
      p.adaptive_recovery ? absl::StrCat(p.adaptive_recovery->probe_cost) : "unset",
      ", health_probe ", p.health_probe ? "set" : "unset", ", overload_limit ",
      p.overload_limit ? absl::StrCat(p.overload_limit->backoff_ratio) : "unset",
      reference.candidate ? absl::StrCat("; candidate: ", Describe(*reference.candidate)) : "");
}

int CallsOf(const Step& step) { return 1 + static_cast<int>(step.which % 20); }

int64_t LengthOf(const Step& step, const Policy& policy) {
  absl::Duration slice = absl::Milliseconds(3);
  if (const auto* time = std::get_if<fusebox::TimeWindow>(&policy.window)) {
    slice = absl::Nanoseconds(absl::ToInt64Nanoseconds(time->duration) / time->buckets);
  }
  const absl::Duration open_duration = policy.open_duration.value_or(absl::Seconds(30));
  const absl::Duration lengths[] = {absl::ZeroDuration(),
                                    slice / 3,
                                    slice,
                                    slice * 2.5,
                                    slice * 6,
                                    open_duration,
                                    open_duration / 2,
                                    policy.half_open.probe_timeout,
                                    policy.half_open.probe_timeout / 2,
                                    policy.half_open.probe_timeout / 8,
                                    absl::Milliseconds(100),
                                    policy.slow_call_duration.value_or(absl::Seconds(1)),
                                    policy.hung_calls ? policy.hung_calls->age : slice,
                                    policy.hung_calls ? policy.hung_calls->age / 2 : slice,
                                    policy.hung_calls ? policy.hung_calls->age / 8 : slice,
                                    policy.ramp ? policy.ramp->duration / 7 : slice,
                                    policy.backoff_memory.value_or(slice),
                                    policy.backoff_memory.value_or(slice) / 2,
                                    absl::Minutes(10),
                                    absl::Milliseconds(50),
                                    absl::Microseconds(62'500),
                                    absl::Hours(1)};
  const int64_t length = absl::ToInt64Nanoseconds(lengths[step.length % std::size(lengths)]);
  const int64_t nudges[] = {0, 1, -1};
  return std::max<int64_t>(0, length + nudges[step.nudge % 3]);
}

std::optional<absl::Duration> TimeToLiveOf(const Step& step, const Policy& policy) {
  switch (step.details % 8) {
    case 0:
      return absl::ZeroDuration();
    case 1:
      return absl::Nanoseconds(999'999);
    case 2:
      return absl::Milliseconds(1);
    case 3:
      return policy.open_duration.value_or(absl::Seconds(30));
    case 4:
      return absl::Hours(24) * 365;
    case 5:
      return absl::Hours(24) * 365 + absl::Nanoseconds(1);
    default:
      return std::nullopt;
  }
}

// How long a call was out that its caller cancelled: well below what makes a probe a failure, just
// below, just there, or far beyond.
int64_t CancelledAfter(const Step& step, const Policy& policy) {
  const int64_t timeout = absl::ToInt64Nanoseconds(policy.half_open.probe_timeout);
  const int64_t half =
      timeout == 0 ? absl::ToInt64Nanoseconds(absl::Seconds(1)) : (timeout + 1) / 2;
  const int64_t below = std::min(half, absl::ToInt64Nanoseconds(absl::Seconds(1))) - 1;
  const int64_t latencies[] = {0, below, half, half * 100};
  return latencies[step.length % (timeout == 0 ? 2 : 4)];
}

ReferenceCircuit::Result ResultOf(const Step& step, const Policy& policy) {
  ReferenceCircuit::Result result;
  switch (step.action) {
    case Action::kSucceed:
    case Action::kMessage:
    case Action::kFirstMessage:
      result.kind = OutcomeKind::kSuccess;
      break;
    case Action::kFail:
    case Action::kReport:
    case Action::kBreak:
      result.kind = OutcomeKind::kFailure;
      break;
    default:
      result.kind = OutcomeKind::kIgnored;
      break;
  }
  if (step.action == Action::kDrop) return result;
  if (step.details % 4 == 0) result.latency = LengthOf(step, policy);
  result.timed = step.details % 11 != 0;
  if (step.action == Action::kCancel) {
    result.cancelled = true;
    result.latency = CancelledAfter(step, policy);
    result.code = 1;
    result.message = "cancelled";
  }
  if (result.kind == OutcomeKind::kFailure) {
    if (step.details % 5 == 0) {
      result.pushback = absl::ToInt64Nanoseconds(policy.open_duration.value_or(absl::Seconds(30))) /
                        4 * (step.details % 50);
    }
    // Those that say whether it can be asked are drawn more often.
    constexpr int kAnswers[] = {5, 7, 12, 16};
    result.code =
        step.nudge % 4 == 0 ? kAnswers[step.which % 4] : static_cast<int>(step.details % 17);
    if (step.details % 3 == 0) result.kind = OutcomeKind::kOverload;
    result.message = absl::StrCat("failure ", step.details);
  }
  return result;
}

}  // namespace fusebox_testing
