// SPDX-License-Identifier: Apache-2.0
//
// Connects channels whose circuits wait for it (rule R20).
#ifndef FUSEBOX_INTERCEPTORS_CONNECTOR_H_
#define FUSEBOX_INTERCEPTORS_CONNECTOR_H_

#include <grpcpp/channel.h>

#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "fusebox/clock.h"
#include "interceptors/process_thread.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// A thread that has gRPC try again to connect, about twice a second for each channel, whatever
// gRPC's own backoff says; and that polls meanwhile, since a process of blocking stubs polls
// nothing between its calls, and would learn only seconds later that it is connected. It goes by
// the machine's clock, as gRPC does.
//
// The thread starts with the first channel and is idle while there is none to connect. A channel is
// forgotten once it is connected, once no call has asked for it for a minute, and with its last
// owner.
//
// Thread-safe. No lock is held while gRPC is called, which may call the application.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): there is none
class Connector final : private ProcessThread {
 public:
  // The process'. It is never destroyed: calls may come until the very end.
  static Connector& Get();

  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector() = delete;

  // Has that channel connected, or goes on with it. To be called by each call that needs it.
  void Connect(grpc::Channel& channel);

 private:
  class Rounds;

  struct Wanted {
    std::weak_ptr<grpc::Channel> channel;
    SteadyTime asked;  // for the last time
  };
  // By their addresses, which are only compared.
  using Channels = std::map<void*, Wanted>;

  Connector();

  bool HasWork() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !channels_.empty(); }
  void Work() override;
  void ForgetParentsWork() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { channels_.clear(); }

  // Of the thread. None: there is nothing more to do now.
  Channels PresentChannels();
  void Forget(const Channels& done);

  Channels channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_CONNECTOR_H_
