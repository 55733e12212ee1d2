// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/interrupt.h"

#include <pthread.h>
#include <signal.h>

#include <ctime>

namespace demo {
namespace {

sigset_t Interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void HoldInterrupts() {
  const sigset_t signals = Interrupts();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool AwaitInterrupt(absl::Duration time) {
  const sigset_t signals = Interrupts();
  const timespec timeout = absl::ToTimespec(time);
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

}  // namespace demo
