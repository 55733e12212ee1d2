// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/director.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/demo/interrupt.h"
#include "fusebox/circuit_breaker.h"

namespace demo {
namespace {

using Act = Scene::Act;

constexpr absl::Duration Row() { return absl::Seconds(1); }

// The scenes, with how long each lasts at least.
Script MakeScript(const std::array<int, 10>& least, int patience) {
  return {
      {
          {"healthy", "the server works", Act::kNone, false, least[0]},
          {"errors", "the server answers every call with INTERNAL", Act::kFail, true, least[1]},
          {"healthy", "the server works again", Act::kWork, false, least[2]},
          {"hang", "the server answers no call; callers wait for their deadlines", Act::kHang, true,
           least[3]},
          {"healthy", "the server works again", Act::kWork, false, least[4]},
          {"killed", "the server process is gone (kill -9); connections are refused", Act::kKill,
           true, least[5]},
          {"restarted",
           "a new server process on the same port; gRPC looks for it when its backoff ends",
           Act::kStart, false, least[6]},
          {"healthy", "the server works", Act::kNone, false, least[7]},
          {"drill", "nine calls of ten fail on their way, by fault injection; the server is well",
           Act::kInject, true, least[8]},
          {"healthy", "fault injection is off", Act::kStopInjecting, false, least[9]},
      },
      patience};
}

}  // namespace

Script FullScript() { return MakeScript({4, 8, 5, 8, 5, 6, 3, 4, 5, 3}, /*patience=*/120); }
Script FastScript() { return MakeScript({1, 2, 2, 2, 2, 2, 1, 1, 1, 1}, /*patience=*/120); }

Director::Director(ServerProcess& server, fusebox::FaultInjector& faults, LoadGenerator& with,
                   LoadGenerator& without, const fusebox::CircuitRegistry& registry,
                   std::string circuit, Timeline& timeline)
    : server_(server),
      faults_(faults),
      with_(with),
      without_(without),
      registry_(registry),
      circuit_(std::move(circuit)),
      timeline_(timeline) {}

absl::StatusOr<Results> Director::Play(const Script& script) {
  Results results;
  patience_ = script.patience;
  next_row_ = fusebox::Clock::Real().Now() + Row();
  for (const Scene& scene : script.scenes) {
    if (absl::Status played = Play(scene, results); !played.ok()) return played;
    if (interrupted_) break;
  }
  return results;
}

absl::Status Director::Play(const Scene& scene, Results& results) {
  timeline_.Scene(scene.name, scene.what);
  if (absl::Status done = Do(scene.act); !done.ok()) return done;
  Pair so_far;
  bool as_expected = false;
  for (int second = 1; second <= scene.least || (!as_expected && patience_-- > 0); ++second) {
    const Pair row = NextSecond();
    if (interrupted_) return absl::OkStatus();
    timeline_.Row(scene.name, row);
    so_far.Add(row);
    as_expected = scene.sick ? so_far.with.rejected > 0 : CircuitIsClosed();
    if (scene.sick) ++results.sick_seconds;
  }
  (scene.sick ? results.sick : results.healthy).Add(so_far);
  if (!as_expected) {
    results.missing.push_back(
        absl::StrCat("in \"", scene.what, "\" the circuit ",
                     scene.sick ? "rejected no call" : "did not become CLOSED"));
  }
  return absl::OkStatus();
}

absl::Status Director::Do(Act act) {
  switch (act) {
    case Act::kNone:
      return absl::OkStatus();
    case Act::kWork:
      return server_.SetHealth(HEALTH_WORKS);
    case Act::kFail:
      return server_.SetHealth(HEALTH_FAILS);
    case Act::kHang:
      return server_.SetHealth(HEALTH_HANGS);
    case Act::kKill:
      server_.Kill();
      counted_.clear();
      return absl::OkStatus();
    case Act::kStart:
      return server_.Start();
    case Act::kInject: {
      fusebox::Fault fault;
      fault.kind = fusebox::InjectedStatus{grpc::StatusCode::UNAVAILABLE, "drill"};
      fault.fraction = 0.9;
      return faults_.Set(fusebox::FaultInjector::kDefault, fault);
    }
    case Act::kStopInjecting:
      faults_.ClearAll();
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

Pair Director::NextSecond() {
  const absl::Duration left = next_row_ - fusebox::Clock::Real().Now();
  interrupted_ = AwaitInterrupt(std::max(left, absl::ZeroDuration()));
  next_row_ = next_row_ + Row();

  Pair row = {with_.Take(), without_.Take()};
  if (auto counts = server_.CountCalls()) {
    row.with.reached = (*counts)[kWith] - counted_[kWith];
    row.without.reached = (*counts)[kWithout] - counted_[kWithout];
    counted_ = *std::move(counts);
  }
  return row;
}

bool Director::CircuitIsClosed() const {
  const auto circuit = registry_.Find(circuit_);
  return circuit != nullptr && circuit->state() == fusebox::State::kClosed;
}

}  // namespace demo
