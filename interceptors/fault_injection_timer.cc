// SPDX-License-Identifier: Apache-2.0
#include "interceptors/fault_injection_timer.h"

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

struct WakeupTimer::State {
  Mutex mutex;
  CondVar changed;
  std::multimap<SteadyTime, std::shared_ptr<Sleeper>> sleepers ABSL_GUARDED_BY(mutex);
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  std::thread thread ABSL_GUARDED_BY(mutex);  // while sleepers may have to be woken
};

WakeupTimer::WakeupTimer()
    : state_(std::make_shared<State>()),
      fork_hooks_([state = state_] { return Stop(*state); },
                  [state = state_](bool in_child) { Resume(state, in_child); }) {}

WakeupTimer::~WakeupTimer() {
  std::thread thread = Stop(*state_);
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();  // nothing of it is left but what it shares
  } else if (thread.joinable()) {
    thread.join();
  }
}

std::thread WakeupTimer::Stop(State& state) {
  MutexLock lock(state.mutex);
  state.stopped = true;
  state.changed.NotifyOne();
  return std::exchange(state.thread, {});
}

void WakeupTimer::Resume(const std::shared_ptr<State>& state, bool in_child) {
  std::multimap<SteadyTime, std::shared_ptr<Sleeper>> forgotten;  // destroyed after the lock
  MutexLock lock(state->mutex);
  state->stopped = false;
  if (in_child) forgotten.swap(state->sleepers);
  if (!state->sleepers.empty()) state->thread = std::thread(Run, state);
}

void WakeupTimer::Schedule(SteadyTime due, std::shared_ptr<Sleeper> sleeper) {
  MutexLock lock(state_->mutex);
  state_->sleepers.emplace(due, std::move(sleeper));
  state_->changed.NotifyOne();
  if (!state_->stopped && !state_->thread.joinable()) state_->thread = std::thread(Run, state_);
}

void WakeupTimer::Hasten(SteadyTime due, const Sleeper& sleeper) {
  MutexLock lock(state_->mutex);
  auto [at, end] = state_->sleepers.equal_range(due);
  while (at != end && at->second.get() != &sleeper) ++at;
  if (at == end) return;
  auto node = state_->sleepers.extract(at);
  node.key() = SteadyTime();  // the clock's zero is long past
  state_->sleepers.insert(std::move(node));
  state_->changed.NotifyOne();
}

void WakeupTimer::Run(const std::shared_ptr<State>& state) {
  MutexLock lock(state->mutex);
  while (!state->stopped) {
    if (state->sleepers.empty()) {
      state->changed.Wait(state->mutex);
      continue;
    }
    const auto first = state->sleepers.begin();
    const absl::Duration wait = first->first - Clock::Real().Now();
    if (wait > absl::ZeroDuration()) {
      state->changed.WaitFor(state->mutex, wait);
      continue;
    }
    std::shared_ptr<Sleeper> due = std::move(state->sleepers.extract(first).mapped());
    MutexUnlock unlock(state->mutex);
    due->Wake();
    due.reset();  // outside the lock: it may be the last to hold it
  }
}

}  // namespace fusebox::internal
