// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_EVENT_PUMP_H_
#define FUSEBOX_SRC_ADMIN_EVENT_PUMP_H_

#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/fork.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// A thread that runs when there are events, so that the threads that caused them need not: those
// only ring a bell. It also looks at every circuit once in a while, so that what is due by time
// alone happens, and is told, without a call that comes to see it (rule R1).
class EventPump {
 public:
  // `run` is called on the pump's thread, with no lock held, after events and once to begin with.
  // It may find several events, or none.
  EventPump(std::shared_ptr<CircuitRegistry> registry, std::function<void()> run);
  EventPump(const EventPump&) = delete;
  EventPump& operator=(const EventPump&) = delete;

  // Waits until `run` has returned. Not to be called from it.
  ~EventPump();

 private:
  // Outlives the pump for as long as a thread is ringing it.
  struct Bell {
    Mutex mutex;
    CondVar changed;
    bool rung ABSL_GUARDED_BY(mutex) = true;
    bool stopped ABSL_GUARDED_BY(mutex) = false;
  };

  void Start();
  std::thread Stop();
  void Loop();
  void LookAtCircuits();

  const std::shared_ptr<CircuitRegistry> registry_;
  const std::function<void()> run_;
  const std::shared_ptr<Bell> bell_;
  ListenerHandle listener_;
  std::thread thread_ ABSL_GUARDED_BY(bell_->mutex);  // it uses all of the above
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_EVENT_PUMP_H_
