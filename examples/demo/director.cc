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
Script MakeScript(const std::array<int, 14>& least, int patience, bool with_file) {
  Script script = {
      {
          {"healthy", "all three servers work", Act::kNone, false, least[0]},
          {"errors", "every server answers every call with INTERNAL", Act::kFail, true, least[1]},
          {"healthy", "they work again", Act::kWork, false, least[2]},
          {"one bad", "one server of three answers with INTERNAL; the others' answers get through",
           Act::kFailOne, true, least[3]},
          {"healthy", "it works again", Act::kWork, false, least[4]},
          {"hang", "no server answers any call; callers wait for their deadlines", Act::kHang, true,
           least[5]},
          {"healthy", "they work again", Act::kWork, false, least[6]},
          {"killed", "the servers' processes are gone (kill -9); connections are refused",
           Act::kKill, true, least[7]},
          {"restarted",
           "new processes on the same ports; gRPC looks for them when its backoff ends, and twice "
           "a second for the circuit",
           Act::kStart, false, least[8]},
          {"healthy", "the servers work", Act::kNone, false, least[9]},
          {"drill", "nine calls of ten fail on their way, by fault injection; the servers are well",
           Act::kInject, true, least[10]},
          {"healthy", "fault injection is off", Act::kStopInjecting, false, least[11]},
      },
      patience};
  if (with_file) {
    script.scenes.push_back(
        {"new file",
         "one call of ten fails on its way, and a file that the client follows is changed: the "
         "circuit opens at the first failure from now on",
         Act::kStrictFile, true, least[12]});
    script.scenes.push_back({"old file", "the file is as it was, and no call fails",
                             Act::kFormerFile, false, least[13]});
  }
  return script;
}

}  // namespace

Script FullScript(bool with_file) {
  return MakeScript({4, 8, 5, 5, 4, 8, 5, 6, 3, 4, 5, 3, 5, 3}, /*patience=*/120, with_file);
}
Script FastScript(bool with_file) {
  return MakeScript({1, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1}, /*patience=*/120, with_file);
}

Director::Director(Servers& servers, fusebox::FaultInjector& faults, PolicyFile* file,
                   LoadGenerator& with, LoadGenerator& without,
                   const fusebox::CircuitRegistry& registry, std::string circuit,
                   Timeline& timeline)
    : servers_(servers),
      faults_(faults),
      file_(file),
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
    as_expected = IsAsExpected(scene, so_far);
    if (scene.sick) ++results.sick_seconds;
  }
  (scene.sick ? results.sick : results.healthy).Add(so_far);
  if (!as_expected) {
    results.missing.push_back(absl::StrCat("in \"", scene.what, "\" the circuit ",
                                           !scene.sick ? "did not become CLOSED"
                                           : scene.act == Act::kFailOne
                                               ? "kept good answers from the callers"
                                               : "rejected no call"));
  }
  return absl::OkStatus();
}

bool Director::IsAsExpected(const Scene& scene, const Pair& so_far) const {
  if (!scene.sick) return CircuitIsClosed();
  if (scene.act == Act::kFailOne) return CircuitIsClosed() && so_far.with.rejected < so_far.with.ok;
  return so_far.with.rejected > 0;
}

absl::Status Director::Do(Act act) {
  switch (act) {
    case Act::kNone:
      return absl::OkStatus();
    case Act::kWork:
      return servers_.SetHealth(HEALTH_WORKS);
    case Act::kFail:
      return servers_.SetHealth(HEALTH_FAILS);
    case Act::kFailOne:
      return servers_.SetHealthOfOne(HEALTH_FAILS);
    case Act::kHang:
      return servers_.SetHealth(HEALTH_HANGS);
    case Act::kKill:
      servers_.Kill();
      counted_.clear();
      return absl::OkStatus();
    case Act::kStart:
      return servers_.Start();
    case Act::kInject:
      return Inject(0.9);
    case Act::kStopInjecting:
      faults_.ClearAll();
      return absl::OkStatus();
    case Act::kStrictFile:
      if (absl::Status injected = Inject(0.1); !injected.ok()) return injected;
      return file_->OpenAtFirstFailure();
    case Act::kFormerFile:
      faults_.ClearAll();
      return file_->GoByDefault();
  }
  return absl::OkStatus();
}

absl::Status Director::Inject(double fraction) {
  fusebox::Fault fault;
  fault.kind = fusebox::InjectedStatus{grpc::StatusCode::UNAVAILABLE, "drill"};
  fault.fraction = fraction;
  return faults_.Set(fusebox::FaultInjector::kDefault, fault);
}

Pair Director::NextSecond() {
  const absl::Duration left = next_row_ - fusebox::Clock::Real().Now();
  interrupted_ = AwaitInterrupt(std::max(left, absl::ZeroDuration()));
  next_row_ = next_row_ + Row();

  Pair row = {with_.Take(), without_.Take()};
  if (auto counts = servers_.CountCalls()) {
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
