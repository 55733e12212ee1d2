// SPDX-License-Identifier: Apache-2.0
//
// What an application that is built without exceptions includes. Only compiled.
#include "absl/base/config.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy_table.h"
#include "fusebox/run.h"
#include "fusebox/with_fallback.h"
#include "src/base/user_code.h"

#ifdef ABSL_HAVE_EXCEPTIONS
#error "must be compiled without exceptions"
#endif

namespace fusebox::internal {

absl::Status RunOnce(CircuitBreaker& breaker) {
  return Run(breaker, [] { return absl::OkStatus(); });
}

}  // namespace fusebox::internal
