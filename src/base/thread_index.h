// SPDX-License-Identifier: Apache-2.0
//
// Small numbers for threads, so that each can have counters of its own.
#ifndef FUSEBOX_SRC_BASE_THREAD_INDEX_H_
#define FUSEBOX_SRC_BASE_THREAD_INDEX_H_

#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/thread_annotations.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// The number of the calling thread: the smallest that no living thread has, from 0 on. It is free
// again when the thread ends; whoever gets it next sees all that its last holder wrote. After that,
// in destructors of its other thread-local objects and, on the main thread, of static objects, a
// thread is kEndingThreadIndex, as are all others that end.
int ThreadIndex();
inline constexpr int kEndingThreadIndex = std::numeric_limits<int>::max();

// How `ThreadIndex` finds it: no construction to check for, and no call.
inline constexpr int kNoThreadIndex = -1;
inline thread_local int t_thread_index = kNoThreadIndex;

class ThreadIndexPool {
 public:
  static ThreadIndexPool& Get() {
    // Leaked on purpose: threads may end while static objects are being destroyed.
    static auto* const kPool = new ThreadIndexPool;
    return *kPool;
  }

  int Take() {
    MutexLock lock(mutex_);
    if (free_.empty()) return next_++;
    const int index = free_.top();
    free_.pop();
    return index;
  }

  void GiveBack(int index) {
    MutexLock lock(mutex_);
    free_.push(index);
  }

 private:
  Mutex mutex_;
  int next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::priority_queue<int, std::vector<int>, std::greater<>> free_ ABSL_GUARDED_BY(mutex_);
};

struct GiveBackThreadIndex {
  GiveBackThreadIndex() = default;
  GiveBackThreadIndex(const GiveBackThreadIndex&) = delete;
  GiveBackThreadIndex& operator=(const GiveBackThreadIndex&) = delete;
  ~GiveBackThreadIndex() {
    // A number taken anew would never be given back.
    ThreadIndexPool::Get().GiveBack(std::exchange(t_thread_index, kEndingThreadIndex));
  }
};

// Once for each thread.
ABSL_ATTRIBUTE_NOINLINE inline int TakeThreadIndex() {
  t_thread_index = ThreadIndexPool::Get().Take();
  thread_local GiveBackThreadIndex give_back;
  static_cast<void>(give_back);
  return t_thread_index;
}

inline int ThreadIndex() {
  const int index = t_thread_index;
  return index != kNoThreadIndex ? index : TakeThreadIndex();
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_THREAD_INDEX_H_
