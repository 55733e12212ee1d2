// SPDX-License-Identifier: Apache-2.0
//
// What the world is like in which a scenario is played: the callers, the network and the server.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_WORLD_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_WORLD_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "tools/fusebox_drill/scenario.h"

namespace fusebox_drill {

// Since the start of a play. Integers, since a play is millions of these.
using Nanos = int64_t;

inline Nanos NanosOf(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration); }
inline double SecondsOf(Nanos nanos) { return static_cast<double>(nanos) * 1e-9; }

// Which of the waiting calls a worker takes next.
enum class Order { kOldestFirst, kNewestFirst };

struct World {
  double rate = 200;  // calls per second in all, at random (a Poisson process)
  int clients = 1;    // each with a breaker of its own for each method
  absl::Duration deadline = absl::Milliseconds(500);
  bool hide_deadline = false;                       // from the policy
  absl::Duration network = absl::Milliseconds(1);   // each way
  absl::Duration service = absl::Milliseconds(25);  // on average
  double sigma = 0.5;                               // of its logarithm: service is lognormal

  // The server: 0 workers are as many as the load takes at 62.5 % of their time, eight for the
  // default. It doesn't know deadlines unless `drop_dead`: it serves calls too whose caller has
  // given up.
  int workers = 0;
  Order order = Order::kOldestFirst;
  std::optional<int64_t> queue_limit;  // absent: none
  bool drop_dead = false;

  int Workers() const {
    constexpr double kWorkersPerCall = 8.0 / 200;
    if (workers > 0) return workers;
    return std::max(1, static_cast<int>(std::lround(rate * kWorkersPerCall)));
  }

  // As the scenario has it, which may say itself what is left to the command line else. The server
  // stays as large as it is.
  World For(const Scenario& scenario) const {
    World world = *this;
    world.workers = Workers();
    world.rate = scenario.rate.value_or(rate);
    world.clients = scenario.clients.value_or(clients);
    if (scenario.queue_limit) world.queue_limit = scenario.queue_limit;
    return world;
  }
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_WORLD_H_
