// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_FAULT_INJECTION_TIMER_H_
#define FUSEBOX_INTERCEPTORS_FAULT_INJECTION_TIMER_H_

#include <memory>
#include <thread>

#include "fusebox/clock.h"
#include "fusebox/fork.h"

namespace fusebox::internal {

// Sleeps in a WakeupTimer.
class Sleeper {
 public:
  Sleeper() = default;
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  virtual ~Sleeper() = default;

  // Runs on the timer's thread, which the others wait for: it must not block.
  virtual void Wake() = 0;
};

// A thread that wakes sleepers when they are due. It goes by the machine's clock, as gRPC's
// deadlines do, and starts with the first sleeper.
//
// Thread-safety: any thread may use it, a sleeper that is being woken included.
// Ownership: shares its sleepers until it wakes them. Its destructor forgets the others, and waits
// for one that is being woken, unless it is that one which destroys it.
class WakeupTimer {
 public:
  WakeupTimer();
  WakeupTimer(const WakeupTimer&) = delete;
  WakeupTimer& operator=(const WakeupTimer&) = delete;
  ~WakeupTimer();

  void Schedule(SteadyTime due, std::shared_ptr<Sleeper> sleeper);

  // Makes a sleeper that was scheduled for `due` due at once. No effect if it was woken.
  void Hasten(SteadyTime due, const Sleeper& sleeper);

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);
  static std::thread Stop(State& state);
  static void Resume(const std::shared_ptr<State>& state, bool in_child);

  const std::shared_ptr<State> state_;  // shared with the thread
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_FAULT_INJECTION_TIMER_H_
