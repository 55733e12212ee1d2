// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_ORDER_TIMER_H_
#define FUSEBOX_SRC_CORE_ORDER_TIMER_H_

#include <functional>
#include <memory>

#include "fusebox/fork.h"

namespace fusebox::internal {

// Has a registry look for standing orders that have ended, about once a second, when nobody else
// does. It has a thread from the first `Start` on, as long as there is something to look for.
//
// Thread-safe.
class OrderTimer {
 public:
  // Called on the thread, with no lock held. False: there is nothing left to look for.
  using Look = std::function<bool()>;

  explicit OrderTimer(Look look);
  OrderTimer(const OrderTimer&) = delete;
  OrderTimer& operator=(const OrderTimer&) = delete;
  ~OrderTimer();  // stops it

  // Ends the thread, for good: waits for a look that is going on, unless it is called by that.
  void Stop();

  // There is something to look for. Without a thread, as when there can be none, others look.
  void Start();

 private:
  class State;
  const std::shared_ptr<State> state_;
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_ORDER_TIMER_H_
