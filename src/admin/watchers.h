// SPDX-License-Identifier: Apache-2.0
//
// The WatchCircuits calls that are running.
#ifndef FUSEBOX_SRC_ADMIN_WATCHERS_H_
#define FUSEBOX_SRC_ADMIN_WATCHERS_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>  // std::once_flag
#include <vector>

#include "absl/base/thread_annotations.h"
#include "fusebox/clock.h"
#include "src/admin/caller.h"
#include "src/admin/event_pump.h"
#include "src/admin/fair_executor.h"
#include "src/admin/watch.h"
#include "src/admin/watch_places.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Thread-safe. Must outlive its calls.
class Watchers {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::WatchCircuitsResponse>;

  // What there is to tell is looked for by the executor, which must outlive it. By `clock` it goes
  // how long a watcher takes for a message.
  Watchers(WatchSource source, int max_watchers, FairExecutor& executor,
           const Clock& clock = Clock::Real());
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;
  ~Watchers();

  // For a call that is over before it has begun.
  static Reactor* Refuse(const grpc::Status& status);

  // Serves one more, or refuses it.
  Reactor* Add(const Caller& caller, grpc::CallbackServerContext& context,
               const v1::WatchCircuitsRequest& request);

  // Hangs up on those who have not taken a message for a minute, or for a second if another has got
  // their place; as it does at every event and once a second. Returns on how many so far.
  int HangUpOnStalled();

 private:
  class Stream;

  std::vector<std::shared_ptr<Stream>> Streams();
  void PumpAll();
  void Remove(WatchPlaces::Id id);

  const WatchSource source_;
  const WatchSource strangers_source_;
  const std::size_t max_watchers_;
  FairExecutor& executor_;
  const Clock& clock_;
  // Relaxed: a count, by which nothing else is published.
  std::atomic<int> hung_up_{0};
  Mutex mutex_;
  WatchPlaces places_ ABSL_GUARDED_BY(mutex_);
  std::map<WatchPlaces::Id, std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::once_flag pump_started_;
  std::unique_ptr<EventPump> pump_;  // the last: it uses all of the above
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_WATCHERS_H_
