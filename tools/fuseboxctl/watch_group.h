// SPDX-License-Identifier: Apache-2.0
//
// WatchCircuits at many endpoints, each for as long as it takes.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_WATCH_GROUP_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_WATCH_GROUP_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "fusebox/v1/admin.pb.h"
#include "src/base/mutex.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/interrupt.h"

namespace fuseboxctl {

// Hears what the endpoints say, never two things at once. `index` is the endpoint's place in the
// group.
class WatchListener {
 public:
  enum class Next { kGoOn, kStartAnew };

  virtual ~WatchListener() = default;

  // kStartAnew: forgets the resume point, and asks for all circuits again.
  virtual Next OnMessage(std::size_t index, const fusebox::v1::WatchCircuitsResponse& message) = 0;

  // The stream has broken. It is tried again in `retry_in`; absent: never.
  virtual void OnBroken(std::size_t index, const grpc::Status& status,
                        std::optional<absl::Duration> retry_in) = 0;
};

// Watches, reconnects after a while that grows from half a second to ten, and goes on where it was.
class WatchGroup {
 public:
  enum class End { kDone, kInterrupted, kTimedOut, kAllGaveUp };

  // What is given must outlive it.
  WatchGroup(std::vector<const Endpoint*> endpoints, fusebox::v1::CircuitFilter filter,
             WatchListener& listener, Interrupt& interrupt);
  WatchGroup(const WatchGroup&) = delete;
  WatchGroup& operator=(const WatchGroup&) = delete;
  ~WatchGroup();

  // Until `done` says so, which is asked after each message, with nothing else being heard.
  End Run(const std::function<bool()>& done, absl::Duration timeout);

 private:
  struct Stream;

  void Watch(std::size_t index);
  // One connection's life; what it ended with.
  grpc::Status Follow(std::size_t index, bool& heard, bool& anew);
  // False: the group has been stopped meanwhile.
  bool Pause(absl::Duration duration);
  void Stop();

  const std::vector<const Endpoint*> endpoints_;
  const fusebox::v1::CircuitFilter filter_;
  WatchListener& listener_;
  Interrupt& interrupt_;

  fusebox::internal::Mutex mutex_;
  fusebox::internal::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  std::size_t gave_up_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_WATCH_GROUP_H_
