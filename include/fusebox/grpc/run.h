// SPDX-License-Identifier: Apache-2.0
//
// `fusebox::Run` over functions that return a grpc::Status, for calls that do not go through a
// protected channel:
//
//   grpc::Status status =
//       fusebox::Run(breaker, [&] { return stub->Reserve(&context, request, &reply); });
//
// A function that throws counts as a failure of code UNKNOWN, and its exception passes through.
#ifndef FUSEBOX_GRPC_RUN_H_
#define FUSEBOX_GRPC_RUN_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/outcome.h"
#include "fusebox/rejection.h"
#include "fusebox/run.h"

namespace fusebox {

template <>
struct RunTraits<grpc::Status> {
  static Outcome ToOutcome(const grpc::Status& status) {
    Outcome outcome;
    outcome.kind = DefaultOutcomeKind(static_cast<absl::StatusCode>(status.error_code()));
    outcome.code = status.error_code();
    if (status.ok()) return outcome;
    outcome.message = status.error_message();
    const std::string details = status.error_details();
    if (!HasRejectionInfo(details)) {
      outcome.pushback = DecodeRetryDelay(details).value_or(absl::ZeroDuration());
    }
    return outcome;
  }
  static grpc::Status FromRejection(const Rejection& rejection) { return ToGrpcStatus(rejection); }
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_RUN_H_
