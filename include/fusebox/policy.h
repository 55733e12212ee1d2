// SPDX-License-Identifier: Apache-2.0
//
// The settings of a circuit: when it opens, for how long, and how it finds out that the dependency
// is well again. "Rule R3" and the like, in this and other headers, are those of docs/rules.md.
//
//   fusebox::Policy policy;  // needs no numbers: it goes by the traffic (rules R15 to R17, R19)
//
//   // Or by thresholds of yours: half of the calls failing, once 20 are known, in the last 10 s.
//   policy.failure_rate = 0.5;
//   policy.minimum_calls = 20;
//   policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
//   absl::Status valid = fusebox::Validate(policy);
#ifndef FUSEBOX_POLICY_H_
#define FUSEBOX_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/export.h"

namespace fusebox {

// Remembers the last `size` recorded calls, however old they are (rule R3).
struct CountWindow {
  int64_t size = 100;  // calls, 1 to 1,000,000
};

// Remembers the calls of the last `duration`, in `buckets` slices of `duration / buckets` each (cut
// to whole nanoseconds), aligned to the clock's zero. The current, partial slice is one of them, so
// what's remembered reaches back between `duration - duration / buckets` and `duration` (rule
// R3).
struct TimeWindow {
  absl::Duration duration = absl::Seconds(10);  // 1 ms to 24 h
  int64_t buckets = 10;                         // 1 to 1,000; a slice is at least 1 ms
};

using Window = std::variant<CountWindow, TimeWindow>;

// HALF_OPEN verdict: this many successful probes close the circuit, any failed one opens it again
// (rule R5).
struct SuccessThreshold {
  int64_t successes = 3;  // probes, 1 to 1,000,000
};

// HALF_OPEN verdict: exactly `calls` probes are admitted. Once all are recorded, the circuit opens
// again if `failure_rate` or `slow_call_rate` holds over them, and closes if not. Needs one of
// those two rates in the policy (rule R5).
struct ProbeCalls {
  int64_t calls = 10;  // probes, 1 to 1,000,000
};

struct HalfOpenPolicy {
  // How many probes may be out at the same time; calls beyond that are rejected. Unset: 3, but
  // nothing where `adaptive_recovery` acts.
  std::optional<int64_t> max_concurrent;  // probes, 1 to 1,000

  // What decides. Unset: SuccessThreshold{3}, but nothing where `adaptive_recovery` acts.
  std::optional<std::variant<SuccessThreshold, ProbeCalls>> verdict;

  // A probe that has been out for this long opens the circuit again, and its own later result is
  // stale: no circuit stays wedged behind what hangs. Looked at whenever a call starts or a probe
  // ends; if nobody has looked for half of this time, a moment later once more, since it may be the
  // process that was stopped, with the answers in its sockets. A stream has answered with its first
  // message; until then it counts as hung, even if all is well (docs/policies.md#streams). 0: off.
  absl::Duration probe_timeout = absl::Seconds(60);  // 0, or 1 ms to 365 days
};

// After a positive verdict the share of calls that is admitted grows linearly from
// `initial_fraction` to all of them over `duration`, and only then the circuit closes (rule R6).
// The trip rules are on meanwhile, over a window of their own.
struct Ramp {
  absl::Duration duration = absl::Seconds(10);  // 1 ms to 24 h
  double initial_fraction = 0.05;               // greater than 0, at most 1; held to a billionth
};

// Opens the circuit when `count` calls have been in flight for `age`: a dependency that hangs gives
// no outcome until the deadlines run out (rule R14). Looked at whenever a call starts or ends.
// Starts are kept in slices of `age / 8`, so that a call is found up to that much late. If nobody
// has looked for half the age, it may be the process that was stopped, with the answers in its
// sockets: then it takes one more look, min(age / 8, 100 ms) later. A stream that has received a
// message isn't hung.
struct HungCalls {
  int64_t count = 10;                      // calls, 1 to 1,000,000
  absl::Duration age = absl::Seconds(10);  // 1 ms to 24 h
};

// Opens the circuit after as many failures in a row as chance alone brings about less than once per
// `once_per`, given how many of the calls fail anyway and how many calls there are a second; but
// not before `min_failures` (rule R15). With an hour: 3 for a dependency that is well and is called
// once a second, 6 at 200 calls/s, 8 at 1,000 calls/s of which 10 % fail, 28 if half of them do. A
// failure more than 10 minutes after the one before it begins a new run.
struct ImprobableRun {
  int64_t min_failures = 3;                  // calls, 1 to 1,000,000
  absl::Duration once_per = absl::Hours(1);  // 1 s to 365 days
};

// How an OPEN circuit finds out that the dependency is back, and how it comes back, without a
// number to be set (rules R16, R17). One probe at the same time, the next one after t * sqrt(2c /
// n), for n calls rejected in the t since the outage began: early and often after a blip, seldom in
// a long outage, and the more the more calls there are; from 50 ms to 30 s, times a random factor
// from 0.75 to 1.25 (or none, with `jitter` = 0). A good probe begins slow start: two calls in
// flight, one more with each success. It is CLOSED when no call had to be held back for a second,
// or for ten times what calls take if that is longer; what fails before that goes on with the same
// outage. After an outage without answers (time-outs, calls that hang), and after an overload in
// slow start, the limit that slow start has found is kept until no call was held back for 10 s.
struct AdaptiveRecovery {
  // c: what a call costs that goes out in vain, in answers that are lost.
  double probe_cost = 0.25;  // greater than 0, at most 100; held to a billionth
};

// While the circuit is OPEN, whoever can ask the dependency whether it is well does so in place of
// sending it calls (rule R21): the interceptor by `grpc.health.v1.Health/Check`
// (`InterceptorOptions::health_service`), other callers by `Reach::kAsk`
// (fusebox/circuit_breaker.h) and what they have. Who can't, goes on as without this.
struct HealthProbe {
  // How long an answer may take. For those who ask: the circuit itself has
  // `half_open.probe_timeout`. For so long, the interceptor's question keeps channel and registry.
  absl::Duration timeout = absl::Seconds(1);  // 1 ms to 24 h
};

// How many calls may be in flight to a dependency that says it has too much to do: calls that end
// as OutcomeKind::kOverload, which is RESOURCE_EXHAUSTED unless a classifier says otherwise (rule
// R18). Such a call never opens the circuit. It cuts the number of calls in flight, at most once a
// round trip; successes let it grow again, slowly at first; when no call had to be held back for
// 10 s, or for ten times what calls take if that is longer, there is no limit any more. Below one
// call in flight, a share of the calls is let through. The others are rejected with kLimited. The
// state stays CLOSED meanwhile. Without it, an overload is a failure like any other.
struct OverloadLimit {
  // What is left of the calls in flight after a cut.
  double backoff_ratio = 0.7;  // 0.1 to less than 1; held to a billionth
};

struct Policy;

// A policy within a policy, or none. A value: copies share what never changes.
//
//   policy.shadow_policy = fusebox::Policy::Adaptive();
//   const absl::Duration most = policy.shadow_policy->max_open_duration;
class FUSEBOX_EXPORT ShadowPolicy {
 public:
  ShadowPolicy() = default;                 // none
  ShadowPolicy(std::nullopt_t /*none*/) {}  // NOLINT(google-explicit-constructor)
  ShadowPolicy(const Policy& policy);       // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return policy_ != nullptr; }
  // REQUIRES: there is one.
  const Policy& operator*() const { return *policy_; }
  const Policy* operator->() const { return policy_.get(); }
  // Null: none.
  const std::shared_ptr<const Policy>& shared() const { return policy_; }

 private:
  std::shared_ptr<const Policy> policy_;
};

// The settings themselves. A plain value: copy it, change fields, hand it over. It is checked where
// it is handed over (`CircuitBreaker::Create`, `CircuitRegistry::GetOrCreate`, the interceptor
// factory), and an invalid one is refused there with every bad field named (rule R11).
//
// As it is made, it is the policy that needs no numbers, `Policy::Adaptive()`. As soon as you set a
// rule that opens the circuit or a part of how it comes back, it is yours: what you set means what
// it says, and what you leave unset is as in `Policy::Fixed()`, so open for 30 s, and 3 probes. 5
// failures in a row open it if you set no rule at all, and only then: `failure_rate = 0.5` alone
// opens by the rate alone (`InForce`, rule R19).
struct FUSEBOX_EXPORT Policy {
  // ---- When a CLOSED circuit opens. Any set of these may be on together. After each recorded
  // success or failure they are looked at in this order, and the first that holds opens the circuit
  // (rule R2).

  // This many failures in a row. A success starts the count anew; an ignored call leaves it alone.
  std::optional<int64_t> consecutive_failures;  // calls, 1 to 1,000,000

  // As many failures in a row as can't be chance. Means the same at one call a second and at
  // 10,000, and leaves a dependency alone of which a part of the calls always fails.
  std::optional<ImprobableRun> improbable_run;

  // This many failures inside the window. Not more than a CountWindow's size.
  std::optional<int64_t> failures_in_window;  // calls, 1 to 1,000,000

  // This share of the window's calls failed, with at least `minimum_calls` in it. Reached is
  // enough: 0.5 holds at 5 failures of 10. Exact on every target: no floating-point drift at the
  // threshold. Write it as a double: 0.1F is a little more than a tenth, and doesn't hold at 10 of
  // 100 (nor do 45 others of the 99 whole percents).
  std::optional<double> failure_rate;  // greater than 0, at most 1

  // The same over calls that took at least `slow_call_duration`, successes or failures.
  std::optional<double> slow_call_rate;  // greater than 0, at most 1

  // `count` calls have been in flight for `age`. Looked at after the other rules. Costs
  // nothing when it is off.
  std::optional<HungCalls> hung_calls;

  // From when on a call counts as slow. Needed by `slow_call_rate` and `slow_is_failure`; set alone
  // it only counts slow calls.
  std::optional<absl::Duration> slow_call_duration;  // 1 us to 24 h

  // Record a success that was slow as a failure (rule C4).
  bool slow_is_failure = false;

  // How many calls the window must hold before a rate is looked at. Not more than a CountWindow's
  // size. Only checked when a rate is on.
  int64_t minimum_calls = 20;  // calls, 1 to 1,000,000

  // What `failures_in_window` and the two rates look at. A transition empties it.
  Window window = CountWindow{};

  // ---- How long it stays OPEN (rule R4).

  // The length of the first opening. Unset: 30 s, but nothing where `adaptive_recovery` acts.
  std::optional<absl::Duration> open_duration;  // 1 ms to 365 days

  // Each further opening in a row is this many times as long. Closing starts over, at once or by
  // `backoff_memory`.
  double backoff_multiplier = 1.0;  // 1 to 100

  // What the backoff never exceeds. At least `open_duration`.
  absl::Duration max_open_duration = absl::Minutes(5);  // 1 ms to 365 days

  // The backoff starts over once the circuit has been CLOSED for this long. One that opens before
  // that goes on with the next opening in the row, so that a dependency which comes and goes is
  // left alone for longer and longer (rule R22). Unset: closing starts over.
  std::optional<absl::Duration> backoff_memory;  // 1 ms to 365 days

  // The length is multiplied, last of all, by a random factor from [1 - jitter, 1 + jitter], so
  // that a fleet of clients does not probe in step (an opening at the maximum can so exceed it).
  // What a server asked for (`Outcome::pushback`) is a least: its factor is from [1, 1 + jitter].
  // At 0 nothing is random, not even the end of an operator's `ForceOpen`. Held to a billionth,
  // as the multiplier is.
  double jitter = 0.1;  // 0 to less than 1

  // ---- How it recovers (rule R5).
  HalfOpenPolicy half_open;

  // Absent: a positive verdict closes the circuit at once.
  std::optional<Ramp> ramp;

  // Takes the place of all of the above but `max_open_duration`, which a server's pushback can't
  // exceed, `jitter` = 0 and `half_open.probe_timeout`. Not together with `ramp`.
  std::optional<AdaptiveRecovery> adaptive_recovery;

  // Asks the dependency when a probe is due, and lets calls through only once it says that it is
  // well: then they are the probes, or slow start begins.
  std::optional<HealthProbe> health_probe;

  // ---- While CLOSED, and in slow start.
  std::optional<OverloadLimit> overload_limit;

  // ---- In any state: a call that would be the N+1st in flight is rejected. It is counted apart
  // from the other rejections, and is no failure (rule R12). Envoy calls this circuit breaking.
  std::optional<int64_t> max_in_flight;  // calls, 1 to 1,000,000

  // ---- A candidate: a policy that decides nothing. It sees the calls that this one admits, and
  // `CircuitSnapshot::shadow` says what it would have done: how often it would have opened, which
  // calls it would have rejected, and which it would have admitted (rule R23). It is checked as any
  // policy, what it leaves unset is as in any policy (R19), and it has no candidate itself. Every
  // call takes the circuit's lock while it is set.
  ShadowPolicy shadow_policy;

  // What a circuit with this policy goes by, with everything said that is left unset here (rule
  // R19); what `CircuitSnapshot::policy` and `fuseboxctl policy get` show. Handed over, it means
  // the same as this policy, and it is its own policy in force. Which settings make a policy yours:
  // the rules that open the circuit, `open_duration`, a `backoff_multiplier` other than 1,
  // `backoff_memory`, `half_open.max_concurrent`, `half_open.verdict`, `ramp`, `adaptive_recovery`.
  // The others (`window`, `jitter`, `max_open_duration`, `shadow_policy` and so on) don't: they
  // mean the same in any policy. Thread-safe.
  Policy InForce() const;

  // ---- Presets; all else as by default.

  // `improbable_run`, `adaptive_recovery` and `overload_limit`, and no other rule: nothing in it
  // hangs on how many calls there are, or on how long an outage lasts. What an empty policy comes
  // to.
  static Policy Adaptive();

  // 5 failures in a row open it for 30 s; 3 successful probes, of at most 3 at the same time, close
  // it. What an empty policy was before there was `Adaptive`.
  static Policy Fixed();

  // 5 failures in a row open it for 30 s; 2 successful probes close it.
  static Policy Database();
  // 3 failures in a row open it for 20 s; 2 successful probes close it.
  static Policy MessageBroker();
  // 5 failures in a row open it for 60 s; 3 successful probes close it.
  static Policy InternalApi();
  // 10 failures in a row open it for 120 s; 5 successful probes close it.
  static Policy ExternalApi();
};

// A policy that doesn't change, in the room of a pointer: copies share it. It is read by `->`, and
// goes wherever a `Policy` does; to change it, make a `Policy` of it.
//
//   const fusebox::SharedPolicy shared = fusebox::Policy::Fixed();
//   const absl::Duration longest = shared->max_open_duration;
//   fusebox::Policy changed = shared;  // a copy
//
// Thread-safe. Two are compared as policies are.
class FUSEBOX_EXPORT SharedPolicy {
 public:
  SharedPolicy() = default;            // Policy()
  SharedPolicy(const Policy& policy);  // NOLINT(google-explicit-constructor)
  // REQUIRES: not null.
  explicit SharedPolicy(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}

  const Policy& operator*() const { return policy_ != nullptr ? *policy_ : Empty(); }
  const Policy* operator->() const { return &**this; }
  // A copy: what it shares may be gone before a reference to it would be.
  operator Policy() const;  // NOLINT(google-explicit-constructor)

 private:
  static const Policy& Empty();

  std::shared_ptr<const Policy> policy_;  // null: Policy()
};

// Whether every field is equal.
FUSEBOX_EXPORT bool operator==(const CountWindow& a, const CountWindow& b);
FUSEBOX_EXPORT bool operator==(const TimeWindow& a, const TimeWindow& b);
FUSEBOX_EXPORT bool operator==(const SuccessThreshold& a, const SuccessThreshold& b);
FUSEBOX_EXPORT bool operator==(const ProbeCalls& a, const ProbeCalls& b);
FUSEBOX_EXPORT bool operator==(const HalfOpenPolicy& a, const HalfOpenPolicy& b);
FUSEBOX_EXPORT bool operator==(const Ramp& a, const Ramp& b);
FUSEBOX_EXPORT bool operator==(const HungCalls& a, const HungCalls& b);
FUSEBOX_EXPORT bool operator==(const ImprobableRun& a, const ImprobableRun& b);
FUSEBOX_EXPORT bool operator==(const AdaptiveRecovery& a, const AdaptiveRecovery& b);
FUSEBOX_EXPORT bool operator==(const HealthProbe& a, const HealthProbe& b);
FUSEBOX_EXPORT bool operator==(const OverloadLimit& a, const OverloadLimit& b);
FUSEBOX_EXPORT bool operator==(const ShadowPolicy& a, const ShadowPolicy& b);
FUSEBOX_EXPORT bool operator==(const Policy& a, const Policy& b);
inline bool operator!=(const Policy& a, const Policy& b) { return !(a == b); }

// OK, or one INVALID_ARGUMENT that names each bad field with its value and its range, as in
//   "invalid policy: failure_rate = 1.5, must be greater than 0 and at most 1; jitter = 1, must be
//   at least 0 and less than 1"
// Nothing is ever clamped (rule R11). Thread-safe.
FUSEBOX_EXPORT absl::Status Validate(const Policy& policy);

// The same, field by field; empty if the policy is valid.
struct FieldError {
  std::string field;  // as in "half_open.max_concurrent"
  std::string value;  // as in "0", or "unset"
  std::string range;  // what it must be, as in "from 1 to 1000"
};
FUSEBOX_EXPORT std::vector<FieldError> PolicyErrors(const Policy& policy);

// What is valid but probably a mistake, one sentence each, as in
//   "minimum_calls = 20 in a window of 10s: needs at least 2 calls/s to open, however many of them
//   fail"
// It doesn't know your traffic or deadlines, so it says what they would have to be. For people:
// nothing is refused for it, and the words may change. Empty for the defaults, for the presets, and
// for an invalid policy. `fuseboxctl policy` shows these too. Thread-safe.
FUSEBOX_EXPORT std::vector<std::string> PolicyWarnings(const Policy& policy);

}  // namespace fusebox

#endif  // FUSEBOX_POLICY_H_
