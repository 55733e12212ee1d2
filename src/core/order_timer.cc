// SPDX-License-Identifier: Apache-2.0
#include "src/core/order_timer.h"

#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "src/base/mutex.h"
#include "src/base/user_code.h"

namespace fusebox::internal {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

}  // namespace

// The thread's own, too, so that it can outlive the timer.
class OrderTimer::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(Look look) : look_(std::move(look)) {}

  void Start() {
    MutexLock lock(mutex_);
    wanted_ = true;
    if (!stopped_ && !thread_.joinable()) StartThread();
    changed_.NotifyAll();
  }

  // The thread, for whoever stops it to wait for.
  std::thread Stop() {
    MutexLock lock(mutex_);
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

  void Resume() {
    MutexLock lock(mutex_);
    if (ended_) return;
    stopped_ = false;
    if (wanted_) StartThread();
  }

 private:
  void StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    RunUserCode(
        [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
          thread_ = std::thread([self = shared_from_this()] { self->Loop(); });
        },
        [](const std::string&) {});
  }

  void Loop() {
    while (WaitForNext()) {
      if (look_()) Start();
    }
  }

  // False: the thread is to end.
  bool WaitForNext() {
    MutexLock lock(mutex_);
    while (!stopped_ && !wanted_) changed_.Wait(mutex_);
    changed_.WaitFor(mutex_, kInterval, [this] {
      mutex_.AssertHeld();
      return stopped_;
    });
    wanted_ = wanted_ && stopped_;  // before the look: what comes meanwhile is wanted
    return !stopped_;
  }

  const Look look_;
  Mutex mutex_;
  CondVar changed_;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

OrderTimer::OrderTimer(Look look)
    : state_(std::make_shared<State>(std::move(look))),
      fork_hooks_([state = state_] { return state->Stop(); },
                  [state = state_](bool /*in_child*/) { state->Resume(); }) {}

OrderTimer::~OrderTimer() { Stop(); }

void OrderTimer::Stop() {
  std::thread thread = state_->End();
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
  } else {
    thread.join();
  }
}

void OrderTimer::Start() { state_->Start(); }

}  // namespace fusebox::internal
