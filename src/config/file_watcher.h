// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_FILE_WATCHER_H_
#define FUSEBOX_SRC_CONFIG_FILE_WATCHER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "fusebox/fork.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

struct FileWatcherOptions {
  // The file is still when nothing has happened to it for so long; one that is written all the time
  // counts as still after `longest_wait`.
  absl::Duration still_for = absl::Milliseconds(100);
  absl::Duration longest_wait = absl::Seconds(2);

  // How often it is looked at where the kernel doesn't tell of changes.
  absl::Duration poll_interval = absl::Seconds(2);

  // And how often where it does, for what it doesn't tell of: a file system that is mounted over
  // the folder, another machine that writes to it.
  absl::Duration look_interval = absl::Seconds(30);

  // Asks the kernel for nothing.
  bool always_poll = false;

  // Where the kernel's notices come from; a test has it fail. Null: inotify_init1.
  int (*open_inotify)() = nullptr;
};

// Watches one file, through symbolic links: the folder of the file, of each link on the way to it,
// and those above, so that it notices whichever is replaced. Where something on the way is missing,
// the folder in which it is missing is watched until it comes. Reads nothing of the file, and never
// opens it.
//
// Thread-safe.
class FileWatcher {
 public:
  // `changed` is called on the watcher's thread when the file may have changed and is still; never
  // twice at the same time. What happens to the file from now on, and after such a call has begun,
  // leads to one more call; so does a fork.
  FileWatcher(const std::string& path, FileWatcherOptions options, std::function<void()> changed);
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Waits until `changed` has returned. Not to be called from it.
  ~FileWatcher();

  // From now on `changed` is called. False: the process can have no more threads. To be called
  // once.
  bool Start();

  // Whether the file is looked at every `poll_interval`, since the kernel doesn't tell of changes.
  bool polls() const { return polls_.load(std::memory_order_relaxed); }

 private:
  class Loop;

  bool Run(bool look_first) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::thread Stop();
  void Resume();

  const std::string path_;  // absolute
  const FileWatcherOptions options_;
  const std::function<void()> changed_;
  std::atomic<bool> polls_{false};  // relaxed: for whoever asks, of some moment

  Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Loop> loop_ ABSL_GUARDED_BY(mutex_);  // of the thread, or for it
  std::thread thread_ ABSL_GUARDED_BY(mutex_);          // it uses all of the above
  const ForkHooks fork_hooks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_FILE_WATCHER_H_
