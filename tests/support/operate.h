// SPDX-License-Identifier: Apache-2.0
//
// Calls a verb of an operator's, whichever form its method has, so that a test can go by
// FUSEBOX_OPERATOR_VERBS:
//
//   Operate(&CircuitBreaker::Reset, circuit, by);
//   Operate(&CircuitBreaker::ForceOpen, circuit, by, absl::Minutes(5));
#ifndef FUSEBOX_TESTS_SUPPORT_OPERATE_H_
#define FUSEBOX_TESTS_SUPPORT_OPERATE_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"

namespace fusebox_testing {

// Of one that has no time to live.
inline absl::Status Operate(void (fusebox::CircuitBreaker::*verb)(const fusebox::Operator&),
                            fusebox::CircuitBreaker& circuit, const fusebox::Operator& by,
                            std::optional<absl::Duration> /*ttl*/ = std::nullopt) {
  (circuit.*verb)(by);
  return absl::OkStatus();
}

inline absl::Status Operate(absl::Status (fusebox::CircuitBreaker::*verb)(
                                const fusebox::Operator&, std::optional<absl::Duration>),
                            fusebox::CircuitBreaker& circuit, const fusebox::Operator& by,
                            std::optional<absl::Duration> ttl = std::nullopt) {
  return (circuit.*verb)(by, ttl);
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_OPERATE_H_
