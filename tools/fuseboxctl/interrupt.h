// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_INTERRUPT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_INTERRUPT_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "src/base/mutex.h"

namespace fuseboxctl {

// Turns SIGINT and SIGTERM into a function call on a thread of its own, where everything may be
// done that a signal handler may not do. Without such a function they end the program, with
// ExitCode::kInterrupted.
//
// To be made before there are other threads: these inherit that the signals are blocked.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  // Null: none. A running one has returned when this does; it is called with a lock held that this
  // takes, and must not call this.
  void SetHandler(std::function<void()> handler);

 private:
  void Loop();

  fusebox::internal::Mutex mutex_;
  std::function<void()> handler_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_INTERRUPT_H_
