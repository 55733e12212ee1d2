// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watchers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fusebox {

// One call. Whoever finds it idle is busy with it until there is nothing more to write: the pump,
// or the thread that hears that a message is written. No lock is held meanwhile.
class Watchers::Stream : public Reactor {
 public:
  Stream(Watchers& watchers, Watch watch) : watchers_(watchers), watch_(std::move(watch)) {}

  // There may be something to write.
  void Pump() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (finished_) return;
      again_ = true;
      if (std::exchange(busy_, true)) return;
    }
    WriteNext();
  }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ |= !ok;
      again_ = true;
    }
    WriteNext();
  }

  void OnCancel() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ = true;
      // Who is busy with it will see.
      if (busy_ || std::exchange(finished_, true)) return;
    }
    Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { watchers_.Remove(this); }

 private:
  // For who is busy with it.
  void WriteNext() {
    while (true) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (cancelled_) {
          finished_ = true;
          break;
        }
        busy_ = std::exchange(again_, false);
        if (!busy_) return;
      }
      if (watch_.Next(response_)) {
        StartWrite(&response_);
        return;  // OnWriteDone goes on
      }
    }
    Finish(grpc::Status::CANCELLED);
  }

  Watchers& watchers_;

  // Whoever's that is busy; the response is gRPC's while it's being written.
  Watch watch_;
  v1::WatchCircuitsResponse response_;

  // Guarded by the mutex.
  std::mutex mutex_;
  bool busy_ = false;
  bool again_ = false;  // there may be something to write that isn't seen yet
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
