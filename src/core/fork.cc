// SPDX-License-Identifier: Apache-2.0
#include "fusebox/fork.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "src/base/mutex.h"

namespace fusebox {

using internal::ForkHookList;
using internal::Mutex;
using internal::MutexLock;

struct ForkHooks::Entry {
  Entry(Stop to_stop, Start to_start) : stop(std::move(to_stop)), start(std::move(to_start)) {}

  const Stop stop;
  const Start start;

  // Held while one of them runs.
  Mutex mutex;
  bool gone ABSL_GUARDED_BY(mutex) = false;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
};

namespace internal {

// All of them. Thread-safe.
class ForkHookList {
 public:
  using Entry = ForkHooks::Entry;

  void Add(std::shared_ptr<Entry> entry) {
    MutexLock lock(mutex_);
    entries_.push_back(std::move(entry));
  }

  void Remove(const std::shared_ptr<Entry>& entry) {
    MutexLock lock(mutex_);
    entries_.erase(std::remove(entries_.begin(), entries_.end(), entry), entries_.end());
  }

  void Stop() {
    std::vector<std::thread> threads;
    for (const std::shared_ptr<Entry>& entry : Entries()) {
      MutexLock lock(entry->mutex);
      if (entry->gone || entry->stopped) continue;
      entry->stopped = true;
      threads.push_back(entry->stop());
    }
    // With no lock held: one of them may be the last to use what it works for.
    for (std::thread& thread : threads) {
      if (thread.joinable()) thread.join();
    }
    parent_ = getpid();
  }

  void Start() {
    for (const std::shared_ptr<Entry>& entry : Entries()) {
      MutexLock lock(entry->mutex);
      if (!entry->gone && std::exchange(entry->stopped, false)) entry->start(getpid() != parent_);
    }
  }

 private:
  std::vector<std::shared_ptr<Entry>> Entries() {
    MutexLock lock(mutex_);
    return entries_;
  }

  Mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  pid_t parent_ = 0;  // the forking thread's
};

}  // namespace internal

namespace {

ForkHookList& AllHooks() {
  // Leaked on purpose: what has hooks may be a static object.
  static auto* const kAll = new ForkHookList;
  return *kAll;
}

}  // namespace

void PrepareFork() { AllHooks().Stop(); }
void ResumeAfterFork() { AllHooks().Start(); }

ForkHooks::ForkHooks(Stop stop, Start start)
    : entry_(std::make_shared<Entry>(std::move(stop), std::move(start))) {
  AllHooks().Add(entry_);
}

ForkHooks::~ForkHooks() {
  AllHooks().Remove(entry_);
  MutexLock lock(entry_->mutex);
  entry_->gone = true;
}

}  // namespace fusebox
