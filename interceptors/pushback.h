// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_PUSHBACK_H_
#define FUSEBOX_INTERCEPTORS_PUSHBACK_H_

#include <grpcpp/support/status.h>

#include "absl/time/time.h"
#include "fusebox/grpc/status_classifier.h"

namespace fusebox::internal {

// How long the server asks to be left alone (rule C5): `grpc-retry-pushback-ms` in the trailing
// metadata, or google.rpc.RetryInfo in the status' details; of both, the longer. Zero if it doesn't
// ask. A negative number in the metadata asks for no retries, not for a time. Zero, too, for a
// rejection that the server passes on: its delay is that of another circuit, which may close, or be
// reset, long before.
absl::Duration PushbackOf(const grpc::Status& status,
                          const CallResult::Metadata& trailing_metadata);

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_PUSHBACK_H_
