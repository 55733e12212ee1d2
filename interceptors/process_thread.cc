// SPDX-License-Identifier: Apache-2.0
#include "interceptors/process_thread.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "src/base/user_code.h"

namespace fusebox::internal {
namespace {

// How long the end of the process waits for a thread. Work of the library's own is done sooner.
constexpr absl::Duration kLongestEnd = absl::Seconds(2);

}  // namespace

ProcessThread::ProcessThread(void (*stop_at_exit)())
    : fork_hooks_([this] { return Stop(/*for_good=*/false); },
                  [this](bool in_child) { Resume(in_child); }) {
  std::atexit(stop_at_exit);
}

bool ProcessThread::Wake() {
  if (!stopped_ && !thread_.joinable()) Start();
  changed_.NotifyOne();
  return stopped_ || thread_.joinable();
}

void ProcessThread::Start() {
  RunUserCode(
      [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        ended_ = false;
        thread_ = std::thread([this] {
          while (WaitForWork()) Work();
          MutexLock lock(mutex_);
          ended_ = true;
          ended_changed_.NotifyOne();
        });
        thread_of_.store(getpid(), std::memory_order_relaxed);
      },
      [](const std::string&) {});
}

// False: the thread is to end.
bool ProcessThread::WaitForWork() {
  MutexLock lock(mutex_);
  while (!stopped_ && !HasWork()) changed_.Wait(mutex_);
  return !stopped_;
}

std::thread ProcessThread::Stop(bool for_good) {
  MutexLock lock(mutex_);
  stopped_ = true;
  stopped_for_good_ = stopped_for_good_ || for_good;
  changed_.NotifyOne();
  return std::exchange(thread_, {});
}

void ProcessThread::Resume(bool in_child) {
  MutexLock lock(mutex_);
  if (stopped_for_good_) return;
  stopped_ = false;
  if (in_child) ForgetParentsWork();
  if (HasWork()) Start();
}

void ProcessThread::StopAtExit() {
  // A process that was forked off by surprise has a thread on paper, and maybe a mutex that is
  // locked for good.
  if (thread_of_.load(std::memory_order_relaxed) != getpid()) return;
  std::thread thread = Stop(/*for_good=*/true);
  if (!thread.joinable()) return;
  // gRPC may call the application on that thread, and the application may end the process there,
  // or never come back.
  bool ended = false;
  if (thread.get_id() != std::this_thread::get_id()) {
    MutexLock lock(mutex_);
    ended = ended_changed_.WaitFor(mutex_, kLongestEnd, [this] {
      mutex_.AssertHeld();
      return ended_;
    });
  }
  if (ended) {
    thread.join();
  } else {
    thread.detach();
  }
}

}  // namespace fusebox::internal
