// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/load_generator.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "examples/shop_server.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/rejection_status.h"

namespace demo {

LoadGenerator::LoadGenerator(std::string client, const std::shared_ptr<grpc::Channel>& channel,
                             const Load& load)
    : client_(std::move(client)), load_(load), stub_(shop::Inventory::NewStub(channel)) {
  for (int i = 0; i < load_.workers; ++i) {
    workers_.emplace_back(&LoadGenerator::Work, this, load_.pace * i / load_.workers);
  }
}

LoadGenerator::~LoadGenerator() { Stop(); }

Tally LoadGenerator::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(tally_, Tally());
}

void LoadGenerator::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void LoadGenerator::Work(absl::Duration first_call_after) {
  const fusebox::Clock& clock = fusebox::Clock::Real();
  fusebox::SteadyTime next_call = clock.Now() + first_call_after;
  while (WaitFor(next_call - clock.Now())) {
    CallOnce();
    // A worker that was held up does not make up for it.
    next_call = std::max(next_call + load_.pace, clock.Now());
  }
}

void LoadGenerator::CallOnce() {
  const fusebox::Clock& clock = fusebox::Clock::Real();
  grpc::ClientContext context;
  context.AddMetadata(examples::kClientHeader, client_);
  context.set_deadline(absl::ToChronoTime(clock.WallNow() + load_.deadline));
  shop::ReserveRequest request;
  request.set_item("teapot");
  shop::ReserveReply reply;

  const fusebox::SteadyTime start = clock.Now();
  const grpc::Status status = stub_->Reserve(&context, request, &reply);
  const absl::Duration latency = clock.Now() - start;
  const bool rejected = fusebox::GetRejection(status).has_value();

  const std::lock_guard<std::mutex> lock(mutex_);
  ++(status.ok() ? tally_.ok : rejected ? tally_.rejected : tally_.failed);
  tally_.waited += latency;
  tally_.latencies.push_back(latency);
}

bool LoadGenerator::WaitFor(absl::Duration time) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !stopping_.wait_for(lock, absl::ToChronoNanoseconds(time), [this] { return stopped_; });
}

}  // namespace demo
