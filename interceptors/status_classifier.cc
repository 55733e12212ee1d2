// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/status_classifier.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "interceptors/local_failure.h"
#include "src/base/user_code.h"

namespace fusebox {

using internal::IsMessageLimit;
using internal::RunUserCode;

namespace {

constexpr absl::Duration MaxMinDeadline() { return absl::Hours(24); }
constexpr absl::Duration MinCancelledAfter() { return absl::Milliseconds(1); }
constexpr absl::Duration MaxCancelledAfter() { return absl::Hours(24); }

bool IsOutcomeKind(OutcomeKind kind) {
  return kind == OutcomeKind::kSuccess || kind == OutcomeKind::kFailure ||
         kind == OutcomeKind::kIgnored || kind == OutcomeKind::kOverload;
}

// gRPC's codes may hold any number that a server sends; those that are none count as UNKNOWN, as
// everywhere in gRPC.
std::size_t PlaceOf(grpc::StatusCode code) {
  const int number = static_cast<int>(code);
  const bool known = number >= 0 && number < kStatusCodeCount;
  return static_cast<std::size_t>(known ? number : static_cast<int>(grpc::StatusCode::UNKNOWN));
}

absl::Status Validate(const StatusClassifier::Options& options) {
  std::vector<std::string> errors;
  for (const auto& [code, kind] : options.codes) {
    const int number = static_cast<int>(code);
    if (number < 0 || number >= kStatusCodeCount) {
      errors.push_back(
          absl::StrCat("codes: code = ", number, ", must be from 0 to ", kStatusCodeCount - 1));
    }
    if (!IsOutcomeKind(kind)) {
      errors.push_back(absl::StrCat("codes[", number, "] = ", static_cast<int>(kind),
                                    ", must be kSuccess, kFailure, kIgnored or kOverload"));
    }
  }
  if (options.min_deadline < absl::ZeroDuration() || options.min_deadline > MaxMinDeadline()) {
    errors.push_back(absl::StrCat("min_deadline = ", absl::FormatDuration(options.min_deadline),
                                  ", must be from 0 to ", absl::FormatDuration(MaxMinDeadline())));
  }
  const absl::Duration cancelled_after = options.cancelled_after;
  if (cancelled_after != absl::ZeroDuration() &&
      (cancelled_after < MinCancelledAfter() || cancelled_after > MaxCancelledAfter())) {
    errors.push_back(absl::StrCat("cancelled_after = ", absl::FormatDuration(cancelled_after),
                                  ", must be 0, or from ",
                                  absl::FormatDuration(MinCancelledAfter()), " to ",
                                  absl::FormatDuration(MaxCancelledAfter())));
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invalid classifier: ", absl::StrJoin(errors, "; ")));
}

}  // namespace

StatusClassifier::StatusClassifier() {
  for (std::size_t code = 0; code < table_.size(); ++code) {
    table_[code] = DefaultOutcomeKind(static_cast<absl::StatusCode>(code));
  }
}

absl::StatusOr<StatusClassifier> StatusClassifier::Create(Options options) {
  if (absl::Status valid = Validate(options); !valid.ok()) return valid;
  StatusClassifier classifier;
  for (const auto& [code, kind] : options.codes) classifier.table_[PlaceOf(code)] = kind;
  classifier.predicate_ = std::move(options.predicate);
  classifier.min_deadline_ = options.min_deadline;
  classifier.cancelled_after_ = options.cancelled_after;
  return classifier;
}

OutcomeKind StatusClassifier::Classify(const CallResult& call, std::string* exception) const {
  const grpc::StatusCode code = call.status.error_code();
  if (call.time_to_deadline) {
    if (*call.time_to_deadline <= absl::ZeroDuration()) return OutcomeKind::kIgnored;
    const bool impatient = *call.time_to_deadline < min_deadline_;
    if (impatient && code == grpc::StatusCode::DEADLINE_EXCEEDED) return OutcomeKind::kIgnored;
  }
  if (predicate_ != nullptr) {
    std::optional<OutcomeKind> kind;
    RunUserCode([&] { kind = predicate_(call); },
                [&](std::string type) {
                  if (exception != nullptr) *exception = std::move(type);
                });
    if (kind) return *kind;
  }
  if (call.local) return OutcomeKind::kIgnored;
  if (call.no_message) return OutcomeKind::kFailure;
  const bool gives_up = code == grpc::StatusCode::CANCELLED && call.silence.has_value();
  if (gives_up && cancelled_after_ > absl::ZeroDuration() && *call.silence >= cancelled_after_) {
    return OutcomeKind::kFailure;
  }
  const OutcomeKind kind = table_[PlaceOf(code)];
  // That a message is too large for the server says nothing of how much it has to do.
  const bool too_large = kind == OutcomeKind::kOverload && IsMessageLimit(call.status);
  return too_large ? OutcomeKind::kFailure : kind;
}

}  // namespace fusebox
