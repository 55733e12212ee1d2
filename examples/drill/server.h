// SPDX-License-Identifier: Apache-2.0
//
// The dependency: a server with one queue that is slow after a restart and warms up as it works.
#ifndef FUSEBOX_EXAMPLES_DRILL_SERVER_H_
#define FUSEBOX_EXAMPLES_DRILL_SERVER_H_

#include <cstdint>
#include <deque>
#include <functional>

#include "examples/drill/virtual_time.h"

namespace drill {

struct ServerModel {
  double cold_capacity = 20;     // calls per second, just after the return
  double warm_capacity = 400;    // calls per second, once warm
  int64_t warm_up_calls = 1000;  // calls served from cold to warm, in equal steps
};

// Serves one call after the other, first come, first served, each in 1 / capacity. It does not know
// its callers' deadlines: a call whose caller has given up costs as much work as any, and warms it
// as much. Its queue has no bound.
class Server {
 public:
  using Served = std::function<void(int64_t call)>;

  // Starts warm. `time` must outlive it. `served` is called at the end of each call's service.
  Server(const ServerModel& model, VirtualTime& time, Served served);

  // A call while it is dead gets no answer, ever.
  void Submit(int64_t call);

  // Everything in the queue is lost.
  void Die();

  // Cold, with an empty queue.
  void Return();

 private:
  double Capacity() const;
  void ServeNext();
  void Finish();

  const ServerModel model_;
  VirtualTime& time_;
  const Served served_;

  bool alive_ = true;
  int64_t lives_ = 0;  // tells the work of a life that has ended from that of the present one
  int64_t warmed_by_;
  std::deque<int64_t> queue_;  // the first one is being served
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_SERVER_H_
