// SPDX-License-Identifier: Apache-2.0
#include "fusebox/outcome.h"

#include "fusebox/rejection.h"

namespace fusebox {

OutcomeKind DefaultOutcomeKind(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return OutcomeKind::kSuccess;
    case absl::StatusCode::kCancelled:
      return OutcomeKind::kIgnored;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    default:
      return OutcomeKind::kFailure;
    case absl::StatusCode::kResourceExhausted:
      return OutcomeKind::kOverload;
  }
}

Outcome Outcome::FromStatus(const absl::Status& status) {
  Outcome outcome;
  outcome.kind = DefaultOutcomeKind(status.code());
  outcome.code = status.raw_code();
  outcome.cancelled = absl::IsCancelled(status);
  if (status.ok()) return outcome;
  outcome.message = std::string(status.message());
  if (!HasRejectionInfo(status)) {
    outcome.pushback = GetRetryDelay(status).value_or(absl::ZeroDuration());
  }
  return outcome;
}

}  // namespace fusebox
