// SPDX-License-Identifier: Apache-2.0
#include "src/core/thread_index.h"

#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "src/base/mutex.h"

namespace fusebox {
namespace {

class IndexPool {
 public:
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

IndexPool& Pool() {
  // Leaked on purpose: threads may end while static objects are being destroyed.
  static auto* const kPool = new IndexPool;
  return *kPool;
}

struct GiveBackAtThreadEnd {
  GiveBackAtThreadEnd() = default;
  GiveBackAtThreadEnd(const GiveBackAtThreadEnd&) = delete;
  GiveBackAtThreadEnd& operator=(const GiveBackAtThreadEnd&) = delete;
  ~GiveBackAtThreadEnd() {
    // A number taken anew would never be given back.
    Pool().GiveBack(std::exchange(t_thread_index, kEndingThreadIndex));
  }
};

}  // namespace

int TakeThreadIndex() {
  t_thread_index = Pool().Take();
  thread_local GiveBackAtThreadEnd give_back;
  static_cast<void>(give_back);
  return t_thread_index;
}

}  // namespace fusebox
