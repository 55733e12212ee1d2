// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_CANONICAL_CODE_H_
#define FUSEBOX_SRC_CORE_CANONICAL_CODE_H_

#include "absl/status/status.h"
#include "fusebox/outcome.h"

namespace fusebox::internal {

// A server may send any number for a status code: those that are none count as UNKNOWN, as
// everywhere in gRPC.
constexpr int CanonicalCode(int code) {
  return code >= 0 && code < kStatusCodeCount ? code : static_cast<int>(absl::StatusCode::kUnknown);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CANONICAL_CODE_H_
