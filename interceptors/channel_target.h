// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_CHANNEL_TARGET_H_
#define FUSEBOX_INTERCEPTORS_CHANNEL_TARGET_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_interceptor.h>

#include <atomic>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// What `grpc::ClientContext::peer` gives for the calls of a channel that have no peer yet. It is
// learnt once, from the first call, since gRPC makes a string of it each time.
//
// Thread-safe.
class ChannelTarget {
 public:
  // To be told the channel of each call. A factory that serves several, as that of the whole
  // process does, has no target that could be known.
  void See(const grpc::ChannelInterface* channel) {
    // Relaxed: the pointer is only compared, and never followed.
    const grpc::ChannelInterface* seen = channel_.load(std::memory_order_relaxed);
    if (seen == channel) return;
    if (seen == nullptr &&
        channel_.compare_exchange_strong(seen, channel, std::memory_order_relaxed)) {
      return;
    }
    if (seen != channel) several_.store(true, std::memory_order_relaxed);
  }

  // To be told the context of each call that starts, before anything of it is sent.
  void Learn(const grpc::ClientContext& context) {
    if (known_.load(std::memory_order_relaxed)) return;
    std::call_once(once_, [&] {
      target_ = context.peer();
      known_.store(true, std::memory_order_release);
    });
  }

  // Empty if it isn't known.
  absl::string_view text() const {
    const bool known = known_.load(std::memory_order_acquire);  // and then target_ is written
    return known && !several_.load(std::memory_order_relaxed) ? absl::string_view(target_)
                                                              : absl::string_view();
  }

 private:
  std::atomic<const grpc::ChannelInterface*> channel_{nullptr};
  std::atomic<bool> several_{false};
  std::once_flag once_;
  std::atomic<bool> known_{false};
  std::string target_;  // written once, before known_
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_CHANNEL_TARGET_H_
