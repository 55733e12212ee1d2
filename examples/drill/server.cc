// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/server.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"

namespace drill {

Server::Server(const ServerModel& model, VirtualTime& time, Served served)
    : model_(model), time_(time), served_(std::move(served)), warmed_by_(model.warm_up_calls) {}

void Server::Submit(int64_t call) {
  if (!alive_) return;
  queue_.push_back(call);
  if (queue_.size() == 1) ServeNext();
}

void Server::Die() {
  alive_ = false;
  ++lives_;
  queue_.clear();
}

void Server::Return() {
  alive_ = true;
  warmed_by_ = 0;
}

double Server::Capacity() const {
  const double warmth =
      std::min(1.0, static_cast<double>(warmed_by_) /
                        static_cast<double>(std::max<int64_t>(1, model_.warm_up_calls)));
  return model_.cold_capacity + warmth * (model_.warm_capacity - model_.cold_capacity);
}

void Server::ServeNext() {
  time_.After(absl::Seconds(1) / Capacity(), [this, life = lives_] {
    if (life == lives_) Finish();
  });
}

void Server::Finish() {
  const int64_t call = queue_.front();
  queue_.pop_front();
  ++warmed_by_;
  if (!queue_.empty()) ServeNext();
  served_(call);
}

}  // namespace drill
