// SPDX-License-Identifier: Apache-2.0
#include "fusebox/rejection.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_name.h"
#include "src/base/printable.h"
#include "src/base/status_details.h"
#include "src/base/text.h"
#include "src/base/wire.h"

namespace fusebox {

using internal::AppendDurationText;
using internal::AppendWire;
using internal::IsPrintable;
using internal::kErrorInfoUrl;
using internal::Printable;
using internal::WireReader;

namespace {

constexpr absl::string_view kRetryInfoUrl = "type.googleapis.com/google.rpc.RetryInfo";
constexpr absl::string_view kCircuitKey = "circuit";
constexpr absl::string_view kStateKey = "state";

// The field numbers of google/rpc/status.proto and error_details.proto, of google.protobuf.Any and
// Duration, and of a map's entries.
enum StatusField : uint32_t { kCode = 1, kMessage = 2, kDetails = 3 };
enum AnyField : uint32_t { kTypeUrl = 1, kValue = 2 };
enum ErrorInfoField : uint32_t { kReason = 1, kDomain = 2, kMetadata = 3 };
enum RetryInfoField : uint32_t { kRetryDelay = 1 };
enum DurationField : uint32_t { kSeconds = 1, kNanos = 2 };
enum EntryField : uint32_t { kEntryKey = 1, kEntryValue = 2 };

// One of its enumerators by its name.
std::optional<RejectionReason> ReasonOf(absl::string_view name) {
#define FUSEBOX_IF(enumerator, number, its_name, what, when) \
  if (name == #its_name) return RejectionReason::enumerator;
  FUSEBOX_REJECTION_REASONS(FUSEBOX_IF)
#undef FUSEBOX_IF
  return std::nullopt;
}

std::optional<State> StateOf(absl::string_view name) {
#define FUSEBOX_IF(enumerator, number, its_name) \
  if (name == #its_name) return State::enumerator;
  FUSEBOX_STATES(FUSEBOX_IF)
#undef FUSEBOX_IF
  return std::nullopt;
}

// A name as it is told: all of it, if it is as short and printable as ours are. But a rejection may
// have been made by hand, or come from elsewhere; what is passed on must fit into the 8 KiB of
// metadata that gRPC takes, several times over. `made` is used if it is needed.
absl::string_view Shown(absl::string_view name, std::size_t max_bytes, std::string& made) {
  if (name.size() <= max_bytes && IsPrintable(name)) return name;
  made = Printable(name, max_bytes);
  return made;
}

std::string Shown(absl::string_view name, std::size_t max_bytes) {
  std::string made;
  return std::string(Shown(name, max_bytes, made));
}

// A rejection's names as they are told. Refers to the rejection, and to itself.
class Names {
 public:
  explicit Names(const Rejection& rejection)
      : circuit_(Shown(rejection.circuit, kMaxCircuitNameBytes, made_circuit_)),
        reason_(rejection.unknown_reason.empty()
                    ? RejectionReasonName(rejection.reason)
                    : Shown(rejection.unknown_reason, kMaxUnknownNameBytes, made_reason_)),
        state_(rejection.unknown_state.empty()
                   ? StateName(rejection.state)
                   : Shown(rejection.unknown_state, kMaxUnknownNameBytes, made_state_)) {}
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names() = default;

  absl::string_view circuit() const { return circuit_; }
  absl::string_view reason() const { return reason_; }
  absl::string_view state() const { return state_; }

 private:
  std::string made_circuit_;
  std::string made_reason_;
  std::string made_state_;
  absl::string_view circuit_;
  absl::string_view reason_;
  absl::string_view state_;
};

// Each puts a message's fields into a WireSize or a WireWriter.

template <typename Wire>
void PutEntry(Wire& entry, absl::string_view key, absl::string_view value) {
  entry.Bytes(kEntryKey, key);
  entry.Bytes(kEntryValue, value);
}

template <typename Wire>
void PutErrorInfo(Wire& error_info, const Names& names) {
  error_info.Bytes(kReason, names.reason());
  error_info.Bytes(kDomain, kRejectionDomain);
  error_info.Message(kMetadata,
                     [&](auto& entry) { PutEntry(entry, kCircuitKey, names.circuit()); });
  error_info.Message(kMetadata, [&](auto& entry) { PutEntry(entry, kStateKey, names.state()); });
}

// The longest that a google.protobuf.Duration can say; stands for infinity.
constexpr absl::Duration LongestDuration() { return absl::Seconds(315'576'000'000); }

// As a google.protobuf.Duration says it.
struct WireDuration {
  uint64_t seconds = 0;
  uint64_t nanos = 0;
};

WireDuration DelayOf(const Rejection& rejection) {
  const absl::Duration delay =
      std::clamp(rejection.retry_after, absl::ZeroDuration(), LongestDuration());
  const int64_t seconds = absl::ToInt64Seconds(delay);
  const int64_t nanos = absl::ToInt64Nanoseconds(delay - absl::Seconds(seconds));
  return {static_cast<uint64_t>(seconds), static_cast<uint64_t>(nanos)};
}

template <typename Wire>
void PutRetryInfo(Wire& retry_info, const WireDuration& delay) {
  retry_info.Message(kRetryDelay, [&](auto& duration) {
    duration.Varint(kSeconds, delay.seconds);
    duration.Varint(kNanos, delay.nanos);
  });
}

template <typename Put>
std::string Wire(const Put& put) {
  std::string bytes;
  AppendWire(bytes, put);
  return bytes;
}

// Reads a message's fields into `read(field)`. False for malformed bytes.
template <typename Read>
bool ForEachField(absl::string_view bytes, Read read) {
  WireReader reader(bytes);
  while (std::optional<WireReader::Field> field = reader.Next()) read(*field);
  return reader.ok();
}

struct KeyValue {
  absl::string_view key;
  absl::string_view value;
};

// An Any, or an entry of a map<string, string>: both are a pair of strings, 1 and 2.
std::optional<KeyValue> DecodePair(absl::string_view bytes) {
  KeyValue pair;
  const bool ok = ForEachField(bytes, [&](const WireReader::Field& field) {
    if (field.number == kEntryKey) pair.key = field.bytes;
    if (field.number == kEntryValue) pair.value = field.bytes;
  });
  if (!ok) return std::nullopt;
  return pair;
}

// Everything but `retry_after`.
std::optional<Rejection> DecodeErrorInfo(absl::string_view bytes) {
  absl::string_view reason;
  absl::string_view state;
  absl::string_view domain;
  Rejection rejection;
  bool entries_ok = true;
  const bool ok = ForEachField(bytes, [&](const WireReader::Field& field) {
    if (field.number == kReason) reason = field.bytes;
    if (field.number == kDomain) domain = field.bytes;
    if (field.number != kMetadata) return;
    const std::optional<KeyValue> entry = DecodePair(field.bytes);
    entries_ok = entries_ok && entry;
    if (entry && entry->key == kCircuitKey) {
      rejection.circuit = Shown(entry->value, kMaxCircuitNameBytes);
    }
    if (entry && entry->key == kStateKey) state = entry->value;
  });
  if (!ok || !entries_ok || domain != kRejectionDomain) return std::nullopt;
  if (reason.empty() || state.empty()) return std::nullopt;
  rejection.reason = ReasonOf(reason).value_or(RejectionReason::kUnknown);
  rejection.state = StateOf(state).value_or(State::kUnknown);
  if (rejection.reason == RejectionReason::kUnknown) {
    rejection.unknown_reason = Shown(reason, kMaxUnknownNameBytes);
  }
  if (rejection.state == State::kUnknown) {
    rejection.unknown_state = Shown(state, kMaxUnknownNameBytes);
  }
  return rejection;
}

// Of a google.rpc.ErrorInfo, whoever wrote it.
bool HasRejectionDomain(absl::string_view bytes) {
  absl::string_view domain;
  const bool ok = ForEachField(bytes, [&](const WireReader::Field& field) {
    if (field.number == kDomain) domain = field.bytes;
  });
  return ok && domain == kRejectionDomain;
}

std::optional<absl::Duration> DecodeRetryInfo(absl::string_view bytes) {
  absl::string_view duration;
  int64_t seconds = 0;
  int64_t nanos = 0;
  const bool ok = ForEachField(bytes, [&](const WireReader::Field& field) {
    if (field.number == kRetryDelay) duration = field.bytes;
  });
  const bool duration_ok = ForEachField(duration, [&](const WireReader::Field& field) {
    if (field.number == kSeconds) seconds = static_cast<int64_t>(field.varint);
    if (field.number == kNanos) nanos = static_cast<int64_t>(field.varint);
  });
  if (!ok || !duration_ok) return std::nullopt;
  const absl::Duration delay = absl::Seconds(seconds) + absl::Nanoseconds(nanos);
  if (delay >= LongestDuration()) return absl::InfiniteDuration();
  return std::max(delay, absl::ZeroDuration());  // a server may say anything
}

std::optional<Rejection> Decode(absl::string_view error_info, absl::string_view retry_info) {
  std::optional<Rejection> rejection = DecodeErrorInfo(error_info);
  const std::optional<absl::Duration> retry_after = DecodeRetryInfo(retry_info);
  if (!rejection || !retry_after) return std::nullopt;
  rejection->retry_after = *retry_after;
  return rejection;
}

// What a google.rpc.Status holds of what matters here.
struct Details {
  uint64_t code = 0;
  std::optional<absl::string_view> error_info;
  std::optional<absl::string_view> retry_info;
};

std::optional<Details> DecodeDetails(absl::string_view google_rpc_status) {
  Details details;
  bool details_ok = true;
  const bool ok = ForEachField(google_rpc_status, [&](const WireReader::Field& field) {
    if (field.number == kCode) details.code = field.varint;
    if (field.number != kDetails) return;
    const std::optional<KeyValue> any = DecodePair(field.bytes);
    details_ok = details_ok && any;
    if (any && any->key == kErrorInfoUrl) details.error_info = any->value;
    if (any && any->key == kRetryInfoUrl) details.retry_info = any->value;
  });
  if (!ok || !details_ok) return std::nullopt;
  return details;
}

// What the message says of a reason.
struct ReasonText {
  absl::string_view what;
  absl::string_view when;  // empty: what is left of the time
};

ReasonText TextOf(RejectionReason reason) {
  switch (reason) {
#define FUSEBOX_CASE(enumerator, number, name, what, when) \
  case RejectionReason::enumerator:                        \
    return {what, when};
    FUSEBOX_REJECTION_REASONS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case RejectionReason::kUnknown:
      break;
  }
  return {" and lets no call through; ", ""};
}

void AppendMessage(const Rejection& rejection, const Names& names, std::string& message) {
  const ReasonText text = TextOf(rejection.reason);
  const auto append = [&](absl::string_view when) {
    absl::StrAppend(&message, "circuit \"", names.circuit(), "\" is ", names.state(), text.what,
                    when);
  };
  if (!text.when.empty()) {
    append(text.when);
  } else if (rejection.retry_after == absl::InfiniteDuration()) {
    append("until it is released");
  } else {
    append("may be tried in ");
    AppendDurationText(rejection.retry_after, message);
  }
}

// By a view: of the constructor that takes a string, clang++ 18 and newer make another name than
// the g++ that a system's abseil was built by.
absl::Cord CordOf(absl::string_view bytes) { return absl::Cord(bytes); }

}  // namespace

absl::string_view RejectionReasonName(RejectionReason reason) {
  switch (reason) {
#define FUSEBOX_CASE(enumerator, number, name, what, when) \
  case RejectionReason::enumerator:                        \
    return #name;
    FUSEBOX_REJECTION_REASONS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case RejectionReason::kUnknown:
      break;
  }
  return "UNKNOWN";
}

std::string RejectionMessage(const Rejection& rejection) {
  std::string message;
  AppendMessage(rejection, Names(rejection), message);
  return message;
}

std::string EncodeRejection(const Rejection& rejection) {
  std::string message;
  std::string bytes;
  EncodeRejection(rejection, message, bytes);
  return bytes;
}

void EncodeRejection(const Rejection& rejection, std::string& message, std::string& bytes) {
  const Names names(rejection);
  message.clear();
  AppendMessage(rejection, names, message);
  const WireDuration delay = DelayOf(rejection);
  bytes.clear();
  AppendWire(bytes, [&](auto& status) {
    status.Varint(kCode, static_cast<uint64_t>(absl::StatusCode::kUnavailable));
    status.Bytes(kMessage, message);
    status.Message(kDetails, [&](auto& any) {
      any.Bytes(kTypeUrl, kErrorInfoUrl);
      any.Message(kValue, [&](auto& error_info) { PutErrorInfo(error_info, names); });
    });
    status.Message(kDetails, [&](auto& any) {
      any.Bytes(kTypeUrl, kRetryInfoUrl);
      any.Message(kValue, [&](auto& retry_info) { PutRetryInfo(retry_info, delay); });
    });
  });
}

std::optional<Rejection> DecodeRejection(absl::string_view google_rpc_status) {
  const std::optional<Details> details = DecodeDetails(google_rpc_status);
  if (!details || details->code != static_cast<uint64_t>(absl::StatusCode::kUnavailable) ||
      !details->error_info || !details->retry_info) {
    return std::nullopt;
  }
  return Decode(*details->error_info, *details->retry_info);
}

std::optional<absl::Duration> DecodeRetryDelay(absl::string_view google_rpc_status) {
  const std::optional<Details> details = DecodeDetails(google_rpc_status);
  if (!details || !details->retry_info) return std::nullopt;
  return DecodeRetryInfo(*details->retry_info);
}

std::optional<absl::Duration> GetRetryDelay(const absl::Status& status) {
  const absl::optional<absl::Cord> retry_info = status.GetPayload(kRetryInfoUrl);
  if (!retry_info) return std::nullopt;
  return DecodeRetryInfo(std::string(*retry_info));
}

bool HasRejectionInfo(absl::string_view google_rpc_status) {
  bool found = false;
  const bool ok = ForEachField(google_rpc_status, [&](const WireReader::Field& field) {
    if (field.number != kDetails) return;
    const std::optional<KeyValue> any = DecodePair(field.bytes);
    found = found || (any && any->key == kErrorInfoUrl && HasRejectionDomain(any->value));
  });
  return ok && found;
}

bool HasRejectionInfo(const absl::Status& status) {
  const absl::optional<absl::Cord> error_info = status.GetPayload(kErrorInfoUrl);
  return error_info && HasRejectionDomain(std::string(*error_info));
}

absl::Status ToStatus(const Rejection& rejection) {
  const Names names(rejection);
  std::string message;
  AppendMessage(rejection, names, message);
  absl::Status status = absl::UnavailableError(message);
  status.SetPayload(kErrorInfoUrl, CordOf(Wire([&](auto& wire) { PutErrorInfo(wire, names); })));
  status.SetPayload(kRetryInfoUrl,
                    CordOf(Wire([&](auto& wire) { PutRetryInfo(wire, DelayOf(rejection)); })));
  return status;
}

std::optional<Rejection> GetRejection(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return std::nullopt;
  const absl::optional<absl::Cord> error_info = status.GetPayload(kErrorInfoUrl);
  const absl::optional<absl::Cord> retry_info = status.GetPayload(kRetryInfoUrl);
  if (!error_info || !retry_info) return std::nullopt;
  return Decode(std::string(*error_info), std::string(*retry_info));
}

}  // namespace fusebox
