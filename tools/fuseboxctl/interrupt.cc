// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/interrupt.h"

#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <utility>

#include "tools/fuseboxctl/exit_code.h"

namespace fuseboxctl {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { Loop(); });
}

Interrupt::~Interrupt() {
  {
    const fusebox::internal::MutexLock lock(mutex_);
    stopped_ = true;
  }
  // Wakes it: all threads block the signal, and this one takes it.
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): it ends by itself.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void Interrupt::SetHandler(std::function<void()> handler) {
  const fusebox::internal::MutexLock lock(mutex_);
  handler_ = std::move(handler);
}

void Interrupt::Loop() {
  const sigset_t signals = Signals();
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) return;
    const fusebox::internal::MutexLock lock(mutex_);
    if (stopped_) return;
    if (handler_ == nullptr) std::_Exit(static_cast<int>(ExitCode::kInterrupted));
    handler_();
  }
}

}  // namespace fuseboxctl
