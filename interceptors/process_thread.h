// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_PROCESS_THREAD_H_
#define FUSEBOX_INTERCEPTORS_PROCESS_THREAD_H_

#include <sys/types.h>

#include <atomic>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "fusebox/fork.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// A thread that works for all channels of the process. It starts with the first work, is idle while
// there is none, stops for a fork and goes on after it, and ends when the process exits.
//
// What derives from it is the only object of its class, and is never destroyed: calls may come
// until the very end.
//
// Thread-safety: whatever derives from it guards its work by `mutex_`.
class ProcessThread {
 public:
  ProcessThread(const ProcessThread&) = delete;
  ProcessThread& operator=(const ProcessThread&) = delete;

 protected:
  // `stop_at_exit` calls StopAtExit of this object. It is called before gRPC's static objects,
  // which the thread uses, are destroyed: they were made before this.
  explicit ProcessThread(void (*stop_at_exit)());
  ~ProcessThread() = default;

  virtual bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) = 0;

  // On the thread, with no lock held. To return when there is no work, or when it is stopped, and
  // to keep nothing of gRPC's after that, so that gRPC can shut down.
  virtual void Work() = 0;

  // In a forked child, before the thread goes on: what isn't for it to do.
  virtual void ForgetParentsWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {}

  // There is work. False: there can be no thread now. Whoever wakes it next tries again.
  bool Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  bool stopped() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_; }
  // The process is about to end.
  bool stopped_for_good() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_for_good_; }

  // Waits for the thread, unless it is within code of the application's that doesn't return.
  void StopAtExit();

  Mutex mutex_;

 private:
  void Start() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WaitForWork();
  std::thread Stop(bool for_good);
  void Resume(bool in_child);

  CondVar changed_;
  CondVar ended_changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_for_good_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // the thread that was started last
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
  std::atomic<pid_t> thread_of_{0};  // the process whose thread it is; relaxed, a number alone
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_PROCESS_THREAD_H_
