// SPDX-License-Identifier: Apache-2.0
//
// A circuit as benchmarks/breaker_loops.h calls it, and the policies of more than one program.
#ifndef FUSEBOX_BENCHMARKS_FUSEBOX_CIRCUIT_H_
#define FUSEBOX_BENCHMARKS_FUSEBOX_CIRCUIT_H_

#include <memory>
#include <utility>

#include "fusebox/circuit_breaker.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"

namespace fusebox_benchmarks {

class FuseboxCircuit {
 public:
  explicit FuseboxCircuit(const fusebox::Policy& policy)
      : FuseboxCircuit(*fusebox::CircuitBreaker::Create("benchmark", policy)) {}
  explicit FuseboxCircuit(std::shared_ptr<fusebox::CircuitBreaker> breaker)
      : breaker_(std::move(breaker)) {}

  bool Call(bool fails) {
    fusebox::Admission admission = breaker_->TryAcquire();
    if (!admission) return false;
    return fails ? admission.permit().RecordFailure() : admission.permit().RecordSuccess();
  }
  fusebox::CircuitBreaker& breaker() { return *breaker_; }

 private:
  std::shared_ptr<fusebox::CircuitBreaker> breaker_;
};

// Half of the last 100 calls.
inline fusebox::Policy WithCountWindow() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.failure_rate = 0.5;
  policy.window = fusebox::CountWindow{100};
  return policy;
}

// A policy that the failures of a benchmark never open.
inline fusebox::Policy Unopened(fusebox::Policy policy) {
  if (policy.failure_rate) {
    policy.consecutive_failures.reset();
    policy.failure_rate = 0.99;
  }
  return policy;
}

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_FUSEBOX_CIRCUIT_H_
