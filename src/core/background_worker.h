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

  explicit BackgroundWorker(Work work);
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;
  ~BackgroundWorker();  // stops it

  // Ends the thread, for good: waits for work that is going on, unless it is called by that.
  void Stop();

  // It is to work once, by then at the latest. What is asked for while it works is done after that.
  // Without a thread, as when there can be none, nothing is done.
  void StartIn(absl::Duration delay);

 private:
  class State;
  const std::shared_ptr<State> state_;
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_BACKGROUND_WORKER_H_
