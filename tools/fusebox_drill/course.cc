// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/course.h"

#include <algorithm>
#include <cmath>

namespace fusebox_drill {

double Stage::Coldness(int64_t served) const {
  if (!phase.cold) return 1;
  const double warmth = static_cast<double>(served) / static_cast<double>(phase.warm_after);
  return 1 / (*phase.cold + (1 - *phase.cold) * std::min(1.0, warmth));
}

Course::Course(const Scenario& scenario, const World& world, uint64_t seed)
    : scenario_(scenario), world_(world), seed_(seed), draws_(seed) {
  Nanos at = 0;
  for (const Phase& phase : scenario_.phases) {
    double factor = 1;
    if (phase.varied) {
      const auto place = static_cast<int64_t>(stages_.size());
      factor = kLeastFactor + (kMostFactor - kLeastFactor) * draws_.Uniform(Draw::kLength, place);
    }
    const Nanos end = at + NanosOf(phase.length * factor);
    stages_.push_back({at, end, phase});
    at = end;
  }
  DrawCalls();
}

std::size_t Course::IndexAt(Nanos at) const {
  const auto after =
      std::upper_bound(stages_.begin(), stages_.end(), at,
                       [](Nanos moment, const Stage& stage) { return moment < stage.begin; });
  return static_cast<std::size_t>(after - stages_.begin()) - 1;
}

// In each stage as many as at its greatest load, of which a share is left out where the load is
// less: a Poisson process whose rate is the load.
void Course::DrawCalls() {
  int64_t drawn = 0;
  for (const Stage& stage : stages_) {
    const Figure& load = stage.phase.load;
    const double rate = world_.rate * load.most();
    if (!(rate > 0)) continue;
    auto at = static_cast<double>(stage.begin);
    while (true) {
      ++drawn;
      at += draws_.Exponential(Draw::kGap, drawn) / rate * 1e9;
      const auto moment = static_cast<Nanos>(at);
      if (moment >= stage.end) break;
      const double share = load.At(stage.Progress(moment)) / load.most();
      if (share >= 1 || draws_.Uniform(Draw::kThinning, drawn) < share) calls_.push_back(moment);
    }
  }
}

Nanos Course::Backoff(int attempt) const {
  return NanosOf(scenario_.backoff) << std::min(attempt - 1, 20);
}

Meeting Course::Meet(int64_t call, int attempt, Nanos at) const {
  const Stage& stage = At(at);
  const Phase& phase = stage.phase;
  Meeting meeting;
  meeting.service =
      static_cast<double>(NanosOf(world_.service)) * draws_.Lognormal(world_.sigma, call, attempt);
  const bool affected = (!phase.backends || draws_.OneOf(scenario_.backends, Draw::kBackend, call,
                                                         attempt) < *phase.backends) &&
                        (!phase.methods || MethodOf(call) < *phase.methods);
  if (!affected) return meeting;
  meeting.reach = phase.reach;
  meeting.slow = stage.Slow(at);
  const double errors = stage.Errors(at);
  meeting.error = errors > 0 && draws_.Uniform(Draw::kError, call, attempt) < errors;
  if (phase.delay > absl::ZeroDuration() &&
      draws_.Uniform(Draw::kDelay, call, attempt) < phase.delayed) {
    meeting.delay = NanosOf(phase.delay);
  }
  return meeting;
}

}  // namespace fusebox_drill
