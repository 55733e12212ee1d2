// SPDX-License-Identifier: Apache-2.0
//
// A scenario with a seed: when each phase begins, when each call is made, and what the world has in
// store for it. The same for every policy.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_COURSE_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_COURSE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/fusebox_drill/draws.h"
#include "tools/fusebox_drill/scenario.h"
#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

struct Stage {
  Nanos begin = 0;
  Nanos end = 0;
  Phase phase;

  double Progress(Nanos at) const {
    return end > begin ? static_cast<double>(at - begin) / static_cast<double>(end - begin) : 0;
  }
  double Errors(Nanos at) const { return phase.errors.At(Progress(at)); }
  double Slow(Nanos at) const { return phase.slow.At(Progress(at)); }

  // How many times as long service takes for a server that is cold and has served that many calls
  // since.
  double Coldness(int64_t served) const;
};

// What a call would meet if it arrived at that moment.
struct Meeting {
  Reach reach = Reach::kUp;
  bool error = false;  // it is answered with an error
  double slow = 1;     // by the fault alone: not by coldness
  Nanos delay = 0;
  double service = 0;  // nanoseconds of work for a server that is well
};

class Course {
 public:
  // The world is as the scenario has it (`World::For`).
  Course(const Scenario& scenario, const World& world, uint64_t seed);

  const Scenario& scenario() const { return scenario_; }
  const World& world() const { return world_; }
  uint64_t seed() const { return seed_; }

  const std::vector<Stage>& stages() const { return stages_; }
  // That of a moment; of one after the end, the last.
  const Stage& At(Nanos at) const { return stages_[IndexAt(at)]; }
  std::size_t IndexAt(Nanos at) const;

  Nanos end() const { return stages_.back().end; }
  // When the last phase begins: the time after the fault.
  Nanos after() const { return stages_.back().begin; }

  // When calls are made.
  const std::vector<Nanos>& calls() const { return calls_; }
  int ClientOf(int64_t call) const { return draws_.OneOf(world_.clients, Draw::kClient, call); }
  int MethodOf(int64_t call) const { return draws_.OneOf(scenario_.methods, Draw::kMethod, call); }

  // How long a caller waits before that attempt, from 1 on.
  Nanos Backoff(int attempt) const;

  Meeting Meet(int64_t call, int attempt, Nanos at) const;

 private:
  void DrawCalls();

  const Scenario scenario_;
  const World world_;
  const uint64_t seed_;
  const Draws draws_;
  std::vector<Stage> stages_;
  std::vector<Nanos> calls_;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_COURSE_H_
