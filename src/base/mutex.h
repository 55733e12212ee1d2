// SPDX-License-Identifier: Apache-2.0
//
// std::mutex with the annotations that clang's -Wthread-safety checks. Not absl::Mutex: Debian's
// abseil isn't built for ThreadSanitizer, which then reports races in correctly guarded code.
#ifndef FUSEBOX_SRC_BASE_MUTEX_H_
#define FUSEBOX_SRC_BASE_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace fusebox {

class ABSL_LOCKABLE Mutex {
 public:
  // It is never held for long: who has to wait is faster at trying again for a moment than at going
  // to sleep.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) return;
      Pause();
    }
    mutex_.lock();
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

  // Does nothing: tells the analysis, where it can't see it, that this thread holds the mutex.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  static constexpr int kTries = 100;

  static void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }

  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_BASE_MUTEX_H_
