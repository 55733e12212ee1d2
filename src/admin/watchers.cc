// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watchers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fusebox {

// One call. Whoever finds it idle writes the next message, be it the pump or the thread that hears
// that the last one is written.
class Watchers::Stream : public Reactor {
 public:
  Stream(Watchers& watchers, Watch watch) : watchers_(watchers), watch_(std::move(watch)) {}

  // Nothing is to be done to it but by gRPC after it has begun to finish: it may be gone any time.
  void Pump() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (writing_ || finished_ || !watch_.Next(response_)) return;
      writing_ = true;
    }
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      writing_ = false;
      cancelled_ |= !ok;
    }
    if (!FinishIfCancelled()) Pump();
  }

  void OnCancel() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ = true;
    }
    FinishIfCancelled();
  }

  void OnDone() override { watchers_.Remove(this); }

 private:
  // Not while a write is out: its end comes back here.
  bool FinishIfCancelled() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!cancelled_) return false;
      if (writing_ || std::exchange(finished_, true)) return true;
    }
    Finish(grpc::Status::CANCELLED);
    return true;
  }

  Watchers& watchers_;
  v1::WatchCircuitsResponse response_;  // gRPC's while `writing_`
  std::mutex mutex_;
  Watch watch_;  // guarded by mutex_, and so the next three
  bool writing_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
};

Watchers::Watchers(WatchSource source, int max_watchers)
    : source_(std::move(source)), max_watchers_(static_cast<std::size_t>(max_watchers)) {}

Watchers::~Watchers() = default;

Watchers::Reactor* Watchers::Refuse(const grpc::Status& status) {
  class Refusal : public Reactor {
   public:
    explicit Refusal(const grpc::Status& why) { Finish(why); }
    void OnDone() override { delete this; }
  };
  return new Refusal(status);
}

Watchers::Reactor* Watchers::Add(const v1::WatchCircuitsRequest& request) {
  Watch watch(source_, request);
  if (grpc::Status status = watch.Start(); !status.ok()) return Refuse(status);
  const auto stream = std::make_shared<Stream>(*this, std::move(watch));
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (streams_.size() == max_watchers_) {
      return Refuse(
          {grpc::StatusCode::RESOURCE_EXHAUSTED,
           absl::StrCat("there are max_watchers = ", max_watchers_, " watchers already")});
    }
    streams_.push_back(stream);
  }
  std::call_once(pump_started_, [this] {
    pump_ = std::make_unique<EventPump>(source_.registry, [this] { PumpAll(); });
  });
  stream->Pump();
  return stream.get();
}

void Watchers::PumpAll() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    streams = streams_;
  }
  for (const auto& stream : streams) stream->Pump();
}

void Watchers::Remove(const Stream* stream) {
  std::shared_ptr<Stream> removed;  // destroyed after the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = std::find_if(streams_.begin(), streams_.end(),
                               [&](const auto& each) { return each.get() == stream; });
  if (at == streams_.end()) return;
  removed = std::move(*at);
  streams_.erase(at);
}

}  // namespace fusebox
