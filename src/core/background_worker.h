// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_BACKGROUND_WORKER_H_
#define FUSEBOX_SRC_CORE_BACKGROUND_WORKER_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "fusebox/fork.h"

namespace fusebox::internal {

// Does something on a thread of its own whenever it is asked for: it has the thread from the first
// time on.
//
// Thread-safe.
class BackgroundWorker {
 public:
  // Called on the thread, with no lock held.
  using Work = std::function<void()>;

  // Whoever stops it waits for work that is going on for so long, and then leaves it behind.
  explicit BackgroundWorker(Work work, absl::Duration longest_end = absl::InfiniteDuration());
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;
  ~BackgroundWorker();  // stops it

  // Ends the thread, for good. Called by the work itself, it waits for nothing.
  void Stop();

  // It is to work once, by then at the latest. What is asked for while it works is done after that.
  // Without a thread nothing is done: when there can be none, and in a process that was forked
  // while there was one, and not by `PrepareFork`.
  void StartIn(absl::Duration delay);

 private:
  class State;
  const absl::Duration longest_end_;
  const std::shared_ptr<State> state_;
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_BACKGROUND_WORKER_H_
