// SPDX-License-Identifier: Apache-2.0
//
// What a rejected caller gets, and how it recognises a rejection (docs/rules.md).
//
//   grpc::Status status = stub->Reserve(&context, request, &response);
//   if (std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status)) {
//     // Not sent: the circuit `rejection->circuit` is OPEN. Try again in `rejection->retry_after`.
//   }
#ifndef FUSEBOX_GRPC_REJECTION_STATUS_H_
#define FUSEBOX_GRPC_REJECTION_STATUS_H_

#include <grpcpp/support/status.h>

#include <optional>

#include "fusebox/export.h"
#include "fusebox/rejection.h"

namespace fusebox {

// UNAVAILABLE, with `RejectionMessage` and, as error details, `EncodeRejection`. Thread-safe.
FUSEBOX_EXPORT grpc::Status ToGrpcStatus(const Rejection& rejection);

// The rejection inside a status, or empty when the UNAVAILABLE is a real one, or no UNAVAILABLE.
// A rejection that a server passed on from a circuit of its own is found too; `circuit` says whose.
// One of a newer version, for a reason or in a state that this one doesn't know, has kUnknown there
// and what was written.
// Thread-safe.
FUSEBOX_EXPORT std::optional<Rejection> GetRejection(const grpc::Status& status);

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_REJECTION_STATUS_H_
