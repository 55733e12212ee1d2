// SPDX-License-Identifier: Apache-2.0
//
// What became of a call, as the breaker sees it. A permit is given back with one of these:
//
//   permit.Record(fusebox::Outcome::Success());
//   permit.Record(fusebox::Outcome::Failure(/*code=*/14, "connection refused"));
//   permit.Record(fusebox::Outcome::Ignored());   // says nothing about the dependency
//   permit.Record(fusebox::Outcome::Cancelled(absl::Seconds(4)));  // the caller gave up after 4 s
#ifndef FUSEBOX_OUTCOME_H_
#define FUSEBOX_OUTCOME_H_

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/enum_table.h"
#include "fusebox/export.h"

namespace fusebox {

// What a call can say about the dependency (docs/rules.md), as X(enumerator, number, name).
#define FUSEBOX_OUTCOME_KINDS(X)                           \
  /* It answered. */                                       \
  X(kSuccess, 0, success)                                  \
  /* It did not, or not as it should. */                   \
  X(kFailure, 1, failure)                                  \
  /* Nothing can be learnt, as when the caller gave up. */ \
  X(kIgnored, 2, ignored)                                  \
  /* It is alive, and has too much to do: a failure, but   \
     for a policy with `overload_limit` no reason to open  \
     (rule R18). */                                        \
  X(kOverload, 3, overload)

enum class OutcomeKind { FUSEBOX_OUTCOME_KINDS(FUSEBOX_ENUMERATOR) };

// "success", "failure", "ignored" or "overload".
constexpr absl::string_view OutcomeKindName(OutcomeKind kind) {
  switch (kind) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case OutcomeKind::enumerator:                \
    return #name;
    FUSEBOX_OUTCOME_KINDS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "unknown";
}

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, OutcomeKind kind);

// Whether the caller has no answer: a failure or an overload.
constexpr bool IsFailure(OutcomeKind kind) {
  return kind == OutcomeKind::kFailure || kind == OutcomeKind::kOverload;
}

// How many canonical status codes there are: OK = 0 to UNAUTHENTICATED = 16. gRPC and absl share
// both names and numbers.
inline constexpr int kStatusCodeCount = 17;

// The standard reading of a status code (rule C2). Failures: UNAVAILABLE, DEADLINE_EXCEEDED,
// INTERNAL, UNKNOWN, DATA_LOSS. Overload, a failure too: RESOURCE_EXHAUSTED. Ignored: CANCELLED.
// Every other code is a success, since the dependency is alive and has answered. A code outside
// 0..16 is read as UNKNOWN.
FUSEBOX_EXPORT OutcomeKind DefaultOutcomeKind(absl::StatusCode code);

// One call's outcome. A plain value.
struct FUSEBOX_EXPORT Outcome {
  OutcomeKind kind = OutcomeKind::kSuccess;

  // How long the call took. When absent, the breaker takes the time from the grant of the permit to
  // its return. Looked at when the policy has a `slow_call_duration`, while the circuit probes (R5,
  // R16) and while the calls in flight are limited (R17, R18).
  std::optional<absl::Duration> latency;

  // False leaves the call out of the slow-call rules: a stream that goes at its caller's pace is
  // neither fast nor slow (rule C6).
  bool timed = true;

  // For ignored ones: it was the caller who ended the call. In HALF_OPEN a probe that was cancelled
  // after it had been out for long is a failure after all: min(`half_open.probe_timeout` / 2, max(1
  // s, 10 times the circuit's usual latency)); without effect in any other state (R5). How long it
  // was out is `latency` or, when that is absent, the time since the grant of the permit.
  bool cancelled = false;

  // For failures: the status code and message, kept as the circuit's last failure (rule R9). The
  // message is kept as text that can be shown, as an `Operator`'s is, and cut to
  // `kMaxFailureMessageBytes`.
  int code = 0;
  std::string message;

  // For failures and slow calls: who answered, or who was to, as in "10.0.0.7:50051". It goes into
  // the evidence of an opening (fusebox/evidence.h), cut to `kMaxPeerBytes` and with '?' for what
  // isn't printable ASCII. May be empty.
  std::string peer;

  // For failures: how long the dependency asked to be left alone. An opening caused by this call
  // lasts at least that long, or at least the policy's `max_open_duration` if that is less (R4).
  // Negative values have no effect.
  absl::Duration pushback = absl::ZeroDuration();

  static Outcome Success() { return Outcome(); }
  static Outcome Failure(int code = static_cast<int>(absl::StatusCode::kUnknown),
                         std::string message = {}) {
    Outcome outcome;
    outcome.kind = OutcomeKind::kFailure;
    outcome.code = code;
    outcome.message = std::move(message);
    return outcome;
  }
  static Outcome Ignored() {
    Outcome outcome;
    outcome.kind = OutcomeKind::kIgnored;
    return outcome;
  }

  // Ignored, since the caller gave up; `after` is how long the call had been out by then.
  static Outcome Cancelled(std::optional<absl::Duration> after = std::nullopt) {
    Outcome outcome = Ignored();
    outcome.cancelled = true;
    outcome.latency = after;
    outcome.code = static_cast<int>(absl::StatusCode::kCancelled);
    return outcome;
  }

  // The standard reading of an absl::Status, by `DefaultOutcomeKind`; a google.rpc.RetryInfo among
  // its payloads is the pushback, unless the status is a rejection that was passed on.
  static Outcome FromStatus(const absl::Status& status);
};

// The most that is kept of a failure's message, in bytes; a longer one is cut at a character's end.
inline constexpr std::size_t kMaxFailureMessageBytes = 256;

// The most that is kept of a peer, in bytes.
inline constexpr std::size_t kMaxPeerBytes = 96;

}  // namespace fusebox

#endif  // FUSEBOX_OUTCOME_H_
