// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/server.h"

#include <algorithm>
#include <limits>

namespace fusebox_drill {

Server::Server(const World& world)
    : workers_(world.Workers()),
      order_(world.order),
      drop_dead_(world.drop_dead),
      limit_(world.queue_limit ? static_cast<std::size_t>(*world.queue_limit)
                               : std::numeric_limits<std::size_t>::max()) {}

// A free worker takes the job without its waiting.
bool Server::Offer(const Job& job) {
  const bool is_free = busy() < workers_ && waiting_.empty();
  if (!is_free && waiting_.size() >= limit_) return false;
  waiting_.push_back(job);
  return true;
}

bool Server::Begin(Nanos now, Job& job) {
  while (busy() < workers_ && !waiting_.empty()) {
    job = TakeNext();
    if (drop_dead_ && job.deadline <= now) continue;
    working_.push_back(job.attempt);
    return true;
  }
  return false;
}

Job Server::TakeNext() {
  Job job;
  if (order_ == Order::kOldestFirst) {
    job = waiting_.front();
    waiting_.pop_front();
  } else {
    job = waiting_.back();
    waiting_.pop_back();
  }
  return job;
}

bool Server::Finish(int64_t attempt) {
  const auto place = std::find(working_.begin(), working_.end(), attempt);
  if (place == working_.end()) return false;
  working_.erase(place);
  ++served_;
  return true;
}

std::vector<int64_t> Server::Restart() {
  std::vector<int64_t> lost = working_;
  for (const Job& job : waiting_) lost.push_back(job.attempt);
  std::sort(lost.begin(), lost.end());
  working_.clear();
  waiting_.clear();
  return lost;
}

}  // namespace fusebox_drill
