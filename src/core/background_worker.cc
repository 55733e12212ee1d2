// SPDX-License-Identifier: Apache-2.0
#include "src/core/background_worker.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "src/base/mutex.h"
#include "src/base/user_code.h"

namespace fusebox::internal {

// The thread's own, too, so that it can outlive the worker.
class BackgroundWorker::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(Work work) : work_(std::move(work)) {}

  void StartIn(absl::Duration delay) {
    MutexLock lock(mutex_);
    if (IsLeftInParent()) return;
    due_in_ = due_in_ ? std::min(*due_in_, delay) : delay;
    if (!stopped_ && !thread_.joinable()) StartThread();
    changed_.NotifyAll();
  }

  // The thread, for whoever stops it to wait for.
  std::thread Stop() {
    MutexLock lock(mutex_);
    if (IsLeftInParent()) return {};  // it has this, which so is never destroyed
    stopped_ = true;
    changed_.NotifyAll();
    return std::exchange(thread_, {});
  }

  // The same, for good.
  std::thread End() {
    {
      MutexLock lock(mutex_);
      ended_ = true;
    }
    return Stop();
  }

  // False: it still is, after that long.
  bool WaitUntilIdle(absl::Duration longest) {
    MutexLock lock(mutex_);
    return changed_.WaitFor(mutex_, longest, [this] {
      mutex_.AssertHeld();
      return !working_;
    });
  }

  void Resume() {
    MutexLock lock(mutex_);
    if (ended_) return;
    stopped_ = false;
    if (due_in_) StartThread();
  }

 private:
  void StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    RunUserCode(
        [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
          process_ = getpid();
          thread_ = std::thread([self = shared_from_this()] { self->Loop(); });
        },
        [](const std::string&) {});
  }

  void Loop() {
    while (WaitForNext()) work_();
  }

  // The thread, at a fork that nobody was prepared for: here there is none.
  bool IsLeftInParent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return thread_.joinable() && process_ != getpid();
  }

  // False: the thread is to end.
  bool WaitForNext() {
    MutexLock lock(mutex_);
    working_ = false;
    changed_.NotifyAll();
    while (!stopped_ && !due_in_) changed_.Wait(mutex_);
    while (!stopped_ && !HasWaitedFor(*due_in_)) {
    }
    if (stopped_) return false;
    due_in_.reset();  // before the work: what comes meanwhile is to be done, too
    working_ = true;
    return true;
  }

  // False: it is due earlier by now, or the thread is to end.
  bool HasWaitedFor(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !changed_.WaitFor(mutex_, delay, [this, delay] {
      mutex_.AssertHeld();
      return stopped_ || *due_in_ < delay;
    });
  }

  const Work work_;
  Mutex mutex_;
  CondVar changed_;
  std::optional<absl::Duration> due_in_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  int process_ ABSL_GUARDED_BY(mutex_) = 0;  // the thread's
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

BackgroundWorker::BackgroundWorker(Work work, absl::Duration longest_end)
    : longest_end_(longest_end),
      state_(std::make_shared<State>(std::move(work))),
      fork_hooks_([state = state_] { return state->Stop(); },
                  [state = state_](bool /*in_child*/) { state->Resume(); }) {}

BackgroundWorker::~BackgroundWorker() { Stop(); }

void BackgroundWorker::Stop() {
  std::thread thread = state_->End();
  if (!thread.joinable()) return;
  const bool is_its_own = thread.get_id() == std::this_thread::get_id();
  if (is_its_own || !state_->WaitUntilIdle(longest_end_)) {
    thread.detach();
  } else {
    thread.join();
  }
}

void BackgroundWorker::StartIn(absl::Duration delay) { state_->StartIn(delay); }

}  // namespace fusebox::internal
