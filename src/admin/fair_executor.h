// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_FAIR_EXECUTOR_H_
#define FUSEBOX_SRC_ADMIN_FAIR_EXECUTOR_H_

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "fusebox/fork.h"
#include "src/admin/caller.h"

namespace fusebox {

// One thread, for work that gRPC's own threads must not do, since others of the same server would
// wait for them. Callers take turns, a slice of work each, however much each of them asks for; and
// those who were let in by name have every other turn among themselves.
//
// Thread-safety: any thread may call any method, but for those that say otherwise.
class FairExecutor {
 public:
  // Some of the work, up to a millisecond or so. True if there is more of it.
  using Slice = std::function<bool()>;

  FairExecutor();
  FairExecutor(const FairExecutor&) = delete;
  FairExecutor& operator=(const FairExecutor&) = delete;

  // Waits for the slice that is running. What has not begun is dropped: whoever waits for it must
  // be gone.
  ~FairExecutor();

  // Has `slice` run, over and over while it says so. False, and nothing is done, if there is too
  // much of that caller's waiting, or of all who were not let in by name.
  bool Submit(const Caller& caller, Slice slice);

  // The same, but never refused: for work whose amount is bounded otherwise.
  void Post(const Caller& caller, Slice slice);

 private:
  struct Queue {
    std::deque<Slice> slices;
    bool listed = false;  // in its ring, or being served
  };
  // Those who were let in by name, or those who were not.
  struct Class {
    std::map<std::string, Queue> queues;  // by key
    std::deque<std::string> ring;         // the keys of those with slices, the next one first
    std::size_t waiting = 0;
  };

  // For a process that forks. The thread is told to end after the slice that is running, and given
  // away to be joined; until `Start` there is none, and what is submitted waits. What waits in the
  // parent is not the child's, and is forgotten there.
  std::thread Stop();
  void Start(bool in_child);

  bool Add(const Caller& caller, Slice slice, bool bounded);
  void StartLocked();
  void Loop();
  // The class whose turn it is; null if nothing waits.
  Class* NextClass();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by the mutex.
  std::array<Class, 2> classes_;
  std::size_t turn_ = 0;  // of which class it is
  bool stopped_ = false;
  bool suspended_ = false;
  std::thread thread_;  // from the first slice on
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_FAIR_EXECUTOR_H_
