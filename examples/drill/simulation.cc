// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/simulation.h"

#include <memory>
#include <utility>

#include "examples/drill/fleet.h"
#include "examples/drill/server.h"
#include "examples/drill/virtual_time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/event.h"

namespace drill {
namespace {

// The whole world: the order of the members is the order in which they depend on each other.
class World {
 public:
  explicit World(const Scenario& scenario)
      : scenario_(scenario),
        timeline_(time_.clock().WallNow()),
        server_(scenario.server, time_, [this](int64_t call) { fleet_->OnServed(call); }) {}

  absl::Status Protect(const fusebox::Policy& policy) {
    fusebox::CircuitBreaker::Options options;
    options.clock = &time_.clock();
    options.seed = scenario_.seed;
    options.listener = [this](const fusebox::Event& event) { timeline_.OnEvent(event); };
    auto circuit = fusebox::CircuitBreaker::Create("drill", policy, std::move(options));
    if (!circuit.ok()) return circuit.status();
    circuit_ = *std::move(circuit);
    return absl::OkStatus();
  }

  Play Run() {
    fleet_.emplace(scenario_.load, scenario_.seed, time_, server_, circuit_.get());
    time_.At(scenario_.healthy, [this] { server_.Die(); });
    time_.At(scenario_.Return(), [this] { server_.Return(); });
    fleet_->OfferUntil(scenario_.End());
    time_.Run();

    Play play;
    play.seconds = BySecond(fleet_->calls(), scenario_.End());
    play.figures = FiguresOf(play.seconds, scenario_.Return());
    if (circuit_ != nullptr) {
      if (const auto satisfied = timeline_.FirstSatisfiedSince(scenario_.Return())) {
        play.figures.until_good_probes = *satisfied - scenario_.Return();
      }
      play.figures.opened_again = timeline_.OpenedSince(scenario_.Return());
      play.timeline.emplace(timeline_);
    }
    return play;
  }

 private:
  const Scenario& scenario_;
  VirtualTime time_;
  Timeline timeline_;
  std::shared_ptr<fusebox::CircuitBreaker> circuit_;
  Server server_;
  std::optional<Fleet> fleet_;
};

}  // namespace

absl::StatusOr<Play> Simulate(const Scenario& scenario,
                              const std::optional<fusebox::Policy>& policy) {
  World world(scenario);
  if (policy) {
    if (absl::Status made = world.Protect(*policy); !made.ok()) return made;
  }
  return world.Run();
}

absl::StatusOr<Drill> SimulateAll(const Scenario& scenario) {
  absl::StatusOr<Play> no_circuit = Simulate(scenario, std::nullopt);
  if (!no_circuit.ok()) return no_circuit.status();
  absl::StatusOr<Play> no_ramp = Simulate(scenario, scenario.policy);
  if (!no_ramp.ok()) return no_ramp.status();
  absl::StatusOr<Play> ramp = Simulate(scenario, scenario.PolicyWithRamp());
  if (!ramp.ok()) return ramp.status();
  return Drill{*std::move(no_circuit), *std::move(no_ramp), *std::move(ramp)};
}

}  // namespace drill
