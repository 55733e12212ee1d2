// SPDX-License-Identifier: Apache-2.0
//
// One client under load: workers that call the shop, each at its own steady pace, as the threads of
// a web server would. A worker whose call hangs makes no other call meanwhile: that is the pile-up
// which a circuit breaker is there to prevent.
#ifndef FUSEBOX_EXAMPLES_DEMO_LOAD_GENERATOR_H_
#define FUSEBOX_EXAMPLES_DEMO_LOAD_GENERATOR_H_

#include <grpcpp/channel.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "examples/demo/tally.h"
#include "shop.grpc.pb.h"

namespace demo {

struct Load {
  int workers = 8;
  absl::Duration pace = absl::Milliseconds(50);       // of each worker: one call in that time
  absl::Duration deadline = absl::Milliseconds(500);  // of each call
};

// Thread-safety: of one thread.
class LoadGenerator {
 public:
  // Starts calling. `client` is the name that the server counts its calls under.
  LoadGenerator(std::string client, const std::shared_ptr<grpc::Channel>& channel,
                const Load& load);
  LoadGenerator(const LoadGenerator&) = delete;
  LoadGenerator& operator=(const LoadGenerator&) = delete;
  ~LoadGenerator();

  // The calls that have ended since it was last asked.
  Tally Take();

  // Returns when no call is out any more.
  void Stop();

 private:
  void Work(absl::Duration first_call_after);
  void CallOnce();

  // Waits until that time. False if it is stopped before.
  bool WaitFor(absl::Duration time);

  const std::string client_;
  const Load load_;
  const std::unique_ptr<shop::Inventory::Stub> stub_;

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;  // guarded by mutex_
  Tally tally_;           // guarded by mutex_

  std::vector<std::thread> workers_;
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_LOAD_GENERATOR_H_
