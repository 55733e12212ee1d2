// SPDX-License-Identifier: Apache-2.0
//
// For programs that fork and go on in the child, such as servers with worker processes. (A program
// that forks only to `exec` needs none of this.) A forked child has none of its parent's other
// threads: those of the library's own have to be stopped before, and started again after, in both
// processes.
//
//   fusebox::PrepareFork();
//   const pid_t child = fork();
//   fusebox::ResumeAfterFork();
//
// gRPC must not be running at the fork: it hasn't been used yet, or all its channels and servers
// are gone and `grpc_is_initialized()` is 0. docs/processes.md says more.
#ifndef FUSEBOX_FORK_H_
#define FUSEBOX_FORK_H_

#include <functional>
#include <memory>
#include <thread>

#include "fusebox/export.h"

namespace fusebox {

namespace internal {
class ForkHookList;
}  // namespace internal

// Stops the threads that the library has started (the one that connects channels, the one that asks
// servers whether they are well, a fault injector's, the admin service's, circuit health's, those
// of registries whose standing orders end, those that follow configuration files), and waits until
// they have ended.
//
// From here until the process has forked, no other thread may be inside a function of the
// library's: a lock that it held would be held in the child forever. Not to be called from a
// listener or any other function that the library calls, nor by two threads at the same time.
FUSEBOX_EXPORT void PrepareFork();

// Starts them again. To be called after each `PrepareFork`, by the same thread, in the parent and
// in the child. What the parent's fault injectors hold back is not the child's: there it is
// forgotten.
FUSEBOX_EXPORT void ResumeAfterFork();

// For what has a thread that must not run while the process forks: the last of its members, so that
// it is made after all that the functions use, and goes before it.
//
// Thread-safety: any thread may make or destroy one.
class FUSEBOX_EXPORT ForkHooks {
 public:
  // Tells the thread to end, and gives it away: `PrepareFork` waits for it. It may be no thread.
  using Stop = std::function<std::thread()>;
  // Starts it again, if there was one.
  using Start = std::function<void(bool in_child)>;

  ForkHooks(Stop stop, Start start);
  ForkHooks(const ForkHooks&) = delete;
  ForkHooks& operator=(const ForkHooks&) = delete;
  // Waits for one of the two that is running.
  ~ForkHooks();

 private:
  friend class internal::ForkHookList;
  struct Entry;

  const std::shared_ptr<Entry> entry_;
};

}  // namespace fusebox

#endif  // FUSEBOX_FORK_H_
