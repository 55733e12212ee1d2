// SPDX-License-Identifier: Apache-2.0
//
// What gRPC does otherwise from version to version, as far as tests can see it: docs/grpc-notes.md.
#ifndef FUSEBOX_TESTS_END2END_GRPC_VERSION_H_
#define FUSEBOX_TESTS_END2END_GRPC_VERSION_H_

#include <grpcpp/grpcpp.h>

#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

// Any other is taken to be like 1.83.
inline bool IsGrpc151() { return grpc::Version().rfind("1.51.", 0) == 0; }

// Whether a call whose answer gRPC itself refuses ends CANCELLED, with no text. Else it ends with
// the reason.
inline bool RefusesWithoutReason(Style style, Kind kind) {
  if (IsGrpc151()) return false;
  if (style == Style::kGeneric) return kind != Kind::kUnary;
  return style != Style::kCallback && (kind == Kind::kServerStream || kind == Kind::kBidi);
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_GRPC_VERSION_H_
