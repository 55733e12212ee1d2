// SPDX-License-Identifier: Apache-2.0
//
// The clients: a steady load on one server, through one circuit or through none.
#ifndef FUSEBOX_EXAMPLES_DRILL_FLEET_H_
#define FUSEBOX_EXAMPLES_DRILL_FLEET_H_

#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "examples/drill/call.h"
#include "examples/drill/server.h"
#include "examples/drill/virtual_time.h"
#include "fusebox/circuit_breaker.h"

namespace drill {

struct Load {
  double calls_per_second = 200;  // on average; they come at random (a Poisson process)
  absl::Duration deadline = absl::Seconds(1);
};

// Each call is made once: no caller retries.
class Fleet {
 public:
  // `time` and `server` must outlive it, and so must `circuit`; null: no circuit.
  Fleet(const Load& load, uint64_t seed, VirtualTime& time, Server& server,
        fusebox::CircuitBreaker* circuit);

  // Offers the load from now until `end`.
  void OfferUntil(absl::Duration end);

  // The server's answer to a call.
  void OnServed(int64_t id);

  const std::vector<Call>& calls() const { return calls_; }

 private:
  void ScheduleNext();
  void Offer();
  bool Admit(Call& call);
  void OnDeadline(int64_t id);
  absl::Duration NextGap();

  const Load load_;
  VirtualTime& time_;
  Server& server_;
  fusebox::CircuitBreaker* const circuit_;

  std::mt19937_64 random_;
  absl::Duration end_;
  absl::Duration next_offer_;
  std::vector<Call> calls_;  // by id
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_FLEET_H_
