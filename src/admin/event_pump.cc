// SPDX-License-Identifier: Apache-2.0
#include "src/admin/event_pump.h"

#include <utility>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "src/admin/circuit_scan.h"

namespace fusebox::internal {
namespace {

// How late may be told what time alone has done. A look takes some 100 ns a circuit.
constexpr absl::Duration kLookInterval = absl::Seconds(1);

}  // namespace

EventPump::EventPump(std::shared_ptr<CircuitRegistry> registry, std::function<void()> run)
    : registry_(std::move(registry)),
      run_(std::move(run)),
      bell_(std::make_shared<Bell>()),
      fork_hooks_([this] { return Stop(); }, [this](bool /*in_child*/) { Start(); }) {
  listener_ = registry_->AddListener([bell = bell_](const Event&) {
    {
      MutexLock lock(bell->mutex);
      if (std::exchange(bell->rung, true)) return;
    }
    bell->changed.NotifyOne();
  });
  Start();
}

EventPump::~EventPump() {
  listener_ = {};
  std::thread thread = Stop();
  if (thread.joinable()) thread.join();
}

void EventPump::Start() {
  MutexLock lock(bell_->mutex);
  bell_->stopped = false;
  thread_ = std::thread([this] { Loop(); });
}

std::thread EventPump::Stop() {
  MutexLock lock(bell_->mutex);
  bell_->stopped = true;
  bell_->changed.NotifyOne();
  return std::exchange(thread_, {});
}

void EventPump::Loop() {
  // The machine's time, whatever the circuits go by: this is about how long people wait.
  const Clock& clock = Clock::Real();
  SteadyTime looked = clock.Now();
  MutexLock lock(bell_->mutex);
  while (!bell_->stopped) {
    const bool rung = std::exchange(bell_->rung, false);
    {
      MutexUnlock unlock(bell_->mutex);
      const bool look = clock.Now() - looked >= kLookInterval;
      if (look) {
        LookAtCircuits();
        looked = clock.Now();
      }
      // At each look too: the bell is silent behind another listener that doesn't return.
      if (rung || look) run_();
    }
    if (!bell_->rung && !bell_->stopped) bell_->changed.WaitFor(bell_->mutex, kLookInterval);
  }
}

void EventPump::LookAtCircuits() {
  CircuitScan scan(*registry_);
  while (const auto circuit = scan.Next()) circuit->state();
}

}  // namespace fusebox::internal
