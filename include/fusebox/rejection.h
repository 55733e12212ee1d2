// SPDX-License-Identifier: Apache-2.0
//
// A rejection, typed, and its form on the wire (docs/rules.md). Callers of a protected channel
// want `GetRejection(const grpc::Status&)` of fusebox/grpc/rejection_status.h; the functions here
// do the same for absl::Status and are what the gRPC ones are made of.
#ifndef FUSEBOX_REJECTION_H_
#define FUSEBOX_REJECTION_H_

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/enum_table.h"
#include "fusebox/export.h"
#include "fusebox/state.h"

namespace fusebox {

// Why a call was not let through, as X(enumerator, number, name, what, when): `name` is the
// `reason` of the ErrorInfo; `what` and `when` go into the message: "circuit \"x\" is OPEN", what,
// when. Where `when` is empty, the time that is left is told.
#define FUSEBOX_REJECTION_REASONS(X)                                                 \
  /* The circuit is OPEN. */                                                         \
  X(kOpen, 0, CIRCUIT_OPEN, "; ", "")                                                \
  /* It is HALF_OPEN, and every probe place is taken. */                             \
  X(kHalfOpenFull, 1, CIRCUIT_HALF_OPEN_FULL, " and every probe is out; ",           \
    "may be tried as soon as one comes back")                                        \
  /* An operator holds it open. */                                                   \
  X(kForcedOpen, 2, CIRCUIT_FORCED_OPEN, ", held so by an operator; ", "")           \
  /* It is HALF_OPEN, ramping up, and this call is not in the share. */              \
  X(kRamping, 3, CIRCUIT_RAMPING, " and lets a growing share of calls through; ",    \
    "may be tried now")                                                              \
  /* `max_in_flight` calls are out. */                                               \
  X(kTooManyCalls, 4, CIRCUIT_TOO_MANY_CALLS, " and has too many calls in flight; ", \
    "may be tried as soon as one ends")                                              \
  /* A probe is due, and the call's channel isn't connected. */                      \
  X(kNotConnected, 5, CIRCUIT_NOT_CONNECTED, " and its channel isn't connected; ",   \
    "may be tried as soon as it is")                                                 \
  /* It is in slow start, or its dependency has too much to do, and as many calls */ \
  /* are out as may be. */                                                           \
  X(kLimited, 6, CIRCUIT_LIMITED, " and limits the calls in flight; ",               \
    "may be tried as soon as one ends")

enum class RejectionReason {
  // None of those that this version knows. Only `GetRejection` and `DecodeRejection` give it, for
  // what another process has written that runs a newer version: see `Rejection::unknown_reason`.
  kUnknown = -1,

  FUSEBOX_REJECTION_REASONS(FUSEBOX_ENUMERATOR)
};

// The `reason` of the ErrorInfo, as "CIRCUIT_OPEN"; else "UNKNOWN".
FUSEBOX_EXPORT absl::string_view RejectionReasonName(RejectionReason reason);

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, RejectionReason reason);

// The `domain` of the ErrorInfo, which tells a rejection from any other UNAVAILABLE.
inline constexpr absl::string_view kRejectionDomain = "fusebox";

// What is kept of the name of a reason or state that this version doesn't know, in bytes.
inline constexpr std::size_t kMaxUnknownNameBytes = 64;

// One rejected call.
struct Rejection {
  RejectionReason reason = RejectionReason::kOpen;

  // Its name, as in "inventory/shop.Inventory/Reserve". Wherever it is told, or read from what
  // another process says, what can't be shown is written as "\x1b" or "\u202e", and it is cut to
  // `kMaxCircuitNameBytes`, so that message and details together take less than 2 KiB of the 8 that
  // gRPC allows a call's metadata.
  std::string circuit;

  State state = State::kOpen;

  // The least time until a call may be let through: while OPEN, what's left of the open duration;
  // while forced open, what's left of the time to live, infinite without one; else zero, since any
  // returning call may make room.
  absl::Duration retry_after = absl::ZeroDuration();

  // What was written there if `reason` or `state` is kUnknown, as "CIRCUIT_OVER_QUOTA"; else empty.
  // Text that can be shown, of at most `kMaxUnknownNameBytes`. A rejection that is passed on says
  // the same again.
  std::string unknown_reason = {};
  std::string unknown_state = {};
};

// For people to read: names the circuit, its state and how long until it may be tried.
FUSEBOX_EXPORT std::string RejectionMessage(const Rejection& rejection);

// The bytes of a google.rpc.Status (what gRPC carries as `grpc-status-details-bin`): code 14, the
// message, and as details a google.rpc.ErrorInfo (reason; domain "fusebox"; metadata "circuit" and
// "state") and a google.rpc.RetryInfo. Written field by field, so that no google/rpc/*.proto is
// registered and an application may link its own copies.
FUSEBOX_EXPORT std::string EncodeRejection(const Rejection& rejection);

// The same and the message, into strings whose memory is used again: what many rejections in a row
// allocate nothing with.
FUSEBOX_EXPORT void EncodeRejection(const Rejection& rejection, std::string& message,
                                    std::string& bytes);

// Reads such bytes back, whoever wrote them; empty for anything that isn't a rejection by Fusebox,
// malformed bytes included. A rejection of a newer version, for a reason or in a state that this
// one doesn't know, is one too: it has kUnknown and what was written there.
FUSEBOX_EXPORT std::optional<Rejection> DecodeRejection(absl::string_view google_rpc_status);

// The `retry_delay` of the google.rpc.RetryInfo in such bytes, or in a status' payload. Never
// negative, whatever the server says. Empty if there is none, or it is malformed. It is how long
// the server asks to be left alone, unless the status `HasRejectionInfo`.
FUSEBOX_EXPORT std::optional<absl::Duration> DecodeRetryDelay(absl::string_view google_rpc_status);
FUSEBOX_EXPORT std::optional<absl::Duration> GetRetryDelay(const absl::Status& status);

// Whether such bytes, or a status' payloads, hold a google.rpc.ErrorInfo of the domain "fusebox",
// whatever the code: a rejection, or what is left of one that a server has passed on. Then its
// delay is that of some other circuit, and no pushback of the server's (rule C5).
FUSEBOX_EXPORT bool HasRejectionInfo(absl::string_view google_rpc_status);
FUSEBOX_EXPORT bool HasRejectionInfo(const absl::Status& status);

// For calls that answer with an absl::Status: UNAVAILABLE, the message, and as payloads under their
// type URLs ("type.googleapis.com/google.rpc.ErrorInfo" and "...RetryInfo") the same two details.
FUSEBOX_EXPORT absl::Status ToStatus(const Rejection& rejection);

// The rejection inside a status, or empty when the UNAVAILABLE is a real one, or no UNAVAILABLE.
// A rejection that a server passed on from a circuit of its own is found too; `circuit` says whose.
// One of a newer version has kUnknown for what this one doesn't know.
FUSEBOX_EXPORT std::optional<Rejection> GetRejection(const absl::Status& status);

}  // namespace fusebox

#endif  // FUSEBOX_REJECTION_H_
