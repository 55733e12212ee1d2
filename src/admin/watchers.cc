// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watchers.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/admin/reasoned_status.h"

namespace fusebox::internal {
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

// One call. No lock is held while something is looked for, or written.
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
      MutexLock lock(mutex_);
      again_ = true;
      if (phase_ != Phase::kIdle) return;
      phase_ = Phase::kLooking;
    }
    PostSlice();
  }

  // Ends the call, if it is still running; if a message is on its way, after that.
  void Drop(const grpc::Status& why) { End(why); }

  // Ends the call, if what was written to it was not taken for too long.
  bool HangUpIfStalled(SteadyTime now) {
    {
      MutexLock lock(mutex_);
      if (phase_ != Phase::kWriting) return false;
      if (now - writing_since_ < (end_ ? kLongestLastWrite : kLongestWrite)) return false;
      if (!end_) {
        end_ = ReasonedStatus(
            AdminReason::kWatcherStalled,
            absl::StrCat("nothing was read for ", absl::FormatDuration(kLongestWrite)));
      }
      phase_ = Phase::kHangingUp;
    }
    context_.TryCancel();  // or the write would not end
    {
      MutexLock lock(mutex_);
      if (phase_ == Phase::kHangingUp) {
        phase_ = Phase::kHungUp;
        return true;
      }
      phase_ = Phase::kFinished;
    }
    Finish(end());
    return true;
  }

  void OnWriteDone(bool ok) override {
    response_.reset();  // it would keep its memory until the next one
    {
      MutexLock lock(mutex_);
      again_ = true;
      if (!ok && !end_) end_ = grpc::Status::CANCELLED;
      if (phase_ == Phase::kHangingUp) {
        phase_ = Phase::kWrittenMeanwhile;
        return;
      }
      phase_ = Phase::kLooking;
    }
    PostSlice();
  }

  void OnCancel() override { End(grpc::Status::CANCELLED); }

  void OnDone() override { watchers_.Remove(id_); }

 private:
  // What the call is doing, and who moves it on from there.
  //
  //   kIdle --Pump--> kLooking --found--> kWriting --OnWriteDone--> kLooking
  //                      |nothing            |HangUpIfStalled
  //                      v                   v
  //                   kIdle              kHangingUp --TryCancel returns--> kHungUp
  //                                          |OnWriteDone                     |OnWriteDone
  //                                          v                                v
  //                                  kWrittenMeanwhile                     kLooking
  //
  // One that is to end, since `end_` is set, finishes from kIdle at once; from kLooking, at its
  // next slice; from kWrittenMeanwhile, once TryCancel has returned.
  enum class Phase {
    kIdle,
    kLooking,           // a slice of the executor's is to come, or running
    kWriting,           // gRPC has the response
    kHangingUp,         // and another thread is in TryCancel: the call must not be over before that
    kHungUp,            // and that thread is out of it
    kWrittenMeanwhile,  // the write has ended while it's still in there
    kFinished,          // Finish was called, or is about to be
  };

  // What it ends with, once it is to end.
  grpc::Status end() {
    MutexLock lock(mutex_);
    return *end_;
  }

  // The first word on how it ends counts.
  void End(const grpc::Status& why) {
    {
      MutexLock lock(mutex_);
      if (!end_) end_ = why;
      if (phase_ != Phase::kIdle) return;  // who moves it on from there will see
      phase_ = Phase::kFinished;
    }
    Finish(end());
  }

  void PostSlice() {
    watchers_.executor_.Post(caller_, [self = shared_from_this()] { return self->Look(); });
  }

  // A slice, in kLooking: true if there is another one to come.
  bool Look() {
    if (!GoOn()) return false;
    response_.emplace();
    const Watch::Found found = watch_.Next(*response_);
    if (found == Watch::Found::kSomething) {
      {
        MutexLock lock(mutex_);
        phase_ = Phase::kWriting;
        writing_since_ = watchers_.clock_.Now();
      }
      StartWrite(&*response_);
      return false;  // OnWriteDone goes on
    }
    response_.reset();
    if (found == Watch::Found::kNothingYet) {
      MutexLock lock(mutex_);
      again_ = true;
    }
    return true;
  }

  // Whether there is something to look for. If not, the call is idle, or over.
  bool GoOn() {
    {
      MutexLock lock(mutex_);
      if (!end_) {
        if (std::exchange(again_, false)) return true;
        phase_ = Phase::kIdle;
        return false;
      }
      phase_ = Phase::kFinished;
    }
    Finish(end());
    return false;
  }

  Watchers& watchers_;
  const Caller caller_;
  grpc::CallbackServerContext& context_;  // lives until OnDone
  WatchPlaces::Id id_ = 0;

  // Whoever's that moves the call on; the response is gRPC's while it's being written.
  Watch watch_;
  std::optional<v1::WatchCircuitsResponse> response_;

  // Guarded. `end_` doesn't change any more once it is set.
  Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kIdle;
  bool again_ ABSL_GUARDED_BY(mutex_) = false;  // there may be something to write, as yet unseen
  SteadyTime writing_since_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
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
    MutexLock lock(mutex_);
    const std::optional<WatchPlaces::Taken> taken = places_.Take(caller);
    if (!taken) {
      return Refuse(ReasonedStatus(
          AdminReason::kTooManyWatchers,
          absl::StrCat("there are max_watchers = ", max_watchers_, " watchers already")));
    }
    stream->set_id(taken->id);
    streams_[taken->id] = stream;
    if (taken->evicted) evicted = streams_[*taken->evicted];
  }
  if (evicted != nullptr) {
    evicted->Drop(ReasonedStatus(AdminReason::kWatcherDisplaced,
                                 absl::StrCat("of max_watchers = ", max_watchers_,
                                              " places another caller has got this one")));
  }
  std::call_once(pump_started_, [this] {
    pump_ = std::make_unique<EventPump>(source_.registry, [this] { PumpAll(); });
  });
  stream->Pump();
  return stream.get();
}

std::vector<std::shared_ptr<Watchers::Stream>> Watchers::Streams() {
  std::vector<std::shared_ptr<Stream>> streams;
  MutexLock lock(mutex_);
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
  MutexLock lock(mutex_);
  places_.GiveBack(id);
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  removed = std::move(at->second);
  streams_.erase(at);
}

}  // namespace fusebox::internal
