// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_FAIR_EXECUTOR_H_
#define FUSEBOX_SRC_ADMIN_FAIR_EXECUTOR_H_

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "fusebox/fork.h"
#include "src/admin/caller.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// One thread, for work that gRPC's own threads must not do, since others of the same server would
// wait for them. Callers take turns, a slice of work each, however much each of them asks for; and
// those who were let in by name have every other turn among themselves. Of a caller's turns, every
// other one is for what it has asked for, and the others for what is told to it unasked.
//
// Thread-safety: any thread may call any method, except for those that say otherwise.
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

  // Called on the thread of whoever submits something else.
  using Dropped = std::function<void()>;

  // Has a request's `slice` run, over and over while it says so. False, and nothing is done, if too
  // many of that caller's are waiting; or too many of all who were not let in by name, and nobody
  // among them has two more than that caller. If somebody has, the newest of whoever has most is
  // dropped for it: `dropped` is called in place of its slice.
  bool Submit(const Caller& caller, Slice slice, Dropped dropped);

  // The same of work that is no request and whose amount is bounded otherwise: it is neither
  // counted nor refused, and keeps no request from being taken.
  void Post(const Caller& caller, Slice slice);

 private:
  struct Request {
    Slice slice;
    Dropped dropped;
  };
  // What is waiting of one caller's.
  struct Queue {
    std::deque<Request> requests;
    std::deque<Slice> posted;
    bool posted_is_next = false;  // if there is something of either kind
    bool listed = false;          // in its ring, or being served
  };
  // Those who were let in by name, or those who were not.
  struct Class {
    std::map<std::string, Queue> queues;  // by key
    std::deque<std::string> ring;         // the keys of those with slices, the next one first
    std::size_t requests = 0;             // of all of them
    std::set<std::pair<std::size_t, std::string>> by_requests;  // how many each has that has some
  };

  // For a process that forks. The thread is told to end after the slice that is running, and given
  // away to be joined; until `Start` there is none, and what is submitted waits. What waits in the
  // parent is not the child's, and is forgotten there.
  std::thread Stop();
  void Start(bool in_child);

  // Keeps count of a caller's requests.
  static void Recount(Class& its_class, const std::string& key, std::size_t before,
                      std::size_t now);
  // The newest of whoever has most, taken off for a caller who has `has`. Empty if nobody has two
  // more than that.
  static std::optional<Request> TakeOfWhoHasMost(Class& its_class, std::size_t has);
  static void List(Class& its_class, const std::string& key, Queue& queue);
  void StartLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();
  // The class whose turn it is; null if nothing waits.
  Class* NextClass() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs a slice of what the class has first, without the lock.
  void RunNextOf(Class& its_class) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::array<Class, 2> classes_ ABSL_GUARDED_BY(mutex_);
  std::size_t turn_ ABSL_GUARDED_BY(mutex_) = 0;  // of which class it is
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool suspended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);  // from the first slice on
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_FAIR_EXECUTOR_H_
