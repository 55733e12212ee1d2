// SPDX-License-Identifier: Apache-2.0
//
// What a circuit counts for life (DESIGN R9).
#ifndef FUSEBOX_SRC_CORE_TOTALS_H_
#define FUSEBOX_SRC_CORE_TOTALS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "fusebox/clock.h"
#include "fusebox/outcome.h"
#include "fusebox/snapshot.h"
#include "src/core/state_machine.h"

namespace fusebox {

// Not thread-safe.
class LifetimeTotals {
 public:
  void CountAdmitted() { ++in_flight_; }
  void CountRejected() { ++totals_.rejected; }
  void CountReturned(const CallRecord& call, const Outcome& outcome, SteadyTime now);
  void CountTransition(const Transition& transition);

  const Totals& totals() const { return totals_; }
  int64_t in_flight() const { return in_flight_; }

  struct Failure {
    SteadyTime at;
    int code = 0;
    std::string message;
  };
  const std::optional<Failure>& last_failure() const { return last_failure_; }
  std::optional<SteadyTime> last_transition() const { return last_transition_; }

 private:
  Totals totals_;
  int64_t in_flight_ = 0;
  std::optional<Failure> last_failure_;
  std::optional<SteadyTime> last_transition_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_TOTALS_H_
