// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/watch_group.h"

#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <utility>

namespace fuseboxctl {
namespace {

using fusebox::v1::WatchCircuitsRequest;
using fusebox::v1::WatchCircuitsResponse;

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(500);
constexpr absl::Duration kLongestBackoff = absl::Seconds(10);

// What asking again won't change.
bool IsForGood(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNIMPLEMENTED:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct WatchGroup::Stream {
  std::unique_ptr<grpc::ClientContext> context;
  std::optional<fusebox::v1::ResumePoint> resume;
};

WatchGroup::WatchGroup(std::vector<const Endpoint*> endpoints, fusebox::v1::CircuitFilter filter,
                       WatchListener& listener, Interrupt& interrupt)
    : endpoints_(std::move(endpoints)),
      filter_(std::move(filter)),
      listener_(listener),
      interrupt_(interrupt) {
  for (std::size_t i = 0; i < endpoints_.size(); ++i)
    streams_.push_back(std::make_unique<Stream>());
}

WatchGroup::~WatchGroup() { Stop(); }

WatchGroup::End WatchGroup::Run(const std::function<bool()>& done, absl::Duration timeout) {
  interrupt_.SetHandler([this] {
    const fusebox::internal::MutexLock lock(mutex_);
    interrupted_ = true;
    changed_.NotifyAll();
  });
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    threads_.emplace_back([this, i] { Watch(i); });
  }
  End end = End::kTimedOut;
  {
    const fusebox::internal::MutexLock lock(mutex_);
    const auto ended = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      if (done()) {
        end = End::kDone;
      } else if (interrupted_) {
        end = End::kInterrupted;
      } else if (gave_up_ == endpoints_.size()) {
        end = End::kAllGaveUp;
      } else {
        return false;
      }
      return true;
    };
    changed_.WaitFor(mutex_, timeout, ended);
  }
  interrupt_.SetHandler(nullptr);
  Stop();
  return end;
}

void WatchGroup::Watch(std::size_t index) {
  absl::Duration backoff = kFirstBackoff;
  while (true) {
    bool heard = false;
    bool anew = false;
    const grpc::Status status = Follow(index, heard, anew);
    if (heard) backoff = kFirstBackoff;
    {
      const fusebox::internal::MutexLock lock(mutex_);
      if (stopped_) return;
      if (anew) continue;
      const bool for_good = IsForGood(status.error_code());
      listener_.OnBroken(index, status, for_good ? std::nullopt : std::optional(backoff));
      if (for_good) gave_up_ += 1;
      changed_.NotifyAll();
      if (for_good) return;
    }
    if (!Pause(backoff)) return;
    backoff = std::min(backoff * 2, kLongestBackoff);
  }
}

grpc::Status WatchGroup::Follow(std::size_t index, bool& heard, bool& anew) {
  const Endpoint& endpoint = *endpoints_[index];
  if (!endpoint.reachable().ok()) return endpoint.reachable();
  Stream* stream = nullptr;
  WatchCircuitsRequest request;
  *request.mutable_filter() = filter_;
  {
    const fusebox::internal::MutexLock lock(mutex_);
    if (stopped_) return grpc::Status::CANCELLED;
    stream = streams_[index].get();
    stream->context = std::make_unique<grpc::ClientContext>();
    if (stream->resume) *request.mutable_resume() = *stream->resume;
  }
  endpoint.Prepare(*stream->context);
  const auto reader = endpoint.stub().WatchCircuits(stream->context.get(), request);
  WatchCircuitsResponse message;
  while (reader->Read(&message)) {
    const fusebox::internal::MutexLock lock(mutex_);
    if (stopped_ || anew) continue;  // until the cancellation is through
    heard = true;
    if (message.has_resume()) stream->resume = message.resume();
    if (listener_.OnMessage(index, message) == WatchListener::Next::kStartAnew) {
      anew = true;
      stream->resume.reset();
      stream->context->TryCancel();
    }
    changed_.NotifyAll();
  }
  grpc::Status status = reader->Finish();
  if (status.ok()) status = {grpc::StatusCode::UNAVAILABLE, "the server ended the stream"};
  return status;
}

bool WatchGroup::Pause(absl::Duration duration) {
  const fusebox::internal::MutexLock lock(mutex_);
  return !changed_.WaitFor(mutex_, duration,
                           [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_; });
}

void WatchGroup::Stop() {
  {
    const fusebox::internal::MutexLock lock(mutex_);
    stopped_ = true;
    for (const std::unique_ptr<Stream>& stream : streams_) {
      if (stream->context != nullptr) stream->context->TryCancel();
    }
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace fuseboxctl
