// SPDX-License-Identifier: Apache-2.0
//
// The WatchCircuits calls that are running.
#ifndef FUSEBOX_SRC_ADMIN_WATCHERS_H_
#define FUSEBOX_SRC_ADMIN_WATCHERS_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "src/admin/event_pump.h"
#include "src/admin/watch.h"

namespace fusebox {

// Thread-safe. Must outlive its calls.
class Watchers {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::WatchCircuitsResponse>;

  Watchers(WatchSource source, int max_watchers);
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;
  ~Watchers();

  // For a call that is over before it has begun.
  static Reactor* Refuse(const grpc::Status& status);

  // Serves one more, or refuses it.
  Reactor* Add(const v1::WatchCircuitsRequest& request);

 private:
  class Stream;

  void PumpAll();
  void Remove(const Stream* stream);

  const WatchSource source_;
  const std::size_t max_watchers_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Stream>> streams_;  // guarded by mutex_
  std::once_flag pump_started_;
  std::unique_ptr<EventPump> pump_;  // the last: it uses all of the above
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_WATCHERS_H_
