// SPDX-License-Identifier: Apache-2.0
//
// The policies that calls are measured with, and circuits in the state that a figure is of.
#ifndef FUSEBOX_BENCHMARKS_BENCHMARK_POLICIES_H_
#define FUSEBOX_BENCHMARKS_BENCHMARK_POLICIES_H_

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/fusebox_circuit.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"

namespace fusebox_benchmarks {

inline fusebox::Policy ConsecutiveOnly() { return fusebox::Policy::Fixed(); }

inline fusebox::Policy WithTimeWindow() {
  fusebox::Policy policy = WithCountWindow();
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  return policy;
}

inline fusebox::Policy WithSlowCalls() {
  fusebox::Policy policy = WithCountWindow();
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  return policy;
}

inline fusebox::Policy WithMaxInFlight() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.max_in_flight = 1'000;
  return policy;
}

inline fusebox::Policy WithHungCalls() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.hung_calls = fusebox::HungCalls{100, absl::Seconds(10)};
  return policy;
}

inline fusebox::Policy WithBothLimits() {
  fusebox::Policy policy = WithHungCalls();
  policy.max_in_flight = 1'000;
  return policy;
}

// Open for so long after a first failure.
inline fusebox::Policy OpenFor(absl::Duration open) {
  fusebox::Policy policy;
  policy.consecutive_failures = 1;
  policy.open_duration = open;
  policy.max_open_duration = absl::Hours(1);
  policy.half_open.probe_timeout = absl::Hours(1);
  return policy;
}

// A circuit in HALF_OPEN, with that many probes out, and what calls it.
class HalfOpenCircuit {
 public:
  HalfOpenCircuit(const fusebox::Policy& policy, int probes) : circuit_(policy) {
    circuit_.Call(true);
    while (static_cast<int>(probes_.size()) < probes) {
      if (fusebox::Permit probe = circuit_.breaker().TryAcquire().permit()) {
        probes_.push_back(std::move(probe));
      }
    }
  }

  // One that is admitted is a probe that ends without a result, so that there is no verdict.
  bool Call(bool /*fails*/) { return breaker().TryAcquire().permit().Ignore(); }
  fusebox::CircuitBreaker& breaker() { return circuit_.breaker(); }

 private:
  FuseboxCircuit circuit_;
  std::vector<fusebox::Permit> probes_;
};

inline HalfOpenCircuit MakeHalfOpen(int max_probes, int probes) {
  fusebox::Policy policy = OpenFor(absl::Milliseconds(1));
  policy.half_open.max_concurrent = max_probes;
  return {policy, probes};
}

inline FuseboxCircuit MakeOpen() {
  FuseboxCircuit circuit(OpenFor(absl::Hours(1)));
  circuit.Call(true);
  return circuit;
}

// On the ramp, where it admits one call of twenty.
inline FuseboxCircuit MakeRamping() {
  fusebox::Policy policy = OpenFor(absl::Milliseconds(1));
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  policy.ramp = fusebox::Ramp{absl::Hours(24), 0.05};
  FuseboxCircuit circuit(policy);
  circuit.Call(true);
  while (!circuit.Call(false)) {
  }
  return circuit;
}

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_BENCHMARK_POLICIES_H_
