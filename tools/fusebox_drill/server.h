// SPDX-License-Identifier: Apache-2.0
//
// The dependency: workers, and calls that wait for one.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_SERVER_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

// Work for a server.
struct Job {
  int64_t attempt = 0;
  Nanos deadline = 0;  // of its caller
  double service = 0;  // nanoseconds, for a server that is warm
};

// Who works is told by `Begin`: the caller ends it by `Finish` when its service is over.
class Server {
 public:
  explicit Server(const World& world);

  // The places behind which a job waits: false if all are taken.
  bool Offer(const Job& job);

  // The next job that a free worker takes, if there is one. `now` is when.
  bool Begin(Nanos now, Job& job);

  // A worker is free. False for a job of an earlier life.
  bool Finish(int64_t attempt);

  // All that it has is lost; returns the attempts, in the order in which they came.
  std::vector<int64_t> Restart();

  // How many it has served since the last `Chill`.
  int64_t served() const { return served_; }
  void Chill() { served_ = 0; }

  std::size_t waiting() const { return waiting_.size(); }
  int busy() const { return static_cast<int>(working_.size()); }

 private:
  Job TakeNext();

  const int workers_;
  const Order order_;
  const bool drop_dead_;
  const std::size_t limit_;
  std::deque<Job> waiting_;
  std::vector<int64_t> working_;
  int64_t served_ = 0;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_SERVER_H_
