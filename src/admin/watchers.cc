// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watchers.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace fusebox {
namespace {

// How long a message may wait for its reader. Until then it holds the message; longer, and it can
// come again, and be told what it has missed.
constexpr absl::Duration kLongestWrite = absl::Minutes(1);

// And of a call that is to end: who reads is told why, in place of a bare CANCELLED.
constexpr absl::Duration kLongestLastWrite = absl::Seconds(1);

WatchSource ForStrangers(WatchSource source) {
  source.disclosure = source.disclosure_to_strangers;
  return source;
}

}  // namespace

// One call. It is idle, or it is busy: a slice of the executor's looks for what there is to tell,
// or a message is being written. No lock is held meanwhile.
class Watchers::Stream : public Reactor, public std::enable_shared_from_this<Stream> {
 public:
  Stream(Watchers& watchers, Caller caller, grpc::CallbackServerContext& context, Watch watch)
      : watchers_(watchers),
        caller_(std::move(caller)),
        context_(context),
        watch_(std::move(watch)) {}

  void set_id(WatchPlaces::Id id) { id_ = id; }

  // There may be something to write.
  void Pump() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (finished_) return;
      again_ = true;
      if (std::exchange(busy_, true)) return;
    }
    PostSlice();
  }

  // Ends the call, if it is still running; if a message is on its way, after that.
  void Drop(const grpc::Status& why) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (cancelled_) return;
      cancelled_ = true;
      end_ = why;
      if (busy_) return;  // who is busy with it will see
      finished_ = true;
    }
    Finish(why);
  }

  // Ends the call, if what was written to it was not taken for too long.
  bool HangUpIfStalled(SteadyTime now) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!writing_since_ || hung_up_) return false;
      const absl::Duration longest = cancelled_ ? kLongestLastWrite : kLongestWrite;
      if (now - *writing_since_ < longest) return false;
      if (!cancelled_) {
        end_ = {grpc::StatusCode::RESOURCE_EXHAUSTED,
                absl::StrCat("nothing was read for ", absl::FormatDuration(kLongestWrite))};
      }
      cancelled_ = true;
      hung_up_ = true;
      pinned_ = true;  // the call isn't over before this is
    }
    context_.TryCancel();  // or the write would not end
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      pinned_ = false;
      if (!finished_) return true;
    }
    Finish(end_);
    return true;
  }

  void OnWriteDone(bool ok) override {
    response_.reset();  // it would keep its memory until the next one
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      writing_since_.reset();
      cancelled_ |= !ok;
      again_ = true;
    }
    PostSlice();
  }

  void OnCancel() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ = true;
      // Who is busy with it will see.
      if (busy_ || std::exchange(finished_, true)) return;
    }
    Finish(end_);
  }

  void OnDone() override { watchers_.Remove(id_); }

 private:
  void PostSlice() {
    watchers_.executor_.Post(caller_, [self = shared_from_this()] { return self->Look(); });
  }

  // A slice, for who is busy with it: true if there is another one to come.
  bool Look() {
    bool over = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      over = cancelled_;
      if (over) {
        finished_ = true;
        if (pinned_) return false;  // who pins it finishes it
      } else {
        busy_ = std::exchange(again_, false);
        if (!busy_) return false;
      }
    }
    if (over) {
      Finish(end_);
      return false;
    }
    response_.emplace();
    const Watch::Found found = watch_.Next(*response_);
    if (found == Watch::Found::kSomething) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        writing_since_ = watchers_.clock_.Now();
      }
      StartWrite(&*response_);
      return false;  // OnWriteDone goes on
    }
    response_.reset();
    if (found == Watch::Found::kNothingYet) {
      const std::lock_guard<std::mutex> lock(mutex_);
      again_ = true;
    }
    return true;
  }

  Watchers& watchers_;
  const Caller caller_;
  grpc::CallbackServerContext& context_;  // lives until OnDone
  WatchPlaces::Id id_ = 0;

  // Whoever's that is busy; the response is gRPC's while it's being written.
  Watch watch_;
  std::optional<v1::WatchCircuitsResponse> response_;

  // Guarded by the mutex. `finished_` and `end_` don't change any more once that is set.
  std::mutex mutex_;
  bool busy_ = false;
  bool again_ = false;  // there may be something to write that isn't seen yet
  std::optional<SteadyTime> writing_since_;
  bool cancelled_ = false;
  bool hung_up_ = false;
  bool pinned_ = false;  // whoever hangs up still needs the call's context
  bool finished_ = false;
  grpc::Status end_ = grpc::Status::CANCELLED;
};

Watchers::Watchers(WatchSource source, int max_watchers, FairExecutor& executor, const Clock& clock)
    : source_(std::move(source)),
      strangers_source_(ForStrangers(source_)),
      max_watchers_(static_cast<std::size_t>(max_watchers)),
      executor_(executor),
      clock_(clock),
      places_(max_watchers_) {}

Watchers::~Watchers() = default;

Watchers::Reactor* Watchers::Refuse(const grpc::Status& status) {
  class Refusal : public Reactor {
   public:
    explicit Refusal(const grpc::Status& why) { Finish(why); }
    void OnDone() override { delete this; }
  };
  return new Refusal(status);
}

Watchers::Reactor* Watchers::Add(const Caller& caller, grpc::CallbackServerContext& context,
                                 const v1::WatchCircuitsRequest& request) {
  Watch watch(caller.authorised ? source_ : strangers_source_, request);
  if (grpc::Status status = watch.Start(); !status.ok()) return Refuse(status);
  const auto stream = std::make_shared<Stream>(*this, caller, context, std::move(watch));
  std::shared_ptr<Stream> evicted;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::optional<WatchPlaces::Taken> taken = places_.Take(caller);
    if (!taken) {
      return Refuse(
          {grpc::StatusCode::RESOURCE_EXHAUSTED,
           absl::StrCat("there are max_watchers = ", max_watchers_, " watchers already")});
    }
    stream->set_id(taken->id);
    streams_[taken->id] = stream;
    if (taken->evicted) evicted = streams_[*taken->evicted];
  }
  if (evicted != nullptr) {
    evicted->Drop({grpc::StatusCode::RESOURCE_EXHAUSTED,
                   absl::StrCat("of max_watchers = ", max_watchers_,
                                " places another caller has got this one")});
  }
  std::call_once(pump_started_, [this] {
    pump_ = std::make_unique<EventPump>(source_.registry, [this] { PumpAll(); });
  });
  stream->Pump();
  return stream.get();
}

std::vector<std::shared_ptr<Watchers::Stream>> Watchers::Streams() {
  std::vector<std::shared_ptr<Stream>> streams;
  const std::lock_guard<std::mutex> lock(mutex_);
  streams.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) streams.push_back(stream);
  return streams;
}

void Watchers::PumpAll() {
  HangUpOnStalled();
  for (const auto& stream : Streams()) stream->Pump();
}

int Watchers::HangUpOnStalled() {
  const SteadyTime now = clock_.Now();
  for (const auto& stream : Streams()) {
    if (stream->HangUpIfStalled(now)) hung_up_.fetch_add(1, std::memory_order_relaxed);
  }
  return hung_up_.load(std::memory_order_relaxed);
}

void Watchers::Remove(WatchPlaces::Id id) {
  std::shared_ptr<Stream> removed;  // destroyed after the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  places_.GiveBack(id);
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  removed = std::move(at->second);
  streams_.erase(at);
}

}  // namespace fusebox
