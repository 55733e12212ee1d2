// SPDX-License-Identifier: Apache-2.0
//
// The fields of a policy, one row for each: what it is called, what it may be, how it is turned off
// and what it does. All that goes field by field goes by this table: equality, validation, the
// conversion to and from circuit.proto, what fuseboxctl reads and writes, policy.schema.json and
// the tables of the documentation (scripts/update-docs), the fuzzers. The default of a field is
// its initialiser in fusebox/policy.h and nowhere else; of one that is unset there, and said to be
// IfFixed here, its value in Policy::Fixed().
//
// To add a field: the member with its default in fusebox/policy.h, its row here; then run
// scripts/update-docs, which writes its line in circuit.proto, too. What is forgotten doesn't
// compile, or fails PolicyConversion.TheProtoHasTheFieldsOfTheTable or the test docs.policy_fields.
#ifndef FUSEBOX_SRC_POLICY_FIELD_TABLE_H_
#define FUSEBOX_SRC_POLICY_FIELD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/base/time_limits.h"
#include "src/policy/field.h"

namespace fusebox::internal {

inline constexpr Range<int64_t> kCallsRange = {1, 1'000'000};
inline constexpr Range<double> kShareRange = {0, 1, Ends::kMaxOnly};
inline constexpr Range<absl::Duration> kUpToADay = {kShortestTime, kDay};
inline constexpr Range<absl::Duration> kUpToAYear = {kShortestTime, kYear};
inline constexpr Range<absl::Duration> kSlowCallRange = {absl::Microseconds(1), kDay};

// The rows of a type; the argument only says of which.
constexpr auto FieldsOf(const CountWindow* /*type*/) {
  return std::make_tuple(
      ValueRow("size", &CountWindow::size, kCallsRange, "calls", "how many calls"));
}

constexpr auto FieldsOf(const TimeWindow* /*type*/) {
  return std::make_tuple(
      ValueRow("duration", &TimeWindow::duration, kUpToADay, "", "how far back it reaches"),
      ValueRow("buckets", &TimeWindow::buckets, {1, 1'000}, "buckets",
               "in how many slices, each of at least 1 ms"));
}

constexpr auto FieldsOf(const SuccessThreshold* /*type*/) {
  return std::make_tuple(
      ValueRow("success_threshold", &SuccessThreshold::successes, kCallsRange, "probes",
               "closes after this many successful probes; any failed one opens it again"));
}

constexpr auto FieldsOf(const ProbeCalls* /*type*/) {
  return std::make_tuple(ValueRow("probe_calls", &ProbeCalls::calls, kCallsRange, "probes",
                                  "admits exactly this many probes, then decides by `failure_rate` "
                                  "and `slow_call_rate`, one of which it needs"));
}

constexpr auto FieldsOf(const HalfOpenPolicy* /*type*/) {
  return std::make_tuple(
      ValueRow("max_concurrent", &HalfOpenPolicy::max_concurrent, {1, 1'000}, "probes",
               "how many probes may be out at the same time")
          .Decides()
          .IfFixed(),
      ChoiceRow("verdict", &HalfOpenPolicy::verdict,
                {{{"SuccessThreshold", "", ""}, {"ProbeCalls", "", ""}}})
          .Decides(),
      ValueRow("probe_timeout", &HalfOpenPolicy::probe_timeout, kUpToAYear, "",
               "a probe that is out for this long without a message opens the circuit again; for "
               "streams that may be silent, see [streams](policies.md#streams)")
          .ZeroIsOff());
}

constexpr auto FieldsOf(const Ramp* /*type*/) {
  return std::make_tuple(ValueRow("duration", &Ramp::duration, kUpToADay, "",
                                  "how long the share takes to grow to all"),
                         ValueRow("initial_fraction", &Ramp::initial_fraction, kShareRange, "",
                                  "the share of calls that it starts with"));
}

constexpr auto FieldsOf(const HungCalls* /*type*/) {
  return std::make_tuple(
      ValueRow("count", &HungCalls::count, kCallsRange, "calls", "how many calls have to hang"),
      ValueRow("age", &HungCalls::age, kUpToADay, "",
               "how long a call is in flight until it hangs"));
}

constexpr auto FieldsOf(const ImprobableRun* /*type*/) {
  return std::make_tuple(ValueRow("min_failures", &ImprobableRun::min_failures, kCallsRange,
                                  "calls", "how many failures in a row it takes at least"),
                         ValueRow("once_per", &ImprobableRun::once_per, {absl::Seconds(1), kYear},
                                  "", "how seldom chance alone may open the circuit"));
}

constexpr auto FieldsOf(const AdaptiveRecovery* /*type*/) {
  return std::make_tuple(ValueRow("probe_cost", &AdaptiveRecovery::probe_cost,
                                  {0, 100, Ends::kMaxOnly}, "",
                                  "what a call costs that goes out in vain, in lost answers"));
}

constexpr auto FieldsOf(const HealthProbe* /*type*/) {
  return std::make_tuple(ValueRow("timeout", &HealthProbe::timeout, kUpToADay, "",
                                  "how long the dependency may take to say whether it is well"));
}

constexpr auto FieldsOf(const OverloadLimit* /*type*/) {
  return std::make_tuple(ValueRow("backoff_ratio", &OverloadLimit::backoff_ratio,
                                  {0.1, 1, Ends::kMinOnly}, "",
                                  "what is left of the calls in flight after a cut"));
}

constexpr auto FieldsOf(const Policy* /*type*/) {
  return std::make_tuple(
      ValueRow("consecutive_failures", &Policy::consecutive_failures, kCallsRange, "calls",
               "opens after this many failures in a row; a success starts over, an ignored call "
               "changes nothing")
          .Decides(),
      PartRow("improbable_run", &Policy::improbable_run,
              "opens at as many failures in a row as chance alone brings about less than once in "
              "`once_per`")
          .Decides(),
      ValueRow("failures_in_window", &Policy::failures_in_window, kCallsRange, "calls",
               "opens at this many failures in the window")
          .Decides()
          .WithinWindow(),
      ValueRow("failure_rate", &Policy::failure_rate, kShareRange, "",
               "opens when this share of the window's calls failed")
          .Decides(),
      ValueRow("slow_call_rate", &Policy::slow_call_rate, kShareRange, "",
               "opens when this share took `slow_call_duration` or longer, successes and failures "
               "alike")
          .Decides(),
      PartRow("hung_calls", &Policy::hung_calls,
              "opens when `count` calls have been in flight for `age` without a message")
          .Decides(),
      ValueRow("slow_call_duration", &Policy::slow_call_duration, kSlowCallRange, "",
               "from when on a call is slow; `slow_call_rate` and `slow_is_failure` need it"),
      FlagRow("slow_is_failure", &Policy::slow_is_failure, "records a slow success as a failure"),
      ValueRow("minimum_calls", &Policy::minimum_calls, kCallsRange, "calls",
               "how many calls the window must hold before a rate is looked at")
          .WithinWindow()
          .ForRates(),
      ChoiceRow(
          "window", &Policy::window,
          {{{"CountWindow", "count_window", "looks at the last `size` calls"},
            {"TimeWindow", "time_window",
             "looks at the calls of the last `duration`, in slices of `duration / buckets`"}}}),
      ValueRow("open_duration", &Policy::open_duration, kUpToAYear, "",
               "how long it stays open the first time")
          .Decides()
          .IfFixed(),
      ValueRow("backoff_multiplier", &Policy::backoff_multiplier, {1, 100}, "",
               "each further opening in a row lasts this many times as long")
          .Decides(),
      ValueRow("max_open_duration", &Policy::max_open_duration, kUpToAYear, "",
               "what the backoff never exceeds; not less than `open_duration`"),
      ValueRow(
          "backoff_memory", &Policy::backoff_memory, kUpToAYear, "",
          "the backoff starts over only once the circuit has been CLOSED for this long; unset, "
          "it does whenever it closes")
          .Decides(),
      ValueRow(
          "jitter", &Policy::jitter, {0, 1, Ends::kMinOnly}, "",
          "multiplies the duration by a random factor from 1 - jitter to 1 + jitter, so that a "
          "fleet doesn't probe in step; what a server asked for, by one from 1 to 1 + jitter")
          .ZeroIsOff(),
      PartRow("half_open", &Policy::half_open, "how the circuit comes back"),
      PartRow(
          "ramp", &Policy::ramp,
          "after good probes, lets through a share of calls that grows from `initial_fraction` to "
          "all over `duration`, and closes then")
          .Decides(),
      PartRow("adaptive_recovery", &Policy::adaptive_recovery,
              "probes as often as the traffic and the length of the outage say, and comes back by "
              "slow start; in place of `open_duration`, the backoff, `half_open` and `ramp`")
          .Decides(),
      PartRow("health_probe", &Policy::health_probe,
              "when a probe is due, asks the dependency whether it is well "
              "(`grpc.health.v1.Health/Check`), and lets calls through once it says so"),
      PartRow("overload_limit", &Policy::overload_limit,
              "when calls end with RESOURCE_EXHAUSTED, limits the calls in flight, and never opens "
              "for it; without it, they are failures like others"),
      ValueRow(
          "max_in_flight", &Policy::max_in_flight, kCallsRange, "calls",
          "rejects the call that would be one more in flight, in any state; no failure, and "
          "counted apart. Takes the circuit's lock on each call in shadow mode, and if the circuit "
          "has ever been without it"),
      PolicyRow("shadow_policy", &Policy::shadow_policy,
                "a candidate, with fields as above: decides nothing, and counts what it would have "
                "done. Takes the circuit's lock on each call"));
}

template <typename T>
inline constexpr auto kFields = FieldsOf(static_cast<const T*>(nullptr));

template <typename T>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<std::decay_t<decltype(kFields<T>)>>;

template <typename T>
constexpr bool HasARowForEachMember() {
  static_assert(
      kHasMembers<T, kFieldCount<T>>,
      "a member has no row: add it to FieldsOf(const T*) in src/policy/field_table.h; then run "
      "scripts/update-docs");
  static_assert(std::apply([](const auto&... field) { return AreDistinct(field...); }, kFields<T>),
                "two rows of src/policy/field_table.h are of the same member");
  return true;
}

// Calls visit(field, value) for each field of a Policy or of a part of one, in their order: a
// ValueField, PartField, PolicyField or ChoiceField, and the member, which can be written to if
// `of` can.
template <typename T, typename Visitor, std::size_t... i>
constexpr void VisitFields(T& of, Visitor&& visit, std::index_sequence<i...> /*rows*/) {
  constexpr auto& kRows = kFields<std::remove_const_t<T>>;
  (visit(std::get<i>(kRows), of.*(std::get<i>(kRows).member)), ...);
}
template <typename T, typename Visitor>
constexpr void VisitFields(T& of, Visitor&& visit) {
  using Type = std::remove_const_t<T>;
  static_assert(HasARowForEachMember<Type>());
  VisitFields(of, visit, std::make_index_sequence<kFieldCount<Type>>());
}

template <typename Field, typename Variant, typename Visitor>
constexpr void VisitAlternative(const Field& field, Variant& value, Visitor&& visit) {
  const Alternative& alternative = field.alternatives[value.index()];
  std::visit([&](auto& chosen) { visit(alternative, chosen); }, value);
}

// Calls visit(alternative, value) for the one that is there, if one is.
template <typename Owner, typename Member, typename Value, typename Visitor>
constexpr void VisitChosen(const ChoiceField<Owner, Member>& field, Value& value, Visitor&& visit) {
  if constexpr (IsOptional<Member>::value) {
    if (value) VisitAlternative(field, *value, visit);
  } else {
    VisitAlternative(field, value, visit);
  }
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_POLICY_FIELD_TABLE_H_
