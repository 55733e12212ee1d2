// SPDX-License-Identifier: Apache-2.0
#include "interceptors/connector.h"

#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/random/random.h"
#include "absl/time/time.h"
#include "interceptors/deadline.h"

namespace fusebox::internal {
namespace {

// Between two attempts of a channel, give or take a quarter: many clients are not to come back to a
// server at the same moment.
constexpr absl::Duration kInterval = absl::Milliseconds(500);

// Between two attempts of any channels: who has hundreds that are down tries each less often.
constexpr absl::Duration kSpacing = absl::Milliseconds(5);

// After the last call that asked for it.
constexpr absl::Duration kPatience = absl::Seconds(60);

// For a channel that is asked for while others are being connected.
constexpr absl::Duration kLongestRound = absl::Milliseconds(50);

// A round looks at all channels: of hundreds, not each event is to lead to one.
constexpr absl::Duration kRoundPerChannel = absl::Microseconds(50);

// How long gRPC watches a channel once it was told to. That can't be ended sooner, so the thread
// takes as long to stop.
constexpr absl::Duration kWatch = absl::Milliseconds(200);

// There is nothing to be done for a channel in that state. SHUTDOWN is also what one says that has
// no connection, as to a server in this process: to watch such a one would abort.
bool IsDone(grpc_connectivity_state state) {
  return state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_SHUTDOWN;
}

}  // namespace

// What the thread does, as long as it runs.
class Connector::Rounds {
 public:
  Rounds() = default;
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  // Returns those of which nothing more is wanted.
  Channels Go(const Channels& channels, SteadyTime now) {
    Channels done;
    for (const auto& [key, wanted] : channels) {
      if (now - wanted.asked > kPatience || !LookAt(key, wanted, channels.size(), now)) {
        done.emplace(key, wanted);
        attempts_.erase(key);
      }
    }
    return done;
  }

  // Lets gRPC work on this thread until one of them has changed, at most until the next attempt.
  void Poll(SteadyTime now) {
    absl::Duration wait = kLongestRound;
    for (const auto& [key, attempts] : attempts_) wait = std::min(wait, attempts.next - now);
    const absl::Duration least = static_cast<int64_t>(attempts_.size()) * kRoundPerChannel;
    auto until = DeadlineAfter(std::max(wait, least));
    const auto enough = DeadlineAfter(least);
    void* key = nullptr;
    bool changed = false;
    while (queue_.AsyncNext(&key, &changed, until) == grpc::CompletionQueue::GOT_EVENT) {
      const auto found = attempts_.find(key);
      if (found != attempts_.end()) found->second.watched = false;
      until = enough;
    }
  }

  ~Rounds() {
    queue_.Shutdown();
    void* key = nullptr;
    bool changed = false;
    while (queue_.Next(&key, &changed)) {
    }
  }

 private:
  struct Attempts {
    SteadyTime next;
    bool watched = false;
  };

  bool LookAt(void* key, const Wanted& wanted, std::size_t count, SteadyTime now) {
    // This may become its last owner, which destroys it here.
    const std::shared_ptr<grpc::Channel> channel = wanted.channel.lock();
    if (channel == nullptr) return false;
    grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/false);
    if (IsDone(state)) return false;
    Attempts& attempts = attempts_.try_emplace(key, Attempts{now}).first->second;
    if (attempts.next <= now) {
      // It takes both: gRPC sits out its backoff unless that is reset, and an idle channel has to
      // be asked.
      grpc::experimental::ChannelResetConnectionBackoff(channel.get());
      channel->GetState(/*try_to_connect=*/true);
      const absl::Duration interval = std::max(kInterval, static_cast<int64_t>(count) * kSpacing);
      attempts.next = now + absl::Uniform(random_, 0.75, 1.25) * interval;
      state = channel->GetState(/*try_to_connect=*/false);
      if (IsDone(state)) return false;
    }
    if (!attempts.watched) {
      attempts.watched = true;
      channel->NotifyOnStateChange(state, DeadlineAfter(kWatch), &queue_, key);
    }
    return true;
  }

  grpc::CompletionQueue queue_;
  std::map<void*, Attempts> attempts_;
  absl::BitGen random_;
};

Connector& Connector::Get() {
  static auto* const kConnector = new Connector;
  return *kConnector;
}

Connector::Connector() : ProcessThread([] { Get().StopAtExit(); }) {}

void Connector::Connect(grpc::Channel& channel) {
  const SteadyTime now = Clock::Real().CoarseNow();
  MutexLock lock(mutex_);
  if (stopped_for_good()) return;
  Wanted& wanted = channels_[&channel];
  // An address may come back with another channel.
  if (wanted.channel.expired()) wanted.channel = channel.weak_from_this();
  wanted.asked = now;
  Wake();
}

void Connector::Work() {
  Rounds rounds;
  while (true) {
    const Channels channels = PresentChannels();
    if (channels.empty()) return;
    const SteadyTime now = Clock::Real().Now();
    Forget(rounds.Go(channels, now));
    rounds.Poll(now);
  }
}

Connector::Channels Connector::PresentChannels() {
  MutexLock lock(mutex_);
  return stopped() ? Channels() : channels_;
}

// Unless they have been asked for meanwhile.
void Connector::Forget(const Channels& done) {
  MutexLock lock(mutex_);
  for (const auto& [key, wanted] : done) {
    const auto found = channels_.find(key);
    if (found != channels_.end() && found->second.asked == wanted.asked) channels_.erase(found);
  }
}

}  // namespace fusebox::internal
