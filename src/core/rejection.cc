// SPDX-License-Identifier: Apache-2.0
#include "fusebox/rejection.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/core/rejection_wire.h"
#include "src/core/text.h"

namespace fusebox {
namespace {

constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
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

constexpr std::array kReasons = {RejectionReason::kOpen, RejectionReason::kHalfOpenFull,
                                 RejectionReason::kForcedOpen, RejectionReason::kRamping,
                                 RejectionReason::kTooManyCalls};
constexpr std::array kStates = {State::kClosed, State::kOpen, State::kHalfOpen};

std::string Entry(absl::string_view key, absl::string_view value) {
  return WireWriter().Bytes(kEntryKey, key).Bytes(kEntryValue, value).bytes();
}

std::string Any(absl::string_view type_url, absl::string_view value) {
  return WireWriter().Bytes(kTypeUrl, type_url).Bytes(kValue, value).bytes();
}

std::string EncodeErrorInfo(const Rejection& rejection) {
  return WireWriter()
      .Bytes(kReason, RejectionReasonName(rejection.reason))
      .Bytes(kDomain, kRejectionDomain)
      .Message(kMetadata, Entry(kCircuitKey, rejection.circuit))
      .Message(kMetadata, Entry(kStateKey, StateName(rejection.state)))
      .bytes();
}

// The longest that a google.protobuf.Duration can say; stands for infinity.
constexpr absl::Duration LongestDuration() { return absl::Seconds(315'576'000'000); }

std::string EncodeRetryInfo(const Rejection& rejection) {
  const absl::Duration delay =
      std::clamp(rejection.retry_after, absl::ZeroDuration(), LongestDuration());
  absl::Duration nanos;
  const int64_t seconds = absl::IDivDuration(delay, absl::Seconds(1), &nanos);
  const std::string duration =
      WireWriter()
          .Varint(kSeconds, static_cast<uint64_t>(seconds))
          .Varint(kNanos, static_cast<uint64_t>(absl::ToInt64Nanoseconds(nanos)))
          .bytes();
  return WireWriter().Message(kRetryDelay, duration).bytes();
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

// One of `all` by its name.
template <typename Enum, std::size_t n>
std::optional<Enum> ByName(const std::array<Enum, n>& all, absl::string_view (*name)(Enum),
                           absl::string_view text) {
  for (const Enum candidate : all) {
    if (name(candidate) == text) return candidate;
  }
  return std::nullopt;
}

// Everything but `retry_after`.
std::optional<Rejection> DecodeErrorInfo(absl::string_view bytes) {
  std::optional<RejectionReason> reason;
  std::optional<State> state;
  absl::string_view domain;
  Rejection rejection;
  bool entries_ok = true;
  const bool ok = ForEachField(bytes, [&](const WireReader::Field& field) {
    if (field.number == kReason) reason = ByName(kReasons, RejectionReasonName, field.bytes);
    if (field.number == kDomain) domain = field.bytes;
    if (field.number != kMetadata) return;
    const std::optional<KeyValue> entry = DecodePair(field.bytes);
    entries_ok = entries_ok && entry;
    if (entry && entry->key == kCircuitKey) rejection.circuit = std::string(entry->value);
    if (entry && entry->key == kStateKey) state = ByName(kStates, StateName, entry->value);
  });
  if (!ok || !entries_ok || !reason || !state || domain != kRejectionDomain) return std::nullopt;
  rejection.reason = *reason;
  rejection.state = *state;
  return rejection;
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
  return delay >= LongestDuration() ? absl::InfiniteDuration() : delay;
}

std::optional<Rejection> Decode(absl::string_view error_info, absl::string_view retry_info) {
  std::optional<Rejection> rejection = DecodeErrorInfo(error_info);
  const std::optional<absl::Duration> retry_after = DecodeRetryInfo(retry_info);
  if (!rejection || !retry_after) return std::nullopt;
  rejection->retry_after = *retry_after;
  return rejection;
}

}  // namespace

absl::string_view RejectionReasonName(RejectionReason reason) {
  switch (reason) {
    case RejectionReason::kOpen:
      return "CIRCUIT_OPEN";
    case RejectionReason::kHalfOpenFull:
      return "CIRCUIT_HALF_OPEN_FULL";
    case RejectionReason::kForcedOpen:
      return "CIRCUIT_FORCED_OPEN";
    case RejectionReason::kRamping:
      return "CIRCUIT_RAMPING";
    case RejectionReason::kTooManyCalls:
      return "CIRCUIT_TOO_MANY_CALLS";
  }
  return "UNKNOWN";
}

std::string RejectionMessage(const Rejection& rejection) {
  const std::string beginning =
      absl::StrCat("circuit \"", rejection.circuit, "\" is ", StateName(rejection.state));
  const auto in_time = [&] {
    if (rejection.retry_after == absl::InfiniteDuration())
      return std::string("until it is released");
    return absl::StrCat("may be tried in ", DurationText(rejection.retry_after));
  };
  switch (rejection.reason) {
    case RejectionReason::kOpen:
      break;
    case RejectionReason::kForcedOpen:
      return absl::StrCat(beginning, ", held so by an operator; ", in_time());
    case RejectionReason::kHalfOpenFull:
      return absl::StrCat(beginning,
                          " and every probe is out; may be tried as soon as one comes back");
    case RejectionReason::kRamping:
      return absl::StrCat(beginning,
                          " and lets a growing share of calls through; may be tried now");
    case RejectionReason::kTooManyCalls:
      return absl::StrCat(beginning,
                          " and has too many calls in flight; may be tried as soon as one ends");
  }
  return absl::StrCat(beginning, "; ", in_time());
}

std::string EncodeRejection(const Rejection& rejection) {
  return WireWriter()
      .Varint(kCode, static_cast<uint64_t>(absl::StatusCode::kUnavailable))
      .Bytes(kMessage, RejectionMessage(rejection))
      .Message(kDetails, Any(kErrorInfoUrl, EncodeErrorInfo(rejection)))
      .Message(kDetails, Any(kRetryInfoUrl, EncodeRetryInfo(rejection)))
      .bytes();
}

std::optional<Rejection> DecodeRejection(absl::string_view google_rpc_status) {
  uint64_t code = 0;
  std::optional<absl::string_view> error_info;
  std::optional<absl::string_view> retry_info;
  bool details_ok = true;
  const bool ok = ForEachField(google_rpc_status, [&](const WireReader::Field& field) {
    if (field.number == kCode) code = field.varint;
    if (field.number != kDetails) return;
    const std::optional<KeyValue> any = DecodePair(field.bytes);
    details_ok = details_ok && any;
    if (any && any->key == kErrorInfoUrl) error_info = any->value;
    if (any && any->key == kRetryInfoUrl) retry_info = any->value;
  });
  if (!ok || !details_ok || code != static_cast<uint64_t>(absl::StatusCode::kUnavailable) ||
      !error_info || !retry_info) {
    return std::nullopt;
  }
  return Decode(*error_info, *retry_info);
}

absl::Status ToStatus(const Rejection& rejection) {
  absl::Status status = absl::UnavailableError(RejectionMessage(rejection));
  status.SetPayload(kErrorInfoUrl, absl::Cord(EncodeErrorInfo(rejection)));
  status.SetPayload(kRetryInfoUrl, absl::Cord(EncodeRetryInfo(rejection)));
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
